//! What the local object store leaves behind where a process dies in mid-put: it stages an object
//! beside its place, as `{key}#{number}`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Such a file.
#[derive(Debug)]
pub(crate) struct Leftover {
    pub(crate) path: PathBuf,
    /// When it was last written to.
    pub(crate) modified: SystemTime,
    /// Its size.
    pub(crate) bytes: u64,
}

/// Removes such files at and below `folder`, which need not exist.
pub(crate) fn sweep(folder: &Path) -> io::Result<()> {
    find(folder, &mut |leftover| fs::remove_file(leftover.path))
}

/// Tells of such files at and below `folder`, which need not exist.
pub(crate) fn find(
    folder: &Path,
    heard: &mut impl FnMut(Leftover) -> io::Result<()>,
) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find(&entry.path(), heard)?;
        } else if is_staged(&entry.file_name().to_string_lossy()) {
            // One that has got its name meanwhile is none any more.
            let Ok(file) = entry.metadata() else { continue };
            let modified = file.modified()?;
            heard(Leftover { path: entry.path(), modified, bytes: file.len() })?;
        }
    }
    Ok(())
}

/// Whether it is the name of such a file.
pub(crate) fn is_staged(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, number)| number.parse::<u64>().is_ok())
}
