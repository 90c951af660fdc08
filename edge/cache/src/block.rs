//! The unit of caching.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::asset::PIECE_SIZE;
use origin::Object;
use tokio::time::Instant;

use crate::epochs::{Epoch, Stamp};
use crate::facts::Facts;

/// The length in bytes of every block of an object but its last: some whole pieces.
pub const BLOCK_SIZE: u64 = 4 * PIECE_SIZE;

/// Which block of which object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockKey {
    /// The object.
    pub object: Object,
    /// The block's number, from 0.
    pub index: u64,
}

impl BlockKey {
    /// The bytes of the object that the block may hold; the last block ends earlier.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        let start = self.index * BLOCK_SIZE;
        start..start + BLOCK_SIZE
    }

    /// How many bytes the block has of an object of `size`.
    #[must_use]
    pub fn length(&self, size: u64) -> u64 {
        let range = self.range();
        range.end.min(size).saturating_sub(range.start)
    }
}

/// A block as it is held, whole. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Block(Arc<Held>);

#[derive(Debug)]
struct Held {
    bytes: Bytes,
    facts: Arc<Facts>,
    /// When its read began, whatever it has been found to be since.
    read: Epoch,
    stamp: Stamp,
    since: Instant,
}

impl Block {
    /// A block whose read began in `epoch`.
    pub(crate) fn new(bytes: Bytes, facts: Arc<Facts>, epoch: Epoch) -> Self {
        let (stamp, since) = (Stamp::new(epoch), Instant::now());
        Self(Arc::new(Held { bytes, facts, read: epoch, stamp, since }))
    }

    /// The same bytes, found in `epoch` to be the origin's still.
    pub(crate) fn renewed(&self, epoch: Epoch) -> Self {
        Self::new(self.0.bytes.clone(), Arc::clone(&self.0.facts), epoch)
    }

    /// Its bytes: never fewer than the object has there.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// A slice of its bytes; `None` where it has fewer.
    pub(crate) fn part(&self, wanted: &Range<u64>) -> Option<Bytes> {
        let holds = wanted.end <= self.0.bytes.len() as u64;
        // Both ends lie within a block.
        holds.then(|| self.0.bytes.slice(wanted.start as usize..wanted.end as usize))
    }

    /// How long ago it came, or was last found to be the origin's.
    pub(crate) fn age(&self) -> Duration {
        self.0.since.elapsed()
    }

    /// What is true of its object.
    pub(crate) fn facts(&self) -> &Arc<Facts> {
        &self.0.facts
    }

    /// When its read began, or it was last found to be the origin's.
    pub(crate) fn read(&self) -> Epoch {
        self.0.read
    }

    /// Up to when it is known to be good.
    pub(crate) fn stamp(&self) -> &Stamp {
        &self.0.stamp
    }

    /// What the block costs in memory, in bytes, with its share of the cache's own tables.
    pub(crate) fn weight(&self) -> u32 {
        const TABLES: u32 = 512;
        u32::try_from(self.0.bytes.len()).unwrap_or(u32::MAX).saturating_add(TABLES)
    }
}
