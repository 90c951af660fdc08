//! Why a file was not packaged, in one sentence.

use std::io;
use std::path::{Path, PathBuf};

use transcode::PackageError;

use crate::inputs::NotAnInput;

/// Why a file was not packaged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Input(#[from] NotAnInput),
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
