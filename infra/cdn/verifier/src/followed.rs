//! A file that is read again when it changes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often it is looked at, at most. Contents are compared, not times: a file may be exchanged behind a link, or
/// written twice within a clock's tick.
const EVERY: Duration = Duration::from_secs(1);

/// A file that is read again by whoever comes first after a second. A thread of our own would not survive the forks of
/// the servers that we live in.
#[derive(Debug)]
pub(crate) struct Followed {
    path: PathBuf,
    began: Instant,
    /// In milliseconds since it began.
    next: AtomicU64,
    /// What was there last; `None` where it could not be read.
    seen: Mutex<Option<Vec<u8>>>,
}

/// What is new of a file.
pub(crate) enum News {
    Contents(Vec<u8>),
    Unreadable(io::Error),
}

impl Followed {
    /// The file as it is now.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<u8>)> {
        let contents = std::fs::read(path)?;
        let next = AtomicU64::new(EVERY.as_millis() as u64);
        let seen = Mutex::new(Some(contents.clone()));
        Ok((Self { path: path.to_owned(), began: Instant::now(), next, seen }, contents))
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What has changed since it was last looked at; nothing for those who come within a second, or while
    /// somebody else looks.
    pub(crate) fn news(&self) -> Option<News> {
        let now = self.began.elapsed().as_millis() as u64;
        let next = self.next.load(Ordering::Relaxed);
        let after = now + EVERY.as_millis() as u64;
        let (all, any) = (Ordering::Relaxed, Ordering::Relaxed);
        if now < next || self.next.compare_exchange(next, after, all, any).is_err() {
            return None;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match std::fs::read(&self.path) {
            Ok(contents) if seen.as_ref() == Some(&contents) => None,
            Ok(contents) => {
                *seen = Some(contents.clone());
                Some(News::Contents(contents))
            }
            // Said once.
            Err(error) => seen.take().map(|_| News::Unreadable(error)),
        }
    }
}
