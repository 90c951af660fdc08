//! Softly purged objects: the origin is asked whether they still are what they were.
//!
//! Where `asset.json` says what an object is, the list is read again and no object is asked for: a block that was
//! found to be what it promises is so for as long as it promises the same.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use origin::Object;

use crate::block::{Block, BlockKey};
use crate::cache::Cache;
use crate::epochs::{Epoch, Standing};
use crate::fill;
use crate::fill_error::FillError;

/// How long the origin is left alone after it could not be asked.
const PAUSE: Duration = Duration::from_secs(1);

/// The objects that the origin is being asked for: of each, for one block at a time.
#[derive(Debug, Default)]
pub(crate) struct Renewals(Mutex<HashSet<Object>>);

impl Renewals {
    fn table(&self) -> MutexGuard<'_, HashSet<Object>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An object's place in the table: given up however the asking ends, a panic included.
struct Asking {
    cache: Cache,
    object: Object,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.cache.0.renewals.table().remove(&self.object);
    }
}

impl Cache {
    /// Asks the origin about a stale block, unless somebody does.
    pub(crate) fn renew(&self, key: BlockKey, block: &Block) {
        if self.0.renewals.table().insert(key.object) {
            let (cache, block) = (self.clone(), block.clone());
            tokio::spawn(async move {
                let asking = Asking { cache, object: key.object };
                asking.cache.renew_now(key, &block).await;
            });
        }
    }

    async fn renew_now(&self, key: BlockKey, block: &Block) {
        let epoch = self.0.epochs.now();
        match self.still_is(&key.object, block).await {
            Ok(true) => self.keep(key, block, epoch),
            Ok(false) | Err(FillError::NotFound | FillError::Changed) => self.distrust(key.object),
            Err(error) => {
                tracing::warn!(object = %key.object, %error, "stale, and the origin can't say");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Whether the origin has what the block was read from.
    async fn still_is(&self, object: &Object, block: &Block) -> Result<bool, FillError> {
        if let Some(promise) = &block.facts().promise {
            return Ok(self.promise_anew(object).await?.as_ref() == Some(promise));
        }
        let (wait, straight) = (self.0.settings.timeout, self.0.epochs.lately(object));
        let facts = fill::ask_again(&self.0.upstreams, object, straight, wait).await?;
        Ok(facts.agree_with(block.facts()))
    }

    fn keep(&self, key: BlockKey, block: &Block, epoch: Epoch) {
        if self.0.epochs.standing(&key.object, epoch) == Standing::Fresh {
            self.0.store(key, block.renewed(epoch));
        }
    }
}
