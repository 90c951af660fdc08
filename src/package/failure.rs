//! Why a file was not packaged, in one sentence.

use std::io;
use std::path::{Path, PathBuf};

use transcode::PackageError;

/// Why a file was not packaged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{}", open_sentence(.0))]
    Open(#[source] io::Error),
    #[error("this is a folder or a device, not a file; give files")]
    NotAFile,
    #[error("the file was given twice; it is packaged once")]
    GivenTwice,
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("'{}' cannot be written to: {error}", out.display())]
    Target { out: PathBuf, error: io::Error },
    #[error("'{}' is there already, but incomplete; remove it and package again", folder.display())]
    Incomplete { folder: PathBuf },
}

impl Failure {
    pub(crate) fn target(out: &Path, error: io::Error) -> Self {
        Self::Target { out: out.to_path_buf(), error }
    }
}

fn open_sentence(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "the file may not be read".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    }
}
