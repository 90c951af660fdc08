//! Where the leader's log was a while ago: a replica that has not come so far is too old to be read from.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::PgPool;

/// How often the leader is asked: what a replica shows is at most about twice as old, while there is a leader to ask.
const STEP: Duration = Duration::from_secs(5);

/// Two positions of the leader, of which the older one is at least a [`STEP`] old.
#[derive(Debug)]
pub(super) struct Trail(Mutex<Steps>);

#[derive(Debug)]
struct Steps {
    older: i64,
    newer: i64,
    /// When `newer` was asked for.
    at: Instant,
}

impl Trail {
    /// It begins at `position`, now.
    pub(super) fn from(position: i64) -> Self {
        Self(Mutex::new(Steps { older: position, newer: position, at: Instant::now() }))
    }

    /// Where the leader was some seconds ago. One that does not answer is where it was.
    pub(super) async fn some_time_ago(&self, leader: &PgPool) -> i64 {
        if self.steps().is_due(Instant::now())
            && let Ok(position) = super::position(leader).await
        {
            self.steps().go(position);
        }
        self.steps().older
    }

    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Steps {
    /// Whether the next step is to be made; whoever is told so makes it.
    fn is_due(&mut self, now: Instant) -> bool {
        let due = now.saturating_duration_since(self.at) >= STEP;
        if due {
            self.at = now;
        }
        due
    }

    fn go(&mut self, position: i64) {
        self.older = self.newer;
        self.newer = position;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_step_behind_and_one_asks_at_a_time() {
        let now = Instant::now();
        let mut steps = Steps { older: 1, newer: 1, at: now };
        assert!(!steps.is_due(now + STEP / 2));
        assert!(steps.is_due(now + STEP));
        assert!(!steps.is_due(now + STEP), "somebody asks already");
        steps.go(7);
        assert_eq!(steps.older, 1);
        assert!(steps.is_due(now + STEP * 2));
        steps.go(9);
        assert_eq!(steps.older, 7);
    }
}
