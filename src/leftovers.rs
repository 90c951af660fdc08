//! What the local object store leaves behind where a process dies in mid-put: it stages an object
//! beside its place, as `{key}#{number}`.

use std::fs;
use std::io;
use std::path::Path;

/// Removes such files at and below `folder`, which need not exist.
pub(crate) fn sweep(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sweep(&entry.path())?;
        } else if is_staged(&entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether it is the name of such a file.
pub(crate) fn is_staged(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, number)| number.parse::<u64>().is_ok())
}
