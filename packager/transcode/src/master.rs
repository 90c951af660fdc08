//! An opened master: handles that each have a place of their own in one open file, so that nothing
//! has to be opened again. A process that may open no file reads a master through them.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use symphonia::core::io::MediaSource;

/// A handle of a master. A clone begins where the master does.
#[derive(Debug)]
pub(crate) struct Master {
    file: Arc<File>,
    size: u64,
    place: u64,
}

impl Master {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::of(File::open(path)?)
    }

    /// The master in an open file, wherever that stands.
    pub(crate) fn of(file: File) -> io::Result<Self> {
        let found = file.metadata()?;
        if found.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        Ok(Self { size: found.len(), file: Arc::new(file), place: 0 })
    }

    /// In bytes, when it was opened.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

impl Clone for Master {
    fn clone(&self) -> Self {
        Self { file: Arc::clone(&self.file), size: self.size, place: 0 }
    }
}

impl Read for Master {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.place)?;
        self.place += read as u64;
        Ok(read)
    }
}

impl Seek for Master {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.place.checked_add_signed(offset),
        };
        // As lseek has it: no place lies before the first byte or beyond the numbers of a file.
        let place = place.filter(|place| i64::try_from(*place).is_ok());
        self.place = place.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.place)
    }
}

impl MediaSource for Master {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handle_has_its_own_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master");
        std::fs::write(&path, "0123456789").unwrap();
        let mut one = Master::open(&path).unwrap();
        let mut head = [0; 4];
        one.read_exact(&mut head).unwrap();
        let mut other = one.clone();
        let mut all = String::new();
        other.read_to_string(&mut all).unwrap();
        let mut rest = String::new();
        one.read_to_string(&mut rest).unwrap();
        assert_eq!((&head, &all[..], &rest[..]), (b"0123", "0123456789", "456789"));
    }

    #[test]
    fn it_seeks_as_a_file_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master");
        std::fs::write(&path, "0123456789").unwrap();
        let (mut master, mut file) = (Master::open(&path).unwrap(), File::open(&path).unwrap());
        let steps = [
            SeekFrom::End(-3),
            SeekFrom::Current(-2),
            SeekFrom::Current(-6),
            SeekFrom::End(5),
            SeekFrom::Start(2),
            SeekFrom::Start(u64::MAX),
            SeekFrom::Current(i64::MAX),
            SeekFrom::End(-11),
        ];
        for step in steps {
            let kind = |found: io::Result<u64>| found.map_err(|error| error.kind());
            assert_eq!(kind(master.seek(step)), kind(file.seek(step)), "{step:?}");
            let (mut from_master, mut from_file) = ([0; 2], [0; 2]);
            let read = master.read(&mut from_master).unwrap();
            assert_eq!(read, file.read(&mut from_file).unwrap(), "{step:?}");
            assert_eq!(from_master, from_file, "{step:?}");
        }
    }

    #[test]
    fn a_folder_is_no_master() {
        let folder = tempfile::tempdir().unwrap();
        let error = Master::open(folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
    }
}
