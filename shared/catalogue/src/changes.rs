//! How often what everybody is shown has changed, as far as this process knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::Event;

/// Counts changes of what is said about songs, albums and artists: those that were made through this process when they
/// are made, others when somebody [hears](Changes::hear) of them. Cloning shares the count.
///
/// Whoever keeps what they read keeps the count from before they read with it: as long as it stands, nothing that they
/// should know of is newer.
#[derive(Debug, Clone, Default)]
pub struct Changes(Arc<AtomicU64>);

impl Changes {
    /// The changes so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Counts what happened elsewhere, if it is such a change.
    pub fn hear(&self, event: &Event) {
        if event.is_of_a_song() {
            self.note();
        }
    }

    /// Counts one that is not known: something may have been missed.
    pub fn note(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use media::{SongId, UserId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_happens_to_songs_counts_and_what_people_do_does_not() {
        let changes = Changes::default();
        changes.hear(&Event::SongWithdrawn { song: SongId::new(Uuid::nil()) });
        assert_eq!(changes.count(), 1);
        changes.hear(&Event::LibraryChanged { user: UserId::new(Uuid::nil()) });
        assert_eq!(changes.count(), 1);
    }
}
