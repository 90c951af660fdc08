//! What time it is for leases and rests. Workers on several machines must mean the same by it: one whose clock is an hour
//! behind would take leases that are over for all others. So it is the database's time where the database is a server; each
//! process measures how far that is from its own clock, and measures it again now and then.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::database::Database;
use crate::error::CatalogueError;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// How long a measurement is believed: clocks drift by less than a millisecond in that time, but may be set.
const BELIEVED: Duration = Duration::from_secs(60);

/// How far the database's clock is from ours.
#[derive(Debug, Default)]
pub(crate) struct DatabaseTime(Mutex<Option<Measured>>);

#[derive(Debug, Clone, Copy)]
struct Measured {
    ahead_ms: i64,
    at: Instant,
}

impl DatabaseTime {
    /// Milliseconds since 1970 by the database's clock.
    pub(super) async fn now_ms(&self, write: &mut Write) -> Result<i64, CatalogueError> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = match known {
            Some(known) if known.at.elapsed() < BELIEVED => known.ahead_ms,
            _ => self.measure(write).await?,
        };
        Ok(write.now_ms().saturating_add(ahead))
    }

    /// To within the time that the server takes to answer.
    async fn measure(&self, write: &mut Write) -> Result<i64, CatalogueError> {
        let ahead_ms = match write.database() {
            // A file is on our machine.
            Database::Sqlite(_) => 0,
            Database::Postgres(_) => {
                let ask = sql(
                    "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now",
                );
                let theirs: i64 = write.one(ask).await?.get("now")?;
                theirs.saturating_sub(write.now_ms())
            }
        };
        let measured = Measured { ahead_ms, at: Instant::now() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(measured);
        Ok(ahead_ms)
    }
}
