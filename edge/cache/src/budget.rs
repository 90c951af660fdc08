//! How much may be on its way from the origin at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::block::BLOCK_SIZE;
use crate::fill_error::FillError;
use crate::settings::Settings;

/// What one permit stands for, in bytes.
const UNIT: u64 = 64 << 10;

/// When it is worth another try after being turned away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The bytes that may be in flight, and the queue for them, first come, first served.
#[derive(Debug)]
pub(crate) struct Budget {
    units: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    queue: usize,
    timeout: Duration,
}

/// Who asks for a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Somebody whose answer has not begun: they may be told to come back.
    Newcomer,
    /// Somebody who would have to break off what they began.
    Committed,
    /// Somebody who judges others by it: nothing stale will do.
    Judge,
}

/// A place in the queue.
#[derive(Debug)]
pub(crate) struct Turn {
    units: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    timeout: Duration,
}

/// A block's share of the budget, given back when it goes.
#[derive(Debug)]
pub(crate) struct Share(OwnedSemaphorePermit);

impl Budget {
    pub(crate) fn new(settings: &Settings) -> Self {
        let units = (settings.in_flight / UNIT).max(units_of(BLOCK_SIZE).into());
        let units = usize::try_from(units).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
            waiting: Arc::default(),
            queue: settings.queue,
            timeout: settings.timeout,
        }
    }

    /// Takes a place in the queue.
    ///
    /// # Errors
    /// [`FillError::Overloaded`] for a newcomer where too many wait.
    pub(crate) fn queue(&self, asker: Asker) -> Result<Turn, FillError> {
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        let turn = Turn {
            units: Arc::clone(&self.units),
            waiting: Arc::clone(&self.waiting),
            timeout: self.timeout,
        };
        // Whoever waits counts from here on; dropping the turn takes it back. Some wait only to be run.
        let free = self.units.available_permits() / units_of(BLOCK_SIZE) as usize;
        let full = before >= self.queue.saturating_add(free);
        match asker {
            Asker::Newcomer if full => Err(FillError::Overloaded { retry_after: RETRY_AFTER }),
            Asker::Newcomer | Asker::Committed | Asker::Judge => Ok(turn),
        }
    }
}

impl Turn {
    /// Waits for a whole block's share.
    ///
    /// # Errors
    /// [`FillError::Overloaded`] where that takes longer than a block may.
    pub(crate) async fn come(self) -> Result<Share, FillError> {
        let units = Arc::clone(&self.units).acquire_many_owned(units_of(BLOCK_SIZE));
        let permit = tokio::time::timeout(self.timeout, units).await;
        let overloaded = FillError::Overloaded { retry_after: RETRY_AFTER };
        match permit {
            Ok(permit) => permit.map(Share).map_err(|_| FillError::Lost),
            Err(_) => Err(overloaded),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Share {
    /// Gives back what a block of `length` bytes does not need.
    pub(crate) fn shrink(&mut self, length: u64) {
        let surplus = self.0.num_permits().saturating_sub(units_of(length) as usize);
        drop(self.0.split(surplus));
    }
}

fn units_of(length: u64) -> u32 {
    u32::try_from(length.div_ceil(UNIT)).unwrap_or(u32::MAX).max(1)
}
