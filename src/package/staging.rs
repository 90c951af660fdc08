//! Where a version comes into being before it is published: a hidden folder below the target, on
//! the same file system, so that publishing is one rename.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use transcode::work_folder::{sync_folder, sync_tree};

/// The hidden folder. Every process that uses it holds a shared lock on a file in it, which the
/// kernel lets go when the process dies, however it dies. Whoever gets that lock alone is the only
/// one there: what else is in the folder was left by the dead and is removed. The lock file stays,
/// or two processes could hold two locks of that name.
#[derive(Debug)]
pub(crate) struct Staging {
    path: PathBuf,
    lock: File,
}

impl Staging {
    const FOLDER: &str = ".segue-staging";
    const LOCK: &str = "lock";
    /// Held by the one process that completes a version.
    const COMPLETING: &str = "completing";

    pub(crate) fn open(out: &Path) -> io::Result<Self> {
        let path = out.join(Self::FOLDER);
        fs::create_dir_all(&path)?;
        let options = File::options().create(true).truncate(false).write(true).to_owned();
        let lock = options.open(path.join(Self::LOCK))?;
        match lock.try_lock() {
            Ok(()) => {
                remove_leftovers(&path)?;
                lock.unlock()?;
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        lock.lock_shared()?;
        Ok(Self { path, lock })
    }

    /// A place for one version, removed again unless it is published.
    pub(crate) fn folder(self) -> io::Result<StagedFolder> {
        let parent = tempfile::Builder::new().prefix("version-").tempdir_in(&self.path)?;
        let path = parent.path().join("version");
        let completing = self.path.join(Self::COMPLETING);
        Ok(StagedFolder { parent, _lock: self.lock, path, completing })
    }
}

fn remove_leftovers(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A version that is not published yet.
#[derive(Debug)]
pub(crate) struct StagedFolder {
    parent: TempDir,
    _lock: File,
    path: PathBuf,
    completing: PathBuf,
}

impl StagedFolder {
    /// Where to write; the folder itself is not there yet.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where to write something else meanwhile; it goes with the folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.parent.path().join(name)
    }

    /// Keeps other processes from completing a version until it is dropped; `None` while one does.
    pub(crate) fn alone(&self) -> io::Result<Option<File>> {
        let options = File::options().create(true).truncate(false).write(true).to_owned();
        let alone = options.open(&self.completing)?;
        match alone.try_lock() {
            Ok(()) => Ok(Some(alone)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Moves the folder to `target` as a whole, on stable storage before and after. False where
    /// something is there already.
    pub(crate) fn publish(&self, target: &Path) -> io::Result<bool> {
        sync_tree(&self.path)?;
        let parent = target.parent().unwrap_or(target);
        fs::create_dir_all(parent)?;
        match fs::rename(&self.path, target) {
            Ok(()) => {}
            Err(error) if is_taken(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
        // The version's folder lies five folders below the target, which may all be new.
        parent.ancestors().take(5).try_for_each(sync_folder_or_current)?;
        Ok(true)
    }
}

/// The empty path is what a relative path's ancestors end with.
fn sync_folder_or_current(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() { sync_folder(Path::new(".")) } else { sync_folder(folder) }
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_one(folder: &StagedFolder) {
        fs::create_dir(folder.path()).unwrap();
        fs::write(folder.path().join("file"), b"bytes").unwrap();
    }

    #[test]
    fn a_folder_is_published_as_a_whole_and_once() {
        let out = tempfile::tempdir().unwrap();
        let target = out.path().join("a/b/c");
        for first in [true, false] {
            let folder = Staging::open(out.path()).unwrap().folder().unwrap();
            write_one(&folder);
            assert_eq!(folder.publish(&target).unwrap(), first);
        }
        assert_eq!(fs::read(target.join("file")).unwrap(), b"bytes");
    }

    #[test]
    fn the_deads_leftovers_go_and_the_livings_stay() {
        let out = tempfile::tempdir().unwrap();
        let leftover = out.path().join(".segue-staging/version-dead");
        fs::create_dir_all(&leftover).unwrap();
        let living = Staging::open(out.path()).unwrap();
        assert!(!leftover.exists(), "nobody was alive");

        let folder = living.folder().unwrap();
        write_one(&folder);
        let other = Staging::open(out.path()).unwrap();
        assert!(folder.path().join("file").exists(), "its owner lives");
        drop((other, folder));
    }
}
