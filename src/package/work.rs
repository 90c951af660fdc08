//! Where packages for a store are made before they are put: a folder on this machine.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::failure::Failure;

/// A folder for unfinished packages, made when it is first needed.
#[derive(Debug)]
pub(crate) enum WorkFolder {
    /// Where somebody said.
    Named(PathBuf),
    /// A folder of this user among the system's temporary ones.
    Own(PathBuf),
}

impl WorkFolder {
    /// The named folder, or one of our own. Always the same for a user, so that the next run finds
    /// what a killed one left and removes it.
    pub(crate) fn of(named: Option<&Path>) -> Self {
        named.map_or_else(|| Self::Own(own()), |named| Self::Named(named.to_path_buf()))
    }

    /// The folder, which exists now. In a folder that all may write to, only one that is ours and
    /// nobody else's will do.
    pub(crate) fn ready(&self) -> Result<&PathBuf, Failure> {
        match self {
            Self::Named(path) => {
                fs::create_dir_all(path).map_err(|error| Failure::folder(path, error))?;
                Ok(path)
            }
            Self::Own(path) => {
                make_own(path).map_err(|error| Failure::folder(path, error))?;
                Ok(path)
            }
        }
    }
}

fn own() -> PathBuf {
    let user = user().map_or_else(|| "segue".to_owned(), |user| format!("segue-{user}"));
    std::env::temp_dir().join(user)
}

/// Linux says whose process this is by the owner of its folder in `/proc`.
fn user() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|it| it.uid())
}

fn make_own(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let found = fs::symlink_metadata(path)?;
    let ours = user().is_none_or(|user| found.uid() == user);
    if found.is_dir() && ours {
        Ok(())
    } else {
        Err(io::Error::other("it belongs to somebody else; name another with --work"))
    }
}
