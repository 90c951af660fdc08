//! What consumers of events have done already: events come at least once, and are acted upon once.

use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// The inboxes in a catalogue, one for each consumer by its name.
#[derive(Debug)]
pub struct Inbox<'a>(&'a Catalogue);

impl<'a> Inbox<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Whether `consumer` has noted that it is done with the event.
    ///
    /// # Errors
    /// The database failed.
    pub async fn has_done(&self, consumer: &str, event: Uuid) -> Result<bool, CatalogueError> {
        let statement = sql("SELECT 1 AS one FROM inbox WHERE consumer = $1 AND event_id = $2");
        let row = self.0.read().optional(statement.bind(consumer).bind(event)).await?;
        Ok(row.is_some())
    }

    /// Notes that `consumer` is done with the event. Answers whether this was the first time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_done(&self, consumer: &str, event: Uuid) -> Result<bool, CatalogueError> {
        let mut write = self.0.write().await?;
        let first = write.is_first(consumer, event).await?;
        write.commit().await?;
        Ok(first)
    }
}

impl Write {
    /// Whether `consumer` never acted upon the event. What it does about it goes into this transaction: then it happens
    /// once, however often the event comes.
    pub(crate) async fn is_first(
        &mut self,
        consumer: &str,
        event: Uuid,
    ) -> Result<bool, CatalogueError> {
        let statement = sql("INSERT INTO inbox (consumer, event_id, done_ms) VALUES ($1, $2, $3)
                             ON CONFLICT (consumer, event_id) DO NOTHING");
        let now = self.now_ms();
        Ok(self.execute(statement.bind(consumer).bind(event).bind(now)).await? == 1)
    }
}
