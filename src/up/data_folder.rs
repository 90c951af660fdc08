//! Where everything lives: `catalogue.sqlite`, `objects/`, `keys/`, `work/`, and the lock that keeps
//! a second process away.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use token::SigningKey;

/// The data folder, locked for as long as this lives.
#[derive(Debug)]
pub(super) struct DataFolder {
    path: PathBuf,
    /// The lock goes with the open file, so it ends with the process, however that ends.
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, making it where there is none.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let unusable = || format!("the data folder {} cannot be written", path.display());
        for folder in [path.to_owned(), path.join("objects"), path.join("work")] {
            fs::create_dir_all(folder).with_context(unusable)?;
        }
        make_private_folder(&path.join("keys")).with_context(unusable)?;
        let lock = File::create(path.join("lock")).with_context(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("the data folder {} is in use by another segue up", path.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(unusable),
        }
        let folder = Self { path: path.to_owned(), _lock: lock };
        folder.sweep_masters().with_context(unusable)?;
        Ok(folder)
    }

    /// The database.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join("catalogue.sqlite")
    }

    /// The object store.
    pub(super) fn objects(&self) -> PathBuf {
        self.path.join("objects")
    }

    /// Unfinished work.
    pub(super) fn work(&self) -> PathBuf {
        self.path.join("work")
    }

    /// The signing key with that name, made at the first call and readable by its owner alone.
    pub(super) fn key(&self, name: &str) -> anyhow::Result<SigningKey> {
        let path = self.path.join("keys").join(format!("{name}.pem"));
        match fs::read_to_string(&path) {
            Ok(pem) => SigningKey::from_pem(&pem)
                .with_context(|| format!("the signing key {} cannot be used", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = SigningKey::generate().context("no signing key can be made")?;
                write_private(&path, &key.to_pem())
                    .with_context(|| format!("{} cannot be written", path.display()))?;
                Ok(key)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// The local object store stages a put beside its key, as `{key}#{number}`; a process that died
    /// in mid-put leaves that behind, and a master is large.
    fn sweep_masters(&self) -> io::Result<()> {
        let entries = match fs::read_dir(self.objects().join("masters")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().contains('#') {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

fn make_private_folder(path: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Whole or not at all: a key that was cut short would lock everybody out.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let key = data.key("access").unwrap();
        assert_eq!(data.key("access").unwrap().kid(), key.kid());
        assert_ne!(data.key("playback").unwrap().kid(), key.kid());
        let mode =
            |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode();
        assert_eq!(mode("keys/access.pem") & 0o777, 0o600);
        assert_eq!(mode("keys") & 0o777, 0o700);
    }

    #[test]
    fn half_stored_masters_are_swept_and_whole_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let masters = folder.path().join("objects/masters");
        fs::create_dir_all(&masters).unwrap();
        fs::write(masters.join("abc"), "whole").unwrap();
        fs::write(masters.join("abd#1"), "half").unwrap();
        let _data = DataFolder::open(folder.path()).unwrap();
        let left: Vec<_> = fs::read_dir(masters).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["abc"]);
    }

    #[test]
    fn a_second_process_is_told_to_stay_away() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap();
        let told = DataFolder::open(folder.path()).unwrap_err().to_string();
        assert!(told.contains("in use by another segue up"), "{told}");
        drop(first);
        assert!(DataFolder::open(folder.path()).is_ok());
    }
}
