//! Softly purged objects: the origin is asked whether they still are what they were.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::block::{Block, BlockKey};
use crate::cache::Cache;
use crate::epochs::{Epoch, Standing};
use crate::fill;
use crate::fill_error::FillError;

/// How long the origin is left alone after it could not be asked.
const PAUSE: Duration = Duration::from_secs(1);

/// Blocks whose objects the origin is being asked for.
#[derive(Debug, Default)]
pub(crate) struct Renewals(Mutex<HashSet<BlockKey>>);

impl Renewals {
    fn table(&self) -> MutexGuard<'_, HashSet<BlockKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    /// Asks the origin about a stale block, unless somebody does.
    pub(crate) fn renew(&self, key: BlockKey, block: &Block) {
        if self.0.renewals.table().insert(key) {
            let (cache, block) = (self.clone(), block.clone());
            tokio::spawn(async move {
                let epoch = cache.0.epochs.now();
                let wait = cache.0.settings.timeout;
                let straight = cache.0.epochs.lately(&key.object);
                let now = fill::ask_again(&cache.0.upstreams, &key.object, straight, wait).await;
                match now {
                    Ok(facts) if facts.may_still_be(block.facts()) => {
                        cache.keep(key, &block, epoch)
                    }
                    Ok(_) | Err(FillError::NotFound | FillError::Changed) => {
                        cache.distrust(key.object)
                    }
                    Err(error) => {
                        tracing::warn!(object = %key.object, %error, "stale, and the origin can't say");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                cache.0.renewals.table().remove(&key);
            });
        }
    }

    fn keep(&self, key: BlockKey, block: &Block, epoch: Epoch) {
        if self.0.epochs.standing(&key.object, epoch) == Standing::Fresh {
            self.0.store(key, block.renewed(epoch));
        }
    }
}
