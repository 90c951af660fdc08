//! Why a file was not packaged, in one sentence.

use std::io;
use std::path::{Path, PathBuf};

use transcode::PackageError;

/// Why a file was not packaged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{}", open_sentence(.0))]
    Open(#[source] io::Error),
    #[error("this is a device, not a file or a folder")]
    NotAFile,
    #[error("there is no file in this folder")]
    EmptyFolder,
    #[error("no file fits this pattern")]
    NoMatch,
    #[error("this pattern cannot be read: {0}")]
    Pattern(String),
    #[error("the file was given twice; it is packaged once")]
    GivenTwice,
    #[error("{0}")]
    Refused(String),
    #[error("the packager broke down, which is not the file's fault")]
    Panicked,
    #[error("stopped")]
    Stopped,
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("'{}' cannot be written to: {error}", folder.display())]
    Folder { folder: PathBuf, error: io::Error },
    #[error("'{url}' cannot be used: {reason}")]
    Store { url: String, reason: String },
    #[error("'{}' is there already, but incomplete; remove it and package again", folder.display())]
    Incomplete { folder: PathBuf },
}

impl Failure {
    pub(crate) fn folder(folder: &Path, error: io::Error) -> Self {
        Self::Folder { folder: folder.to_path_buf(), error }
    }
}

fn open_sentence(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "the file may not be read".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    }
}
