//! A streaming replica: how far it has come, and who must not yet read from it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use media::UserId;
use sqlx::Row;
use sqlx::postgres::PgPool;

use super::Freshness;
use super::written::Written;
use crate::error::CatalogueError;

/// How long a replica that could not be reached is left alone.
const REST: Duration = Duration::from_secs(5);

/// A streaming replica.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) pool: PgPool,
    /// The last position that it is known to have replayed: it only ever moves on.
    replayed: AtomicI64,
    written: Mutex<Written>,
    opened: Instant,
    /// Milliseconds after `opened` from which on it may be asked again.
    resting_until: AtomicU64,
}

impl Replica {
    /// Nobody reads from it before it has replayed up to `floor`.
    pub(super) fn new(pool: PgPool, floor: i64) -> Self {
        Self {
            pool,
            replayed: AtomicI64::new(0),
            written: Mutex::new(Written::since(floor)),
            opened: Instant::now(),
            resting_until: AtomicU64::new(0),
        }
    }

    /// Whether it has replayed all that the reader must see.
    pub(super) async fn suffices(&self, freshness: Freshness) -> bool {
        if self.is_resting() {
            return false;
        }
        let needed = match freshness {
            Freshness::Latest => return false,
            Freshness::Eventual => self.written().floor(),
            Freshness::Own(user) => self.written().needed(user),
        };
        self.replayed.load(Ordering::Acquire) >= needed || self.ask().await >= needed
    }

    /// `user` has written up to `position`.
    pub(super) fn must_reach(&self, user: UserId, position: i64) {
        let replayed = self.replayed.load(Ordering::Acquire);
        self.written().add(user, position, replayed);
    }

    /// What it could not answer, the leader may: unless the statement is at fault.
    pub(crate) fn note(&self, error: CatalogueError) -> Result<(), CatalogueError> {
        if !error.is_unreachable() {
            return Err(error);
        }
        self.rest();
        Ok(())
    }

    /// How far it has come now. A server that was promoted replays nothing: it is read from no more.
    async fn ask(&self) -> i64 {
        let sql = "SELECT (pg_last_wal_replay_lsn() - '0/0')::BIGINT AS position";
        let answer = sqlx::query(sql).fetch_one(&self.pool).await;
        match answer.and_then(|row| row.try_get::<Option<i64>, _>("position")) {
            Ok(position) => {
                let position = position.unwrap_or_default();
                self.replayed.fetch_max(position, Ordering::AcqRel).max(position)
            }
            Err(_) => {
                self.rest();
                0
            }
        }
    }

    fn is_resting(&self) -> bool {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        now < self.resting_until.load(Ordering::Relaxed)
    }

    fn rest(&self) {
        let until = self.opened.elapsed().saturating_add(REST).as_millis();
        self.resting_until.store(u64::try_from(until).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
