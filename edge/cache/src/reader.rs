//! A range of an object as a chain of slices of its blocks.

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use origin::Object;

use crate::block::{BLOCK_SIZE, BlockKey};
use crate::budget::Asker;
use crate::cache::{Cache, Lookup};
use crate::facts::Facts;
use crate::fill_error::FillError;

/// Streams a range of an object: slices of blocks, never copies, as they arrive. While the last of a
/// block is being sent the next is already asked for; beyond that a slow reader holds nothing.
#[derive(Debug)]
pub struct Reader {
    /// Where further blocks are, if there are any.
    cache: Option<Cache>,
    object: Object,
    facts: Arc<Facts>,
    /// What is still to be sent.
    left: Range<u64>,
    /// The block that `left` begins in; `None` where nothing is left.
    current: Option<Lookup>,
}

impl Reader {
    pub(crate) fn new(
        cache: Option<Cache>,
        object: Object,
        facts: Arc<Facts>,
        first: Lookup,
        left: Range<u64>,
    ) -> Self {
        let mut reader = Self { cache, object, facts, left, current: None };
        if reader.left.start < BLOCK_SIZE {
            reader.current = Some(first);
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
        let key = BlockKey { object: self.object, index: self.left.start / BLOCK_SIZE };
        let cache = self.cache.as_ref().filter(|_| self.remaining() > 0);
        self.current = cache.map(|cache| cache.lookup(key, Asker::Committed).0);
    }

    /// What is there of the current block that is wanted next; one byte at least.
    fn poll_part(&mut self, context: &Context<'_>) -> Poll<Result<(Bytes, Arc<Facts>), FillError>> {
        let start = self.left.start % BLOCK_SIZE;
        let wanted = start..start.saturating_add(self.remaining()).min(BLOCK_SIZE);
        match &mut self.current {
            Some(Lookup::Here(block)) => {
                let part = block.part(&wanted).map(|part| (part, Arc::clone(block.facts())));
                Poll::Ready(part.ok_or(FillError::Changed))
            }
            Some(Lookup::Filling(waiter)) => waiter.poll_part(context, &wanted),
            Some(Lookup::Failed(error)) => Poll::Ready(Err(error.clone())),
            None => Poll::Ready(Err(FillError::Lost)),
        }
    }

    /// Counts a part as sent; what comes after it becomes current.
    fn take(&mut self, part: Bytes, facts: &Facts) -> Result<Bytes, FillError> {
        if !self.facts.agree_with(facts) {
            self.cache.iter().for_each(|cache| cache.distrust(self.object));
            return Err(FillError::Changed);
        }
        let before = self.left.start / BLOCK_SIZE;
        self.left.start += part.len() as u64;
        if self.remaining() == 0 || self.left.start / BLOCK_SIZE != before {
            self.ask_for_current();
        }
        Ok(part)
    }
}

impl Stream for Reader {
    type Item = Result<Bytes, FillError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.remaining() == 0 || self.current.is_none() {
            return Poll::Ready(None);
        }
        let outcome = ready!(self.poll_part(context));
        let item = outcome.and_then(|(part, facts)| self.take(part, &facts));
        if item.is_err() {
            self.current = None;
        }
        Poll::Ready(Some(item))
    }
}
