//! What is not served, whatever the origin has.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use origin::{SongFolder, SurrogateKey};

/// The surrogate keys of what was withdrawn. Nothing is locked where nothing is.
#[derive(Debug, Default)]
pub(crate) struct Withdrawn {
    keys: RwLock<HashSet<SurrogateKey>>,
    /// Whether there are any; written with the keys locked.
    any: AtomicBool,
}

impl Withdrawn {
    /// From its return on, nothing with the key is served.
    pub(crate) fn withdraw(&self, key: SurrogateKey) {
        self.change(|keys| keys.insert(key));
    }

    /// From its return on, it is served again, unless another of its keys is withdrawn.
    pub(crate) fn restore(&self, key: SurrogateKey) {
        self.change(|keys| keys.remove(&key));
    }

    /// Whether a version may not be served.
    pub(crate) fn hold(&self, folder: &SongFolder) -> bool {
        self.any.load(Ordering::Acquire) && {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            folder.surrogate_keys().iter().any(|key| keys.contains(key))
        }
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<SurrogateKey>) -> bool) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut keys);
        self.any.store(!keys.is_empty(), Ordering::Release);
    }
}
