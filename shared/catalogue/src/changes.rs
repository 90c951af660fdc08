//! How often what everybody is shown has changed, as far as this process knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::catalogue::Catalogue;
use crate::event::Event;

/// Counts changes of what is said about songs, albums and artists. Cloning shares the count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes(Arc<AtomicU64>);

impl Changes {
    pub(crate) fn note(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

impl Catalogue {
    /// The changes so far of what everybody is shown: those that were made through this process when they are made,
    /// others when somebody [hears](Self::hear) of them.
    ///
    /// Whoever keeps what they read [as everybody](Self::seen_by_all) keeps the count from before they read with it: as
    /// long as it stands, nothing that they should know of is newer.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.noted_changes().0.load(Ordering::Acquire)
    }

    /// Counts what happened elsewhere, if it is such a change.
    pub async fn hear(&self, event: &Event) {
        if event.is_of_a_song() {
            self.note_change().await;
        }
    }

    /// Counts one that is not known: something may have been missed.
    pub async fn note_change(&self) {
        self.database().all_must_see_all().await;
        self.noted_changes().note();
    }
}
