//! Where the bytes of a version come from.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// A version's folder, wherever it is: on this machine, or behind an edge.
pub trait Source {
    /// Opens the file at `path` under the version's folder, such as `aac/64/init.mp4`.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where it is missing, else what went wrong.
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + '_>>;
}

/// A folder on this machine.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Source for Folder {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(self.0.join(path))?))
    }
}
