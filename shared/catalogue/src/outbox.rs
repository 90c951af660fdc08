//! What has happened and is to be told: the reading end of the transactional outbox.

use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::deliveries::NewDelivery;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::row::Row;
use crate::source::Source;
use crate::statement::sql;

/// How long events stay after they were told, for whoever looks into what happened.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// An event that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Its place in the order of telling.
    pub turn: i64,
    /// Its own id: telling it again under the same id is telling it once.
    pub id: Uuid,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What: an [`Event`] in JSON, perhaps one of a later release.
    pub payload: Value,
}

impl Happening {
    /// What, as this release knows it.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        serde_json::from_value(self.payload.clone()).ok()
    }
}

/// The outbox of a catalogue.
#[derive(Debug)]
pub struct Outbox<'a>(&'a Catalogue);

impl<'a> Outbox<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Up to `limit` events that were not told yet, in their order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn pending(&self, limit: u32) -> Result<Vec<Happening>, CatalogueError> {
        let statement = sql("SELECT turn, id, payload, created_ms FROM outbox
                             WHERE published_ms IS NULL ORDER BY turn LIMIT $1");
        let rows = self.0.read().all(statement.bind(limit)).await?;
        rows.iter().map(read_happening).collect()
    }

    /// Notes that everything in `told` was told, and puts in what external caches are to be told of it.
    ///
    /// # Errors
    /// The database failed: it will be told again.
    pub async fn note_told(
        &self,
        told: &[Happening],
        deliveries: &[NewDelivery],
    ) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        write.deliver(deliveries).await?;
        for happening in told {
            let statement = sql("UPDATE outbox SET published_ms = $1 WHERE turn = $2");
            write.execute(statement.bind(self.0.now_ms()).bind(happening.turn)).await?;
        }
        write.commit().await
    }

    /// Forgets what was told longer than [`KEPT`] ago, and what consumers have done with it once a bus that keeps
    /// everything for `on_the_bus` tells them no more of it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep(&self, on_the_bus: Duration) -> Result<(), CatalogueError> {
        let before = self.before(KEPT);
        let mut write = self.0.write().await?;
        write.execute(sql("DELETE FROM outbox WHERE published_ms < $1").bind(before)).await?;
        let long_before = self.before(KEPT.saturating_add(on_the_bus));
        write.execute(sql("DELETE FROM inbox WHERE done_ms < $1").bind(long_before)).await?;
        write.sweep_answers().await?;
        write.sweep_uploads().await?;
        write.sweep_deliveries().await?;
        write.commit().await
    }

    fn before(&self, time: Duration) -> i64 {
        self.0.now_ms().saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
    }

    /// Returns when somebody in this process has put something in. Others may have, unheard.
    pub async fn filled(&self) {
        self.0.outbox_filled().notified().await;
    }
}

fn read_happening(row: &Row) -> Result<Happening, CatalogueError> {
    let payload: String = row.get("payload")?;
    Ok(Happening {
        turn: row.get("turn")?,
        id: row.get("id")?,
        at_ms: row.get("created_ms")?,
        payload: serde_json::from_str(&payload).map_err(CatalogueError::unreadable("event"))?,
    })
}
