//! Why a file was not packaged, in one sentence.

use std::io;
use std::path::{Path, PathBuf};

use transcode::PackageError;

use crate::inputs::{NotAnInput, Unreadable};

/// Why a file was not packaged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Input(#[from] NotAnInput),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
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
    #[error("the file changed while it was packaged; package it again when nobody writes to it")]
    Changed,
}

impl Failure {
    pub(crate) fn folder(folder: &Path, error: io::Error) -> Self {
        Self::Folder { folder: folder.to_path_buf(), error }
    }
}
