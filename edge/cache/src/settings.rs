//! What a cache may use, and how long it waits.

use std::time::Duration;

use crate::block::BLOCK_SIZE;

/// What a cache may use, and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many bytes of blocks it holds, their tables included.
    pub capacity: u64,
    /// How long the read of a block may take, retries included. Half of it without a byte ends one
    /// attempt.
    pub timeout: Duration,
    /// How often a read of a block is begun at most: the first time and after failures. What has
    /// arrived is kept, and the next attempt goes on from there.
    pub attempts: u32,
    /// How many objects must fail in a row for an origin to be left alone.
    pub failures: usize,
    /// For how long, before one read tries whether it is well again.
    pub rest: Duration,
    /// How many bytes may be on their way from the origin at once; one block at least.
    pub in_flight: u64,
    /// How many blocks may wait for their turn before requests are turned away.
    pub queue: usize,
    /// For how long an absence is believed.
    pub negative: Duration,
    /// For how long after a soft purge the old is answered while the origin can't be asked.
    pub stale: Duration,
}

impl Settings {
    /// The house's settings for a cache of about `capacity` bytes that gives a block `timeout`.
    #[must_use]
    pub fn new(capacity: u64, timeout: Duration) -> Self {
        Self {
            capacity,
            timeout,
            attempts: 3,
            failures: 5,
            rest: Duration::from_secs(5),
            in_flight: 128 * BLOCK_SIZE,
            queue: 1_024,
            negative: Duration::from_secs(3),
            stale: Duration::from_secs(3_600),
        }
    }
}
