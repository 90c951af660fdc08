//! When a server was last found gone: connections that were last used before that are asked before they are used again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Since when connections are trusted. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(super) struct Distrust(Arc<Mutex<Option<Instant>>>);

impl Distrust {
    /// Whatever was used until now is not to be trusted.
    pub(super) fn begin(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection that has idled for so long was last used before that.
    pub(super) fn covers(&self, idle: Duration) -> bool {
        let begun = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.is_some_and(|begun| idle >= begun.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_before_the_server_was_gone_is_not_trusted() {
        let distrust = Distrust::default();
        let long = Duration::from_secs(60);
        assert!(!distrust.covers(long));
        distrust.begin();
        assert!(distrust.covers(long));
        assert!(!distrust.covers(Duration::ZERO));
    }
}
