//! Turns within one process: whoever waits for another's change of the same thing does so without a connection to the
//! database, of which there are few.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;
use uuid::Uuid;

use crate::error::CatalogueError;

/// Things share turns by chance: with so many, seldom.
const TURNS: usize = 1_024;

/// How long anybody waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who may change what now.
#[derive(Debug)]
pub(crate) struct Turns(Vec<Arc<Mutex<()>>>);

/// Somebody's turn, until it is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Default for Turns {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Arc::default()).collect())
    }
}

impl Turns {
    /// Waits for the turn to change what has the `id`; those who came first go first.
    ///
    /// # Errors
    /// [`CatalogueError::Busy`] after [`PATIENCE`].
    pub(crate) async fn take(&self, id: Uuid) -> Result<Turn, CatalogueError> {
        // The lower half of a UUIDv7 is random.
        let place = usize::try_from(id.as_u128() % TURNS as u128).expect("less than TURNS");
        let turn = Arc::clone(&self.0[place]).lock_owned();
        timeout(PATIENCE, turn).await.map_err(|_| CatalogueError::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_and_nobody_waits_for_ever() {
        let turns = Turns::default();
        let (song, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let turn = turns.take(song).await.expect("free");
        turns.take(other).await.expect("another");
        assert!(matches!(turns.take(song).await, Err(CatalogueError::Busy)));
        drop(turn);
        turns.take(song).await.expect("free again");
    }
}
