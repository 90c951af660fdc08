//! How the catalogue is opened: SQLite in WAL mode, one connection that writes and a few that read.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use service::Clock;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use crate::jobs::Jobs;
use crate::songs::Songs;
use crate::users::Users;

const READERS: u32 = 4;
const BUSY: Duration = Duration::from_secs(10);

/// Why the catalogue could not answer.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The database refused or could not be reached.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database's schema cannot be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row holds what this version never wrote.
    #[error("the database holds an unreadable {what}: {reason}")]
    Unreadable {
        /// What was read.
        what: &'static str,
        /// Why it is not that.
        reason: String,
    },
    /// Somebody else has that name already.
    #[error("the name is taken")]
    Taken,
    /// The job's lease ended and somebody else may hold it.
    #[error("the job's lease was lost")]
    LeaseLost,
    /// A password could not be hashed.
    #[error("a password could not be hashed: {0}")]
    Hash(String),
}

impl CatalogueError {
    pub(crate) fn unreadable<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Unreadable { what, reason: error.to_string() }
    }
}

/// The open catalogue. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Catalogue {
    writer: SqlitePool,
    reader: SqlitePool,
    clock: Clock,
}

impl Catalogue {
    /// Opens the database file at `path`, creating it and bringing its schema up to date.
    ///
    /// `synchronous=FULL`: in WAL mode a commit is then on disk when it returns, so an upload that
    /// was answered with 202 survives the loss of power and not just of the process.
    ///
    /// # Errors
    /// The file cannot be opened or written, or its schema is newer than this program.
    pub async fn open(path: &Path, clock: Clock) -> Result<Self, CatalogueError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone());
        let writer = writer.await?;
        sqlx::migrate!().run(&writer).await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.create_if_missing(false).pragma("query_only", "on"))
            .await?;
        Ok(Self { writer, reader, clock })
    }

    /// The accounts.
    #[must_use]
    pub fn users(&self) -> Users<'_> {
        Users::new(self)
    }

    /// The songs.
    #[must_use]
    pub fn songs(&self) -> Songs<'_> {
        Songs::new(self)
    }

    /// The queue.
    #[must_use]
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs::new(self)
    }

    /// Closes all connections, folding the log into the database file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    pub(crate) fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// A transaction that takes SQLite's write lock at once: one that begins by reading could find
    /// the lock taken when it comes to write, and fail.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, CatalogueError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        let since = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}
