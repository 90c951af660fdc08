//! A master becomes a song and a job.

use std::sync::Arc;

use catalogue::{Catalogue, CatalogueError, Name, NewSong, ReleaseYear, Song};
use media::UserId;
use origin::Object;
use tokio::sync::Notify;

use crate::publish::{self, PublishError};
use crate::received::Received;
use crate::shelf::Shelf;
use crate::workshop::Workshop;

const UNKNOWN_ARTIST: &str = "Unknown artist";
const UNTITLED: &str = "Untitled";

/// Where masters are taken in. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Intake {
    pub(crate) catalogue: Catalogue,
    pub(crate) shelf: Shelf,
    pub(crate) workshop: Workshop,
    pub(crate) limit: u64,
    pub(crate) wake: Arc<Notify>,
}

/// What is said about a master beside its bytes.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// The song's title; the file's name without its extension where nobody said one.
    pub title: Option<Name>,
    /// Who made it.
    pub artist: Option<Name>,
    /// Where it belongs.
    pub album: Option<Name>,
    /// Whom the album is filed under, where that is somebody else than the song's artist.
    pub album_artist: Option<Name>,
    /// What kind of music it is.
    pub genre: Option<Name>,
    /// When it came out.
    pub release_year: Option<ReleaseYear>,
    /// What the file was called.
    pub file_name: Option<String>,
}

/// Why a master was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It could not be stored.
    #[error("the master could not be stored")]
    Publish(#[from] PublishError),
    /// The catalogue refused.
    #[error("the catalogue failed")]
    Catalogue(#[from] CatalogueError),
}

impl Intake {
    /// An intake of masters of up to `limit` bytes.
    #[must_use]
    pub fn new(catalogue: Catalogue, shelf: Shelf, workshop: Workshop, limit: u64) -> Self {
        Self { catalogue, shelf, workshop, limit, wake: Arc::new(Notify::new()) }
    }

    /// Where arriving bytes are put.
    #[must_use]
    pub fn workshop(&self) -> &Workshop {
        &self.workshop
    }

    /// Stores the master by its content, then accepts song and job in one transaction. When this
    /// returns, neither a crash nor the loss of power undoes it.
    ///
    /// # Errors
    /// The store or the catalogue failed. The master may be stored then, but no song refers to it.
    pub async fn accept(
        &self,
        received: Received,
        details: Details,
        uploader: UserId,
    ) -> Result<Song, IntakeError> {
        let master = Object::Master(received.hash());
        // Put even where it is stored already: a copy that went bad on disk is thereby mended.
        publish::put_file(&self.shelf, received.path(), &master).await?;
        let song = self.catalogue.songs().accept(&details.into_song(&received, uploader)).await?;
        self.wake.notify_one();
        tracing::info!(song = %song.id, master = %received.hash(), size = received.size(), "accepted");
        Ok(song)
    }
}

impl Details {
    fn into_song(self, received: &Received, uploader: UserId) -> NewSong {
        let file_name = self.file_name.as_deref().unwrap_or_default();
        NewSong {
            title: self.title.unwrap_or_else(|| title_of(file_name)),
            artist: self.artist.unwrap_or_else(|| Name::nearest(UNKNOWN_ARTIST, UNKNOWN_ARTIST)),
            album: self.album,
            album_artist: self.album_artist,
            genre: self.genre,
            release_year: self.release_year,
            master: received.hash(),
            file_name: Name::nearest(last_part(file_name), UNTITLED),
            uploader,
        }
    }
}

/// The name of a file without its folders, whichever way they are written, and its extension.
fn title_of(file_name: &str) -> Name {
    let name = last_part(file_name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    Name::nearest(if stem.is_empty() { name } else { stem }, UNTITLED)
}

fn last_part(file_name: &str) -> &str {
    file_name.rsplit(['/', '\\']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_files_stem() {
        for (file, title) in [
            ("Song.flac", "Song"),
            ("My.Song.v2.wav", "My.Song.v2"),
            ("C:\\music\\Song.flac", "Song"),
            ("../../etc/passwd", "passwd"),
            (".flac", ".flac"),
            ("", "Untitled"),
            ("a/", "Untitled"),
        ] {
            assert_eq!(title_of(file).as_str(), title, "{file:?}");
        }
    }
}
