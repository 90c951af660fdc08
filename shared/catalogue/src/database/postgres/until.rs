//! What holds for a while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A time until which something holds.
#[derive(Debug)]
pub(super) struct Until {
    since: Instant,
    /// Milliseconds after `since`.
    end: AtomicU64,
}

impl Default for Until {
    fn default() -> Self {
        Self { since: Instant::now(), end: AtomicU64::new(0) }
    }
}

impl Until {
    /// It holds for `time` from now.
    pub(super) fn extend(&self, time: Duration) {
        self.end.store(self.elapsed_ms().saturating_add(millis(time)), Ordering::Release);
    }

    /// Whether it holds.
    pub(super) fn lasts(&self) -> bool {
        self.elapsed_ms() < self.end.load(Ordering::Acquire)
    }

    fn elapsed_ms(&self) -> u64 {
        millis(self.since.elapsed())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends() {
        let until = Until::default();
        assert!(!until.lasts());
        until.extend(Duration::from_secs(3_600));
        assert!(until.lasts());
        until.extend(Duration::ZERO);
        assert!(!until.lasts());
    }
}
