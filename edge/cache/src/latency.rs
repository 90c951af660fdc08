//! How long an origin takes to begin its answers, and when it is worth asking a second time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// From how many answers on the slowest hundredth means something.
const ENOUGH: u32 = 200;

/// After so many answers the old ones count half.
const HALVE_AT: u32 = 4_096;

/// A second read for every twenty first ones at most, and so many saved up.
const CREDIT_OF_A_READ: u32 = 5;
const PRICE_OF_A_HEDGE: u32 = 100;
const MOST_CREDIT: u32 = 1_000;

/// Never sooner: below that a second read costs more than it saves.
const SOONEST: Duration = Duration::from_millis(10);

/// Steps of an eighth of an octave, from a microsecond on.
const BUCKETS: usize = 8 * 32;

/// The times of one origin's answers.
#[derive(Debug)]
pub(crate) struct Latency(Mutex<Times>);

#[derive(Debug)]
struct Times {
    buckets: [u32; BUCKETS],
    count: u32,
    credit: u32,
}

impl Latency {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Times { buckets: [0; BUCKETS], count: 0, credit: 0 }))
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an answer.
    pub(crate) fn note(&self, took: Duration) {
        let mut times = self.times();
        times.buckets[bucket(took)] += 1;
        times.count += 1;
        times.credit = (times.credit + CREDIT_OF_A_READ).min(MOST_CREDIT);
        if times.count >= HALVE_AT {
            times.buckets.iter_mut().for_each(|count| *count /= 2);
            times.count = times.buckets.iter().sum();
        }
    }

    /// After how long a read is among the slowest hundredth; `None` where that isn't known.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let times = self.times();
        let slow = times.count / 100;
        let mut slower = 0;
        let slowest = times.buckets.iter().rposition(|count| {
            slower += count;
            slower > slow
        });
        slowest.filter(|_| times.count >= ENOUGH).map(|bucket| end_of(bucket).max(SOONEST))
    }

    /// Whether a second read may be begun now: they are few, whatever happens to the origin.
    pub(crate) fn may_hedge(&self) -> bool {
        let mut times = self.times();
        let may = times.credit >= PRICE_OF_A_HEDGE;
        if may {
            times.credit -= PRICE_OF_A_HEDGE;
        }
        may
    }
}

fn bucket(took: Duration) -> usize {
    let micros = (took.as_micros() as f64).max(1.0);
    ((micros.log2() * 8.0) as usize).min(BUCKETS - 1)
}

fn end_of(bucket: usize) -> Duration {
    Duration::from_micros(((bucket + 1) as f64 / 8.0).exp2() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_where_the_slowest_hundredth_begins() {
        let latency = Latency::new();
        assert_eq!(latency.patience(), None);
        for number in 0..1_000 {
            latency.note(Duration::from_millis(if number % 200 == 0 { 2_000 } else { 40 }));
        }
        let patience = latency.patience().expect("enough answers");
        assert!((40..46).contains(&patience.as_millis()), "{patience:?}");
    }

    #[test]
    fn it_follows_an_origin_that_grows_slower() {
        let latency = Latency::new();
        (0..4_000).for_each(|_| latency.note(Duration::from_millis(40)));
        (0..4_000).for_each(|_| latency.note(Duration::from_millis(400)));
        assert!(latency.patience().expect("enough answers") > Duration::from_millis(399));
    }

    #[test]
    fn second_reads_are_few() {
        let latency = Latency::new();
        assert!(!latency.may_hedge());
        let mut hedges = 0;
        for _ in 0..2_000 {
            latency.note(Duration::from_millis(40));
            hedges += usize::from(latency.may_hedge());
        }
        assert_eq!(hedges, 100, "one for twenty");
    }
}
