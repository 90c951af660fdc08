//! A range of an object as a chain of slices of its blocks.

use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use origin::Object;

use crate::block::{BLOCK_SIZE, Block, BlockKey};
use crate::cache::{Cache, Lookup};
use crate::fill::FillError;

/// Streams a range of an object: slices of blocks, never copies. While one block is being sent the
/// next is already asked for; beyond that a slow reader holds nothing.
#[derive(Debug)]
pub struct Reader {
    cache: Cache,
    object: Object,
    object_size: u64,
    /// What is still to be sent.
    left: Range<u64>,
    /// The block that `left` begins in, and its number.
    current: Option<(u64, Lookup)>,
}

impl Reader {
    pub(crate) fn new(cache: Cache, object: Object, first: Block, left: Range<u64>) -> Self {
        let object_size = first.object_size;
        let mut reader = Self { cache, object, object_size, left, current: None };
        if reader.left.start < BLOCK_SIZE {
            reader.current = Some((0, Lookup::Here(first)));
        } else {
            reader.ask_for_current();
        }
        reader
    }

    /// How many bytes are still to be sent.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.left.end.saturating_sub(self.left.start)
    }

    fn ask_for_current(&mut self) {
        let index = self.left.start / BLOCK_SIZE;
        let wanted = self.remaining() > 0;
        self.current = wanted.then(|| (index, self.lookup(index)));
    }

    fn lookup(&self, index: u64) -> Lookup {
        self.cache.lookup(BlockKey { object: self.object, index }).0
    }

    /// The part of the block `index` that is wanted; what comes after it becomes current.
    fn take(&mut self, index: u64, block: &Block) -> Result<Bytes, FillError> {
        if block.object_size != self.object_size {
            let (before, after) = (self.object_size, block.object_size);
            return Err(FillError::Changed { before, after });
        }
        let offset = index * BLOCK_SIZE;
        let end = self.left.end.min(offset + BLOCK_SIZE);
        // Both ends lie within a block of 1 MiB.
        let slice = (self.left.start - offset) as usize..(end - offset) as usize;
        let bytes = block.bytes.slice(slice);
        self.left.start = end;
        self.ask_for_current();
        Ok(bytes)
    }
}

impl Stream for Reader {
    type Item = Result<Bytes, FillError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.remaining() == 0 {
            return Poll::Ready(None);
        }
        let Some((index, lookup)) = &mut self.current else { return Poll::Ready(None) };
        let index = *index;
        let outcome = ready!(lookup.poll(context));
        self.current = None;
        let item = outcome.and_then(|block| self.take(index, &block));
        Poll::Ready(Some(item))
    }
}
