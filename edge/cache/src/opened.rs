//! An object that has begun to arrive.

use std::future::poll_fn;
use std::ops::Range;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use origin::Object;

use crate::block::BLOCK_SIZE;
use crate::cache::{Cache, Lookup, Source};
use crate::digest::Digest;
use crate::epochs::Epoch;
use crate::facts::Facts;
use crate::fill_error::FillError;
use crate::reader::Reader;

/// An object whose size is known and whose first bytes are here.
#[derive(Debug)]
pub struct Opened {
    /// Where further blocks are; `None` where there are none, so that a hit on a small object touches
    /// nothing that others touch.
    cache: Option<Cache>,
    object: Object,
    facts: Arc<Facts>,
    first: Lookup,
    /// Where the first block came from.
    pub source: Source,
}

impl Opened {
    pub(crate) async fn wait(
        cache: &Cache,
        object: Object,
        mut first: Lookup,
        source: Source,
    ) -> Result<Self, FillError> {
        let text = matches!(object, Object::Song(_, file) if file.is_text());
        let facts = poll_fn(|context| match &mut first {
            Lookup::Filling(waiter) if !text => waiter.poll_facts(context),
            // Text is compressed as a whole, and wanted as a whole.
            lookup => {
                let whole = ready!(lookup.poll_whole(context));
                Poll::Ready(whole.map(|block| {
                    let facts = Arc::clone(block.facts());
                    *lookup = Lookup::Here(block);
                    facts
                }))
            }
        })
        .await?;
        let cache = (facts.size > BLOCK_SIZE).then(|| cache.clone());
        Ok(Self { cache, object, facts, first, source })
    }

    /// The length in bytes of the object.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.facts.size
    }

    /// How long ago the first block came from the origin (RFC 9111 5.1); nothing where it is still coming.
    #[must_use]
    pub fn age(&self) -> Duration {
        match &self.first {
            Lookup::Here(block) => block.age(),
            Lookup::Filling(_) | Lookup::Failed(_) => Duration::ZERO,
        }
    }

    /// When the read of the first block began, where that is here.
    pub(crate) fn first_read(&self) -> Option<Epoch> {
        match &self.first {
            Lookup::Here(block) => Some(block.read()),
            Lookup::Filling(_) | Lookup::Failed(_) => None,
        }
    }

    /// What the object's bytes must be, where its version's `asset.json` says so.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.facts.promise.as_deref()
    }

    /// The bytes of the object's first block, where all of them are here; those of a text always are.
    #[must_use]
    pub fn first(&self) -> Option<&Bytes> {
        match &self.first {
            Lookup::Here(block) => Some(block.bytes()),
            Lookup::Filling(_) | Lookup::Failed(_) => None,
        }
    }

    /// Streams `range` of the object, which must lie within its size.
    #[must_use]
    pub fn read(self, range: Range<u64>) -> Reader {
        let size = self.size();
        let range = range.start.min(size)..range.end.min(size);
        Reader::new(self.cache, self.object, self.facts, self.first, range)
    }
}
