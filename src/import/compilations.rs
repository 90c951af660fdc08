//! Albums on which several artists play, where no tag says who they are filed under: their songs
//! stay together.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use transcode::{MasterReader, Tags};

use crate::details::Details;
use crate::names::{album_artist, spelt_alike};
use crate::stop::Stop;

/// Finds out who albums are filed under. A folder is read once, and whole, whichever of its files
/// are uploaded: a run that goes on where another was interrupted says the same.
#[derive(Debug, Default)]
pub(super) struct Compilations(Mutex<HashMap<PathBuf, Arc<OnceLock<Vec<Tags>>>>>);

impl Compilations {
    /// The artist that the album of `file` is filed under, where that is somebody else than the song's and its own tags do
    /// not say so. Ends the work of this thread where we are told to stop meanwhile.
    pub(super) fn filed_under(
        &self,
        reader: &MasterReader,
        file: &Path,
        details: &Details,
        stop: &Stop,
    ) -> Option<String> {
        let tags = details.over(reader.tags(file));
        let (None, Some(album)) = (&tags.album_artist, &tags.album) else { return None };
        let folder = file.parent().unwrap_or(Path::new(""));
        let beside = self.songs_in(reader, folder, details, stop);
        let of_album = beside.iter().filter(|it| is_of(it, album));
        album_artist(of_album).filter(|it| tags.lead() != Some(it))
    }

    fn songs_in(
        &self,
        reader: &MasterReader,
        folder: &Path,
        details: &Details,
        stop: &Stop,
    ) -> Vec<Tags> {
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let songs = Arc::clone(folders.entry(folder.to_path_buf()).or_default());
        drop(folders);
        songs.get_or_init(|| read(reader, folder, details, stop)).clone()
    }
}

fn is_of(tags: &Tags, album: &str) -> bool {
    tags.album.as_ref().is_some_and(|it| spelt_alike(it) == spelt_alike(album))
}

/// The tags of what lies in the folder, as far as they name an album.
fn read(reader: &MasterReader, folder: &Path, details: &Details, stop: &Stop) -> Vec<Tags> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    // Whose spelling is taken is not left to the file system.
    files.sort();
    let files = files.iter().filter(|path| path.is_file()).map(|path| {
        stop.check();
        reader.tags(path)
    });
    let songs = files.filter(|tags| *tags != Tags::default()).map(|tags| details.over(tags));
    songs.filter(|tags| tags.album.is_some()).collect()
}
