//! Where everything lives: `catalogue.sqlite`, `events.jsonl`, `notices.jsonl`, `objects/`, `keys/`, `work/`, and the lock that keeps
//! a second process away.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use catalogue::DatabaseUrl;
use media::{SegmentSecret, SegmentSecrets};
use token::{SigningKey, VerifyingKeys};
use transcode::work_folder::sync_folder;

use crate::database;
use crate::leftovers::sweep;

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
        sweep(&folder.objects().join("masters")).with_context(unusable)?;
        Ok(folder)
    }

    /// The database.
    pub(super) fn database(&self) -> DatabaseUrl {
        DatabaseUrl::Sqlite(self.path.join(database::FILE))
    }

    /// What has happened, where there is no other bus.
    pub(super) fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    /// What edges were told, where there is no other bus.
    pub(super) fn notices(&self) -> PathBuf {
        self.path.join("notices.jsonl")
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

    /// The public halves of that key and of those that it succeeded, which were kept as `{name}.….pem`: their
    /// tokens are good until the files are removed and we are started again.
    pub(super) fn believed(&self, name: &str) -> anyhow::Result<VerifyingKeys> {
        let folder = self.path.join("keys");
        let unreadable = || format!("{} cannot be read", folder.display());
        let mut believed = vec![VerifyingKeys::from(&self.key(name)?)];
        for entry in fs::read_dir(&folder).with_context(unreadable)? {
            let file = entry.with_context(unreadable)?.file_name();
            let kept = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_suffix(".pem"));
            if let Some(kept) = kept.filter(|kept| kept.starts_with('.')) {
                believed.push(VerifyingKeys::from(&self.key(&format!("{name}{kept}"))?));
            }
        }
        Ok(believed.into_iter().collect())
    }

    /// The segment secrets that were made here: none where none ever was, and `make` does not ask for one.
    pub(super) fn segment_secrets(&self, make: bool) -> anyhow::Result<SegmentSecrets> {
        let path = self.path.join("keys").join("segments.secret");
        match fs::read_to_string(&path) {
            Ok(text) => text.parse().with_context(|| format!("{} cannot be used", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound && make => {
                let secret = new_secret().context("no segment secret can be made")?;
                write_private(&path, &format!("{}\n", secret.to_hex()))
                    .with_context(|| format!("{} cannot be written", path.display()))?;
                Ok(secret.into())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(SegmentSecrets::default()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// Removes what a process that died while it published songs left half-written. It looks at every
    /// object, so it is for a start that finds jobs in hand.
    pub(super) fn sweep_songs(&self) -> io::Result<()> {
        sweep(&self.objects().join("artist"))
    }
}

fn new_secret() -> Result<SegmentSecret, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(SegmentSecret::new(bytes))
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
    fs::rename(&draft, path)?;
    // The name too must survive the loss of power: URLs signed with the key are out by then.
    path.parent().map_or(Ok(()), sync_folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn keys_that_were_succeeded_are_believed_until_they_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let (old, _other) = (data.key("playback").unwrap(), data.key("access").unwrap());
        let keys = folder.path().join("keys");
        fs::rename(keys.join("playback.pem"), keys.join("playback.2026-11.pem")).unwrap();
        let new = data.key("playback").unwrap();
        let mut both = [old.kid(), new.kid()];
        both.sort_unstable();
        assert_eq!(data.believed("playback").unwrap().kids(), both);
        fs::remove_file(keys.join("playback.2026-11.pem")).unwrap();
        assert_eq!(data.believed("playback").unwrap().kids(), [new.kid()]);
        fs::write(keys.join("playback.old.pem"), "no key").unwrap();
        assert!(data.believed("playback").is_err());
    }

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
    fn a_segment_secret_is_made_when_it_is_asked_for_and_then_stays() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        assert_eq!(data.segment_secrets(false).unwrap().first(), None);
        let made = data.segment_secrets(true).unwrap();
        assert!(made.first().is_some());
        assert_eq!(data.segment_secrets(true).unwrap(), made);
        assert_eq!(data.segment_secrets(false).unwrap(), made);
        let file = folder.path().join("keys/segments.secret");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(file, "torn").unwrap();
        let told = format!("{:#}", data.segment_secrets(true).unwrap_err());
        assert!(told.contains("64 hex digits") && !told.contains("torn"), "{told}");
    }

    #[test]
    fn half_stored_objects_are_swept_and_whole_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let places = ["objects/masters", "objects/artist/a/album/b"].map(|p| folder.path().join(p));
        for place in &places {
            fs::create_dir_all(place.join("x#1")).unwrap();
            fs::write(place.join("abc"), "whole").unwrap();
            fs::write(place.join("abd#1"), "half").unwrap();
        }
        DataFolder::open(folder.path()).unwrap().sweep_songs().unwrap();
        for place in &places {
            assert!(place.join("abc").exists() && !place.join("abd#1").exists(), "{place:?}");
        }
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
