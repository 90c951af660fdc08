//! SQLite in WAL mode: one connection that writes and a few that read.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::PREPARED;
use crate::error::CatalogueError;

const READERS: u32 = 4;
const BUSY: Duration = Duration::from_secs(10);

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// A database file.
#[derive(Debug)]
pub(crate) struct SqliteDatabase {
    pub(crate) writer: SqlitePool,
    pub(crate) reader: SqlitePool,
}

impl SqliteDatabase {
    /// Opens the file at `path`, creating it where it is missing.
    ///
    /// `synchronous=FULL`: in WAL mode a commit is then on disk when it returns, so an upload that
    /// was answered with 202 survives the loss of power and not just of the process.
    pub(super) async fn open(path: &Path, migrations: &Migrator) -> Result<Self, CatalogueError> {
        let writer = options(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(writer);
        let writer = writer.await?;
        migrations.run(&writer).await?;
        let reader =
            SqlitePoolOptions::new().max_connections(READERS).connect_with(to_read(path)).await?;
        Ok(Self { writer, reader })
    }

    /// Folds the log into the file.
    pub(super) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// A connection that only reads what is there.
pub(crate) fn to_read(path: &Path) -> SqliteConnectOptions {
    options(path).create_if_missing(false).pragma("query_only", "on")
}

fn options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
    options.statement_cache_capacity(PREPARED)
}
