//! A streaming replica: how far it has come, and who must not yet read from it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use media::UserId;
use sqlx::Row;
use sqlx::postgres::PgPool;

use super::Freshness;
use super::trail::Trail;
use super::until::Until;
use super::written::Written;
use crate::error::CatalogueError;

/// How long a replica that could not be reached is left alone.
const REST: Duration = Duration::from_secs(5);

/// How long a server is believed to be a replica still.
const BELIEVED: Duration = Duration::from_secs(5);

/// A streaming replica.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) pool: PgPool,
    /// The last position that it is known to have replayed: it only ever moves on.
    replayed: AtomicI64,
    written: Mutex<Written>,
    /// Where the leader was.
    trail: Trail,
    /// While what it said last is believed.
    believed: Until,
    /// While it is left alone.
    resting: Until,
    /// Held by whoever asks it, where it is not believed: it may be away.
    asking: tokio::sync::Mutex<()>,
}

impl Replica {
    /// Nobody reads from it before it has replayed up to `floor`.
    pub(super) fn new(pool: PgPool, floor: i64) -> Self {
        Self {
            pool,
            replayed: AtomicI64::new(0),
            written: Mutex::new(Written::since(floor)),
            trail: Trail::from(floor),
            believed: Until::default(),
            resting: Until::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// Whether it has replayed all that the reader must see, and what the `leader` had some seconds ago.
    pub(super) async fn suffices(&self, freshness: Freshness, leader: &PgPool) -> bool {
        if self.resting.lasts() {
            return false;
        }
        let needed = match freshness {
            Freshness::Latest => return false,
            Freshness::Eventual => self.written().floor(),
            Freshness::Own(user) => self.written().needed(user),
        };
        let needed = needed.max(self.trail.some_time_ago(leader).await);
        if self.believed.lasts() {
            return self.replayed() >= needed || self.ask().await >= needed;
        }
        // One finds out whether it answers; nobody else waits for that.
        let Ok(_asking) = self.asking.try_lock() else { return false };
        self.ask().await >= needed
    }

    /// `user` has written up to `position`.
    pub(super) fn must_reach(&self, user: UserId, position: i64) {
        self.written().add(user, position, self.replayed());
    }

    /// What it could not answer, the leader may: unless the statement is at fault.
    pub(crate) fn note(&self, error: CatalogueError) -> Result<(), CatalogueError> {
        if !error.is_unreachable() {
            return Err(error);
        }
        self.resting.extend(REST);
        Ok(())
    }

    /// How far it has come now. A server that was promoted has another history from then on: it is read from no more.
    async fn ask(&self) -> i64 {
        let sql = "SELECT (pg_last_wal_replay_lsn() - '0/0')::BIGINT AS position
                   WHERE pg_is_in_recovery()";
        let answer = sqlx::query(sql).fetch_optional(&self.pool).await;
        let position = answer.and_then(|row| row.map(|row| row.try_get("position")).transpose());
        if let Ok(Some(position)) = position {
            self.believed.extend(BELIEVED);
            self.replayed.fetch_max(position, Ordering::AcqRel).max(position)
        } else {
            self.resting.extend(REST);
            0
        }
    }

    fn replayed(&self) -> i64 {
        self.replayed.load(Ordering::Acquire)
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
