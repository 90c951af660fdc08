//! Blocks by key, and the fills that are under way.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use object_store::ObjectStore;
use origin::Object;

use crate::block::{Block, BlockKey};
use crate::fill::{self, Fill, FillError, Outcome};
use crate::reader::Reader;

/// Where a block came from (RFC 9211 2.1, 2.2, 2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It was in memory.
    Hit,
    /// This request began the read from the origin.
    Miss,
    /// This request joined a read that another had begun.
    Collapsed,
}

/// An object whose first block is here.
#[derive(Debug)]
pub struct Opened {
    cache: Cache,
    object: Object,
    first: Block,
    /// Where the first block came from.
    pub source: Source,
}

impl Opened {
    /// The length in bytes of the object.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.first.object_size
    }

    /// The bytes of the object's first block.
    #[must_use]
    pub fn first(&self) -> &Bytes {
        &self.first.bytes
    }

    /// Streams `range` of the object, which must lie within its size.
    #[must_use]
    pub fn read(self, range: Range<u64>) -> Reader {
        let size = self.size();
        Reader::new(self.cache, self.object, self.first, range.start.min(size)..range.end.min(size))
    }
}

/// The cache of an edge. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Cache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn ObjectStore>,
    timeout: Duration,
    blocks: moka::sync::Cache<BlockKey, Block>,
    /// Touched on misses alone. A fill stores its block *before* it leaves this table, so that who
    /// finds it in neither may begin another.
    filling: Mutex<HashMap<BlockKey, Fill>>,
}

/// A block that is here, or the fill that will bring it.
#[derive(Debug)]
pub(crate) enum Lookup {
    Here(Block),
    Filling(Fill),
}

impl Lookup {
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Outcome> {
        match self {
            Self::Here(block) => Poll::Ready(Ok(block.clone())),
            Self::Filling(fill) => fill.poll_unpin(context),
        }
    }
}

impl Cache {
    /// A cache over `store` that holds about `capacity` bytes, and gives each read of a block
    /// from the origin `timeout`.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, capacity: u64, timeout: Duration) -> Self {
        let blocks = moka::sync::Cache::builder()
            .max_capacity(capacity)
            .weigher(|_: &BlockKey, block: &Block| block.weight())
            .build();
        Self(Arc::new(Inner { store, timeout, blocks, filling: Mutex::default() }))
    }

    /// Gets the object's first block, which also tells its size: no extra request for that.
    ///
    /// # Errors
    /// [`FillError::NotFound`] where the origin has no such object, the others where it failed.
    pub async fn open(&self, object: Object) -> Result<Opened, FillError> {
        let (lookup, source) = self.lookup(BlockKey { object, index: 0 });
        let first = match lookup {
            Lookup::Here(block) => block,
            Lookup::Filling(fill) => fill.await?,
        };
        Ok(Opened { cache: self.clone(), object, first, source })
    }

    /// Finds a block, joins its fill, or begins one. Must be called within a tokio runtime.
    pub(crate) fn lookup(&self, key: BlockKey) -> (Lookup, Source) {
        match self.0.blocks.get(&key) {
            Some(block) => (Lookup::Here(block), Source::Hit),
            None => self.join_or_begin(key),
        }
    }

    fn join_or_begin(&self, key: BlockKey) -> (Lookup, Source) {
        let mut filling = self.0.filling();
        if let Some(fill) = filling.get(&key) {
            return (Lookup::Filling(fill.clone()), Source::Collapsed);
        }
        if let Some(block) = self.0.blocks.get(&key) {
            return (Lookup::Here(block), Source::Hit);
        }
        let (done, fill) = Fill::new();
        filling.insert(key, fill.clone());
        drop(filling);
        let under_way = UnderWay { cache: Arc::clone(&self.0), key };
        tokio::spawn(async move {
            let outcome = under_way.run().await;
            // Nobody may be waiting any more; the block is stored all the same.
            let _ = done.send(outcome);
        });
        (Lookup::Filling(fill), Source::Miss)
    }
}

impl Inner {
    fn filling(&self) -> MutexGuard<'_, HashMap<BlockKey, Fill>> {
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fill's place in the table: given up however the fill ends, a panic included.
struct UnderWay {
    cache: Arc<Inner>,
    key: BlockKey,
}

impl UnderWay {
    async fn run(self) -> Outcome {
        let outcome = fill::read(&*self.cache.store, self.key, self.cache.timeout).await;
        match &outcome {
            Ok(block) => self.cache.blocks.insert(self.key, block.clone()),
            Err(FillError::NotFound) => {}
            Err(error) => {
                tracing::warn!(object = %self.key.object, block = self.key.index, %error, "no fill");
            }
        }
        outcome
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.cache.filling().remove(&self.key);
    }
}
