//! The folder that one version is written into before it is published.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use media::asset::ObjectAsset;
use origin::SongFile;

use crate::object_hash::ObjectHash;
use crate::publish_order;

/// A version's files while they come into being. Clones write into the same folder, and several
/// threads may write at once: each file by one of them.
///
/// Every byte is hashed and counted on its way to the disk, so that `asset.json` needs no second
/// pass.
///
/// Nothing is synced while files are written: six renditions would wait for the disk hundreds of
/// times. Whoever publishes by renaming the folder calls [`sync_tree`] first; whoever
/// uploads from it need not, since a job that lost power starts over.
#[derive(Debug, Clone)]
pub struct WorkFolder {
    root: Arc<Path>,
    objects: Arc<Mutex<Vec<(SongFile, ObjectAsset)>>>,
}

impl WorkFolder {
    /// Creates the folder, with its parents.
    ///
    /// # Errors
    /// What the file system said; [`io::ErrorKind::AlreadyExists`] where something is there: files
    /// of an earlier run would be published unseen.
    pub fn create(path: &Path) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::create_dir(path)?;
        Ok(Self { root: path.into(), objects: Arc::default() })
    }

    /// Where the files are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Opens a new file to be streamed into. It counts once [`WorkFile::finish`] was called.
    ///
    /// # Errors
    /// What the file system said; [`io::ErrorKind::AlreadyExists`] where the file was written before.
    pub fn file(&self, file: SongFile) -> io::Result<WorkFile> {
        let path = self.root.join(file.to_string());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let out = BufWriter::with_capacity(1 << 16, File::create_new(path)?);
        Ok(WorkFile { work: self.clone(), file, out, hash: ObjectHash::default() })
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// As [`WorkFolder::file`].
    pub fn write(&self, file: SongFile, bytes: &[u8]) -> io::Result<()> {
        let mut out = self.file(file)?;
        out.write_all(bytes)?;
        out.finish()
    }

    /// A place for bytes that will come later in `file` than bytes that are not known yet. It lies in
    /// the folder but has no name there, so that it is gone whatever happens.
    ///
    /// # Errors
    /// What the file system said.
    pub fn spool(&self, file: SongFile) -> io::Result<Spool> {
        let mut path = self.root.join(file.to_string());
        path.add_extension("part");
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let spool = File::options().read(true).write(true).create_new(true).open(&path)?;
        fs::remove_file(path)?;
        Ok(Spool(BufWriter::with_capacity(1 << 16, spool)))
    }

    /// What was written so far, in publish order.
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectAsset> {
        let mut objects = self.lock().clone();
        objects.sort_by_key(|(file, _)| publish_order::key(*file));
        objects.into_iter().map(|(_, object)| object).collect()
    }

    fn record(&self, file: SongFile, object: ObjectAsset) {
        self.lock().push((file, object));
    }

    /// A thread that panicked while it held the lock left whole entries: the list stays good.
    fn lock(&self) -> MutexGuard<'_, Vec<(SongFile, ObjectAsset)>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Brings every file and folder below `folder`, and itself, to stable storage, so that a rename
/// afterwards publishes a whole version even if the power fails the moment after.
///
/// # Errors
/// What the file system said.
pub fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(folder)
}

/// Brings a folder's entries (names, renames) to stable storage.
///
/// # Errors
/// What the file system said.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What `asset.json` says about an object of these bytes.
pub(crate) fn describe(file: SongFile, bytes: &[u8]) -> ObjectAsset {
    let mut hash = ObjectHash::default();
    hash.update(bytes);
    hash.describe(file.to_string())
}

/// One file being written.
#[derive(Debug)]
pub struct WorkFile {
    work: WorkFolder,
    file: SongFile,
    out: BufWriter<File>,
    hash: ObjectHash,
}

impl WorkFile {
    /// Bytes written so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.hash.size()
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.work.root.join(self.file.to_string())
    }

    /// Ends the file and records it.
    ///
    /// # Errors
    /// What the file system said.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.work.record(self.file, self.hash.describe(self.file.to_string()));
        Ok(())
    }
}

impl Write for WorkFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Bytes that wait; see [`WorkFolder::spool`].
#[derive(Debug)]
pub struct Spool(BufWriter<File>);

impl Spool {
    /// All bytes, from the first.
    ///
    /// # Errors
    /// What the file system said.
    pub fn into_reader(self) -> io::Result<impl Read> {
        let mut file = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(file)
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use media::{Kbps, SwitchingSet};

    use super::*;

    #[test]
    fn records_what_was_written_in_publish_order() {
        let dir = tempfile::tempdir().unwrap();
        let work = WorkFolder::create(&dir.path().join("version")).unwrap();
        work.write(SongFile::Playlist(SwitchingSet::Aac, Kbps(64)), b"text").unwrap();
        let mut file = work.file(SongFile::Segment(SwitchingSet::Aac, Kbps(64), 0)).unwrap();
        file.write_all(b"a").unwrap();
        file.write_all(b"bc").unwrap();
        assert_eq!(file.size(), 3);
        file.finish().unwrap();

        let objects = work.objects();
        assert_eq!(objects[0].path, "aac/64/00000.m4s");
        assert_eq!(objects[0].size, 3);
        assert_eq!(
            objects[0].sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(objects[1].path, "aac/64/playlist.m3u8");
        assert_eq!(fs::read(work.path().join("aac/64/00000.m4s")).unwrap(), b"abc");
        sync_tree(work.path()).unwrap();
    }

    #[test]
    fn neither_a_folder_nor_a_file_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("version");
        let work = WorkFolder::create(&path).unwrap();
        let again = WorkFolder::create(&path).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        work.write(SongFile::Asset, b"{}").unwrap();
        let again = work.write(SongFile::Asset, b"{}").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn six_threads_write_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let work = WorkFolder::create(&dir.path().join("version")).unwrap();
        std::thread::scope(|scope| {
            for kbps in [64, 128, 320] {
                let work = work.clone();
                scope.spawn(move || {
                    for index in 0..50 {
                        work.write(
                            SongFile::Segment(SwitchingSet::Aac, Kbps(kbps), index),
                            &[index as u8],
                        )
                        .unwrap();
                    }
                });
            }
        });
        assert_eq!(work.objects().len(), 150);
    }
}
