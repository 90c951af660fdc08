//! How fast, and whether at all, a target is told: a token bucket, a breaker, and delays with full jitter.

use std::time::Duration;

use tokio::time::Instant;

/// So many failures of the target in a row open the breaker.
const MOST_FAILURES: u32 = 5;

/// The bound of the first delay after a failure; it doubles.
const FIRST_DELAY: Duration = Duration::from_secs(1);

/// The bound of all delays.
const LONGEST_DELAY: Duration = Duration::from_secs(10 * 60);

/// The bound of the time that the breaker stays open.
const LONGEST_OPEN: Duration = Duration::from_secs(5 * 60);

/// How many requests a target may be sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// In a second, in the long run.
    pub per_second: f64,
    /// At once, after a pause.
    pub burst: u32,
}

/// What keeps one target from being told too much.
#[derive(Debug)]
pub struct Pace {
    rate: Rate,
    tokens: f64,
    filled_at: Instant,
    failures: u32,
    closed_until: Option<Instant>,
}

impl Pace {
    /// A full bucket and a closed breaker.
    #[must_use]
    pub fn new(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            tokens: f64::from(rate.burst),
            filled_at: now,
            failures: 0,
            closed_until: None,
        }
    }

    /// Takes a token for one request, which may be sent after the time that this answers.
    pub fn take(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.filled_at = now;
        let full = f64::from(self.rate.burst);
        self.tokens = (self.tokens + passed * self.rate.per_second).min(full) - 1.0;
        let missing = (-self.tokens).max(0.0);
        Duration::from_secs_f64(missing / self.rate.per_second)
    }

    /// How long nothing is to be sent.
    #[must_use]
    pub fn closed_for(&self, now: Instant) -> Option<Duration> {
        let left = self.closed_until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// Whether the target fails, so that the next thing it is told is a trial.
    #[must_use]
    pub fn is_on_trial(&self) -> bool {
        self.failures >= MOST_FAILURES
    }

    /// It was told.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.closed_until = None;
    }

    /// It failed as a whole. `random` is from 0 to 1.
    pub fn failed(&mut self, now: Instant, random: f64) {
        self.failures = self.failures.saturating_add(1);
        if self.is_on_trial() {
            let most = doubled(FIRST_DELAY, self.failures).min(LONGEST_OPEN);
            // Half of it in any case: a trial that follows at once would be none.
            self.rest(now, most.mul_f64(0.5 + random / 2.0));
        }
    }

    /// It asked to be left alone for so long.
    pub fn rest(&mut self, now: Instant, time: Duration) {
        self.closed_until = self.closed_until.max(Some(now + time));
    }
}

/// How long to wait after so many attempts in vain: full jitter, anything up to a bound that doubles. `random` is from 0
/// to 1.
#[must_use]
pub fn delay(attempts: u32, random: f64) -> Duration {
    doubled(FIRST_DELAY, attempts).min(LONGEST_DELAY).mul_f64(random)
}

fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(1 << times.saturating_sub(1).min(20))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 2.0, burst: 3 };

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_a_steady_rate() {
        let start = Instant::now();
        let mut pace = Pace::new(RATE, start);
        let waits = (0..5).map(|_| pace.take(start).as_millis()).collect::<Vec<_>>();
        assert_eq!(waits, [0, 0, 0, 500, 1_000]);
        // Those two are owed.
        assert_eq!(pace.take(start + Duration::from_secs(1)).as_millis(), 500);
        let mut rested = Pace::new(RATE, start);
        let later = start + Duration::from_secs(3_600);
        let waits = (0..4).map(|_| rested.take(later).as_millis()).collect::<Vec<_>>();
        assert_eq!(waits, [0, 0, 0, 500], "no more than a burst is saved up");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_fails_is_left_alone_and_then_tried() {
        let now = Instant::now();
        let mut pace = Pace::new(RATE, now);
        for _ in 1..MOST_FAILURES {
            pace.failed(now, 1.0);
            assert_eq!(pace.closed_for(now), None);
        }
        assert!(!pace.is_on_trial());
        pace.failed(now, 1.0);
        assert!(pace.is_on_trial());
        assert_eq!(pace.closed_for(now), Some(Duration::from_secs(16)));
        let later = now + Duration::from_secs(16);
        assert_eq!(pace.closed_for(later), None);
        pace.failed(later, 0.0);
        assert_eq!(pace.closed_for(later), Some(Duration::from_secs(16)));
        for _ in 0..100 {
            pace.failed(later, 1.0);
        }
        assert_eq!(pace.closed_for(later), Some(LONGEST_OPEN));
        pace.succeeded();
        assert!(!pace.is_on_trial() && pace.closed_for(later).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_to_be_left_alone_is() {
        let now = Instant::now();
        let mut pace = Pace::new(RATE, now);
        pace.rest(now, Duration::from_secs(30));
        pace.rest(now, Duration::from_secs(3));
        assert_eq!(pace.closed_for(now), Some(Duration::from_secs(30)));
        assert!(!pace.is_on_trial());
    }

    #[test]
    fn delays_are_anything_up_to_a_bound_that_doubles() {
        let most = |attempts| delay(attempts, 1.0).as_secs();
        assert_eq!([1, 2, 3, 10, 11, 1_000].map(most), [1, 2, 4, 512, 600, 600]);
        assert_eq!(delay(5, 0.0), Duration::ZERO);
        assert_eq!(delay(5, 0.25), Duration::from_secs(4));
    }
}
