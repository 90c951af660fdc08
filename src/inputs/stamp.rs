//! Whether a file is still the one that was hashed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What changes with a file's bytes: which file it is, its length, when it was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds since 1970.
    modified: (i64, i64),
}

impl Stamp {
    /// The file as it is now; `None` where it is gone.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        fs::metadata(file).ok().map(|it| Self {
            device: it.dev(),
            inode: it.ino(),
            size: it.size(),
            modified: (it.mtime(), it.mtime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn a_file_that_is_written_to_or_replaced_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let [path, other] = ["a", "b"].map(|name| folder.path().join(name));
        fs::write(&path, "one").unwrap();
        let (first, time) = (Stamp::of(&path), fs::metadata(&path).unwrap().modified().unwrap());
        assert_eq!(first, Stamp::of(&path));
        let set = |path: &Path, time: SystemTime| {
            fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        };
        set(&path, time + Duration::from_secs(1));
        assert_ne!(first, Stamp::of(&path), "written to");
        fs::write(&other, "one").unwrap();
        set(&other, time);
        fs::rename(&other, &path).unwrap();
        assert_ne!(first, Stamp::of(&path), "replaced");
        fs::remove_file(&path).unwrap();
        assert_eq!(Stamp::of(&path), None);
    }
}
