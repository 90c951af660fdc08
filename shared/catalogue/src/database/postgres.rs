//! PostgreSQL: a leader, and perhaps a replica that is read from where it is fresh enough.

mod distrust;
mod replica;
mod trail;
mod until;
mod written;

use std::time::Duration;

use media::UserId;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Row};
use uuid::Uuid;

use self::distrust::Distrust;
use self::replica::Replica;
use super::PREPARED;
use crate::error::{CatalogueError, is_unreachable};

/// Connections to each server for reading, and as many to the leader for writing: who waits for others' changes keeps
/// nobody from reading.
const CONNECTIONS: u32 = 12;

/// What a connection may take: nobody waits for others' changes for longer, and no statement takes longer. Nor is a prepared
/// statement planned anew for its values: with a million songs that took longer than running it.
const BOUNDS: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("lock_timeout", "5s"),
    ("statement_timeout", "30s"),
    ("idle_in_transaction_session_timeout", "60s"),
];

/// How long somebody waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same where the leader answers as well.
const PATIENCE_WITH_REPLICAS: Duration = Duration::from_millis(500);

/// A connection that has idled for longer may have been cut off meanwhile, and is asked before it is used.
const TRUSTED: Duration = Duration::from_secs(1);

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// How much a reader must see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// All that is committed.
    Latest,
    /// All that this user has written.
    Own(UserId),
    /// Whatever a replica has heard.
    Eventual,
}

impl Freshness {
    /// All that was written of what everybody is shown: nobody has this id, in whose name it is noted.
    pub(crate) fn all() -> Self {
        Self::Own(UserId::new(Uuid::nil()))
    }
}

/// A database on a server.
#[derive(Debug)]
pub(crate) struct PostgresDatabase {
    pub(crate) writer: PgPool,
    /// Reads the leader.
    pub(crate) reader: PgPool,
    distrust: Distrust,
    replica: Option<Replica>,
}

impl PostgresDatabase {
    pub(super) async fn open(
        leader: &PgConnectOptions,
        replica: Option<&PgConnectOptions>,
        migrations: &Migrator,
    ) -> Result<Self, CatalogueError> {
        let distrust = Distrust::default();
        migrate(leader, migrations).await?;
        let writer = pool(leader.clone(), PATIENCE, &distrust);
        let reader = pool(leader.clone(), PATIENCE, &distrust);
        let replica = match replica {
            // Before it has heard of the schema it can answer nothing.
            Some(replica) => {
                let pool = pool(replica.clone(), PATIENCE_WITH_REPLICAS, &distrust);
                Some(Replica::new(pool, position(&reader).await?))
            }
            None => None,
        };
        Ok(Self { writer, reader, distrust, replica })
    }

    pub(super) async fn close(&self) {
        if let Some(replica) = &self.replica {
            replica.pool.close().await;
        }
        self.reader.close().await;
        self.writer.close().await;
    }

    /// The replica, where there is one and it has heard all that the reader must see.
    pub(crate) async fn replica_for(&self, freshness: Freshness) -> Option<&Replica> {
        let replica = self.replica.as_ref()?;
        replica.suffices(freshness, &self.reader).await.then_some(replica)
    }

    /// Whether what failed with `error` is worth another try, which had changed nothing: the server may have been started
    /// again, and then no connection from before that is good for anything.
    pub(crate) fn may_retry(&self, error: &sqlx::Error) -> bool {
        let unreachable = is_unreachable(error);
        if unreachable {
            self.distrust.begin();
        }
        // Who has waited for a connection in vain need not wait again.
        unreachable && !matches!(error, sqlx::Error::PoolTimedOut)
    }

    /// Remembers that somebody has just committed.
    pub(crate) async fn has_written(&self, freshness: Freshness) {
        let (Some(replica), Freshness::Own(user)) = (&self.replica, freshness) else { return };
        // It is committed, whatever we come to know of it: somebody of whom we know nothing reads from the leader.
        let position = position(&self.reader).await.unwrap_or(written::UNKNOWN);
        replica.must_reach(user, position);
    }
}

/// Brings the schema up to date, however long that takes.
async fn migrate(leader: &PgConnectOptions, to: &Migrator) -> Result<(), CatalogueError> {
    let mut connection = PgConnection::connect_with(leader).await?;
    to.run(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Where the leader's next record will begin: whatever is committed lies before it.
async fn position(leader: &PgPool) -> Result<i64, CatalogueError> {
    let sql = "SELECT (pg_current_wal_insert_lsn() - '0/0')::BIGINT AS position";
    Ok(sqlx::query(sql).fetch_one(leader).await?.try_get("position")?)
}

/// Connects when it is first used.
fn pool(options: PgConnectOptions, patience: Duration, distrust: &Distrust) -> PgPool {
    let distrust = distrust.clone();
    let options = options.statement_cache_capacity(PREPARED).application_name("segue");
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(patience)
        .test_before_acquire(false)
        .before_acquire(move |connection, state| {
            let trusted = state.idle_for < TRUSTED && !distrust.covers(state.idle_for);
            Box::pin(async move { Ok(trusted || connection.ping().await.is_ok()) })
        })
        .connect_lazy_with(options.options(BOUNDS))
}
