//! What external caches are to be told: a queue with one row for each event and hook, so that each is told at least once
//! whatever dies in between. A row is claimed under a lease; whoever dies with it leaves it to others.
//!
//! Hooks have stages, from the inside out: what lies further out fetches anew from what lies further in, and must not do so
//! before that has forgotten. It waits for it, but not for ever, and is told once more if that was too early.

use std::time::Duration;

use origin::Purge;
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::row::Row;
use crate::source::Source;
use crate::statement::{Statement, sql};
use crate::write::Write;

/// How long what was delivered is remembered.
const DONE_KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// How long dead letters, and what nobody delivers any more, are.
const OTHERS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Something that a hook is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// The hook's name.
    pub hook: String,
    /// How far out it lies: those with a lower number are told first.
    pub stage: u8,
    /// The event or purge that is the reason. A hook is told of it once, however often this is put in.
    pub event: Uuid,
    /// What that was, such as `song.withdrawn`.
    pub cause: String,
    /// What is to be forgotten.
    pub purge: Purge,
}

/// A row of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its own id.
    pub id: Uuid,
    /// The hook's name.
    pub hook: String,
    /// How far out it lies.
    pub stage: u8,
    /// The event or purge that is the reason.
    pub event: Uuid,
    /// What that was.
    pub cause: String,
    /// What is to be forgotten.
    pub purge: Purge,
    /// What has become of it.
    pub state: DeliveryState,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// How often it was opened again.
    pub round: u32,
    /// When it was put in, in milliseconds since 1970.
    pub created_ms: u64,
    /// When something last became of it.
    pub updated_ms: u64,
    /// Why it was last tried in vain.
    pub last_error: Option<String>,
    lease: Option<Uuid>,
}

/// What has become of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits for its turn, or somebody is at it.
    Open,
    /// The hook has it.
    Done,
    /// It was tried too often; only [`Deliveries::replay`] opens it again.
    Dead,
}

/// Not a [`DeliveryState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("accepted are open, done and dead")]
pub struct UnknownDeliveryState;

impl DeliveryState {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

impl std::str::FromStr for DeliveryState {
    type Err = UnknownDeliveryState;

    fn from_str(text: &str) -> Result<Self, UnknownDeliveryState> {
        let all = [Self::Open, Self::Done, Self::Dead];
        all.into_iter().find(|state| state.name() == text).ok_or(UnknownDeliveryState)
    }
}

/// The queue in a catalogue.
#[derive(Debug)]
pub struct Deliveries<'a>(&'a Catalogue);

macro_rules! rows {
    ($rest:literal) => {
        sql(concat!(
            "SELECT id, hook, stage, event_id, cause, purge, state, attempts, round, lease, created_ms, updated_ms,
                 last_error
             FROM deliveries AS outer_one ",
            $rest
        ))
    };
}

impl<'a> Deliveries<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Puts them in, but for those that are in already.
    ///
    /// # Errors
    /// The database failed.
    pub async fn add(&self, deliveries: &[NewDelivery]) -> Result<(), CatalogueError> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let mut write = self.0.write().await?;
        write.deliver(deliveries).await?;
        write.commit().await
    }

    /// Up to `limit` deliveries to the hook whose turn it is. They wait `patience` at most for hooks further in.
    ///
    /// # Errors
    /// The database failed.
    pub async fn due(
        &self,
        hook: &str,
        patience: Duration,
        limit: u32,
    ) -> Result<Vec<Delivery>, CatalogueError> {
        let statement = rows!(
            "WHERE hook = $1 AND state = 'open' AND due_ms <= $2
               AND (created_ms <= $3 OR NOT EXISTS
                   (SELECT 1 FROM deliveries AS inner_one WHERE inner_one.event_id = outer_one.event_id
                     AND inner_one.stage < outer_one.stage AND inner_one.state = 'open'))
             ORDER BY due_ms, id LIMIT $4"
        );
        let statement = statement.bind(hook).bind(self.0.now_ms()).bind(self.0.before(patience));
        let rows = self.0.read().all(statement.bind(limit)).await?;
        rows.iter().map(read).collect()
    }

    /// Takes them for the length of `lease`. Answers those that nobody else has taken or opened anew meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn claim(
        &self,
        due: Vec<Delivery>,
        lease: Duration,
    ) -> Result<Vec<Delivery>, CatalogueError> {
        let id = Uuid::now_v7();
        let mut claimed = Vec::with_capacity(due.len());
        let mut write = self.0.write().await?;
        for delivery in due {
            let statement = sql("UPDATE deliveries SET lease = $1, due_ms = $2
                 WHERE id = $3 AND state = 'open' AND due_ms <= $4 AND round = $5");
            let statement = statement.bind(id).bind(self.0.after(lease)).bind(delivery.id);
            let statement = statement.bind(self.0.now_ms()).bind(delivery.round);
            if write.execute(statement).await? == 1 {
                claimed.push(Delivery { lease: Some(id), ..delivery });
            }
        }
        write.commit().await?;
        Ok(claimed)
    }

    /// Notes that their hook has them. Those further out that were told of the same before, or are being told, are told
    /// again: they may have fetched what was not yet forgotten further in.
    ///
    /// # Errors
    /// The database failed: they are delivered again.
    pub async fn done(&self, deliveries: &[Delivery]) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        let now = self.0.now_ms();
        for delivery in deliveries {
            let statement =
                sql("UPDATE deliveries SET state = 'done', lease = NULL, updated_ms = $1
                 WHERE id = $2 AND lease = $3");
            let statement = statement.bind(now).bind(delivery.id).bind(delivery.lease);
            if write.execute(statement).await? == 1 {
                let again = sql("UPDATE deliveries SET state = 'open', lease = NULL, due_ms = $1,
                         updated_ms = $1, round = round + 1,
                         attempts = CASE WHEN state = 'done' THEN 0 ELSE attempts END
                     WHERE event_id = $2 AND stage > $3
                       AND (state = 'done' OR (state = 'open' AND lease IS NOT NULL))");
                let stage = u32::from(delivery.stage);
                write.execute(again.bind(now).bind(delivery.event).bind(stage)).await?;
            }
        }
        write.commit().await
    }

    /// Notes that they were tried in vain, each to be tried again after its delay, unless this was attempt number
    /// `most`: then it is dead. Answers how many are.
    ///
    /// # Errors
    /// The database failed: they are tried again when their lease ends.
    pub async fn failed(
        &self,
        deliveries: &[(&Delivery, Duration)],
        reason: &str,
        most: u32,
    ) -> Result<usize, CatalogueError> {
        let mut write = self.0.write().await?;
        let mut dead = 0;
        for (delivery, delay) in deliveries {
            let statement = sql("UPDATE deliveries SET lease = NULL, due_ms = $1, updated_ms = $2,
                     last_error = $3, attempts = attempts + 1,
                     state = CASE WHEN attempts + 1 >= $4 THEN 'dead' ELSE 'open' END
                 WHERE id = $5 AND lease = $6 RETURNING state");
            let statement = statement.bind(self.0.after(*delay)).bind(self.0.now_ms()).bind(reason);
            let statement = statement.bind(most).bind(delivery.id).bind(delivery.lease);
            if let Some(row) = write.optional(statement).await? {
                dead += usize::from(row.parse::<DeliveryState>("state")? == DeliveryState::Dead);
            }
        }
        write.commit().await?;
        Ok(dead)
    }

    /// Holds what was claimed for another `lease` from now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn renew(
        &self,
        deliveries: &[Delivery],
        lease: Duration,
    ) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        for delivery in deliveries {
            let statement = sql("UPDATE deliveries SET due_ms = $1 WHERE id = $2 AND lease = $3");
            let statement = statement.bind(self.0.after(lease)).bind(delivery.id);
            write.execute(statement.bind(delivery.lease)).await?;
        }
        write.commit().await
    }

    /// Gives back what was claimed and not tried: its turn is after `delay`.
    ///
    /// # Errors
    /// The database failed: their turn is when their lease ends.
    pub async fn put_off(
        &self,
        deliveries: &[Delivery],
        delay: Duration,
    ) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        for delivery in deliveries {
            let statement = sql("UPDATE deliveries SET lease = NULL, due_ms = $1
                 WHERE id = $2 AND lease = $3");
            let statement = statement.bind(self.0.after(delay)).bind(delivery.id);
            write.execute(statement.bind(delivery.lease)).await?;
        }
        write.commit().await
    }

    /// Ends every lease at once. Only for a process that knows itself alone on its database: all holders are then dead.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_over(&self) -> Result<u64, CatalogueError> {
        let mut write = self.0.write().await?;
        let statement = sql("UPDATE deliveries SET lease = NULL, due_ms = $1
             WHERE state = 'open' AND lease IS NOT NULL");
        let freed = write.execute(statement.bind(self.0.now_ms())).await?;
        write.commit().await?;
        Ok(freed)
    }

    /// What has become of an event at each hook that was to be told, by their names.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of(&self, event: Uuid) -> Result<Vec<Delivery>, CatalogueError> {
        let rows =
            self.0.read().all(rows!("WHERE event_id = $1 ORDER BY hook").bind(event)).await?;
        rows.iter().map(read).collect()
    }

    /// Deliveries in that state, to that hook where one is named, those first to which something became last.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(
        &self,
        state: DeliveryState,
        hook: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Delivery>, CatalogueError> {
        let statement = rows!(
            "WHERE state = $1 AND (CAST($2 AS TEXT) IS NULL OR hook = $2)
             ORDER BY updated_ms DESC, id DESC LIMIT $3"
        );
        let statement = statement.bind(state.name()).bind(hook).bind(limit);
        self.0.read().all(statement).await?.iter().map(read).collect()
    }

    /// Opens dead letters again: the one with this id, or all, of this hook where one is named. Answers how many.
    ///
    /// # Errors
    /// The database failed.
    pub async fn replay(
        &self,
        hook: Option<&str>,
        id: Option<Uuid>,
    ) -> Result<u64, CatalogueError> {
        let mut write = self.0.write().await?;
        let statement =
            sql("UPDATE deliveries SET state = 'open', attempts = 0, round = round + 1,
                 due_ms = $1, updated_ms = $1
             WHERE state = 'dead' AND (CAST($2 AS TEXT) IS NULL OR hook = $2)");
        let statement = statement.bind(self.0.now_ms()).bind(hook);
        let statement = match id {
            Some(id) => statement.with(" AND id = ?", id),
            None => statement,
        };
        let opened = write.execute(statement).await?;
        write.commit().await?;
        Ok(opened)
    }
}

impl Write {
    /// Puts deliveries in, but for those that are in already.
    pub(crate) async fn deliver(
        &mut self,
        deliveries: &[NewDelivery],
    ) -> Result<(), CatalogueError> {
        for delivery in deliveries {
            self.execute(insert(delivery, self.now_ms())).await?;
        }
        Ok(())
    }

    /// Forgets what is over.
    pub(crate) async fn sweep_deliveries(&mut self) -> Result<(), CatalogueError> {
        for (state, kept) in [("done", DONE_KEPT), ("dead", OTHERS_KEPT), ("open", OTHERS_KEPT)] {
            let before = self.before(kept);
            let statement = sql("DELETE FROM deliveries WHERE state = $1 AND updated_ms < $2");
            self.execute(statement.bind(state).bind(before)).await?;
        }
        Ok(())
    }
}

fn insert(delivery: &NewDelivery, now: i64) -> Statement<'_> {
    let purge = serde_json::to_string(&delivery.purge).expect("a purge is plain JSON");
    sql("INSERT INTO deliveries (id, hook, stage, event_id, cause, purge, state, attempts, round,
             due_ms, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, 'open', 0, 0, $7, $7, $7)
         ON CONFLICT (event_id, hook) DO NOTHING")
    .bind(Uuid::now_v7())
    .bind(delivery.hook.as_str())
    .bind(u32::from(delivery.stage))
    .bind(delivery.event)
    .bind(delivery.cause.as_str())
    .bind(purge)
    .bind(now)
}

fn read(row: &Row) -> Result<Delivery, CatalogueError> {
    let purge: String = row.get("purge")?;
    Ok(Delivery {
        id: row.get("id")?,
        hook: row.get("hook")?,
        stage: row.get::<u16>("stage")?.try_into().map_err(CatalogueError::unreadable("stage"))?,
        event: row.get("event_id")?,
        cause: row.get("cause")?,
        purge: serde_json::from_str(&purge).map_err(CatalogueError::unreadable("purge"))?,
        state: row.parse("state")?,
        attempts: row.get("attempts")?,
        round: row.get("round")?,
        created_ms: row.get("created_ms")?,
        updated_ms: row.get("updated_ms")?,
        last_error: row.get("last_error")?,
        lease: row.get("lease")?,
    })
}
