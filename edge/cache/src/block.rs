//! The unit of caching.

use std::ops::Range;

use bytes::Bytes;
use origin::Object;

/// The length in bytes of every block of an object but its last.
pub const BLOCK_SIZE: u64 = 1 << 20;

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
}

/// A block as it is held. Cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its bytes: never fewer than the object has there.
    pub bytes: Bytes,
    /// The length in bytes of the whole object.
    pub object_size: u64,
}

impl Block {
    /// What the block costs in memory, in bytes, with its share of the cache's own tables.
    #[must_use]
    pub fn weight(&self) -> u32 {
        const TABLES: u32 = 512;
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX).saturating_add(TABLES)
    }
}
