//! Where unfinished work lies: bytes that still arrive, packages that are still made, which are worth nothing after a crash;
//! and uploads in pieces, which go on after it.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// The folders of unfinished work, beneath one.
#[derive(Debug, Clone)]
pub struct Workshop {
    folder: PathBuf,
    uploads: PathBuf,
    incoming: PathBuf,
    packages: PathBuf,
    keep_free: u64,
}

impl Workshop {
    /// Opens the workshop at `folder` and throws away what a dead process left there, but for uploads in pieces. The caller
    /// must be the only one that uses it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let workshop = Self {
            folder: folder.to_owned(),
            uploads: folder.join("uploads"),
            incoming: folder.join("incoming"),
            packages: folder.join("packages"),
            keep_free: 0,
        };
        std::fs::create_dir_all(&workshop.uploads)?;
        for folder in [&workshop.incoming, &workshop.packages] {
            match std::fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => std::fs::create_dir_all(folder)?,
            }
        }
        Ok(workshop)
    }

    /// The same, where what arrives leaves so many bytes of its disk free.
    pub(crate) fn keeping_free(self, keep_free: u64) -> Self {
        Self { keep_free, ..self }
    }

    /// How many bytes may be put on its disk at the moment.
    pub(crate) fn room(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.folder)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize).saturating_sub(self.keep_free))
    }

    /// Where uploads in pieces are kept.
    pub(crate) fn uploads(&self) -> &Path {
        &self.uploads
    }

    /// A name for bytes that arrive.
    pub(crate) fn new_arrival(&self) -> PathBuf {
        self.incoming.join(Uuid::now_v7().to_string())
    }

    /// A bench for one packaging, which exists when this returns and goes when it is dropped.
    pub(crate) fn new_bench(&self) -> io::Result<Bench> {
        let path = self.packages.join(Uuid::now_v7().to_string());
        std::fs::create_dir(&path)?;
        Ok(Bench(path))
    }
}

/// A folder for one packaging.
#[derive(Debug)]
pub(crate) struct Bench(PathBuf);

impl Bench {
    /// Where the master is copied to.
    pub(crate) fn master(&self) -> PathBuf {
        self.0.join("master")
    }

    /// Where a size of its cover is put on its way to the store.
    pub(crate) fn cover(&self) -> PathBuf {
        self.0.join("cover.jpg")
    }

    /// Where the package is made.
    pub(crate) fn package(&self) -> PathBuf {
        self.0.join("package")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "a work folder stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let workshop = Workshop::open(folder.path()).unwrap();
        std::fs::write(workshop.new_arrival(), "half").unwrap();
        std::mem::forget(workshop.new_bench().unwrap());
        let kept = workshop.uploads().join("one");
        std::fs::write(&kept, "half").unwrap();
        let workshop = Workshop::open(folder.path()).unwrap();
        for folder in [&workshop.incoming, &workshop.packages] {
            assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
        }
        assert!(kept.exists(), "an upload goes on");
    }
}
