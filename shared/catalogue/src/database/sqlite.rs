//! SQLite in WAL mode: one connection that writes and a few that read.

use std::path::Path;
use std::time::Duration;

use sqlx::Connection;
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
        let writer = pool(1).connect_with(writer).await?;
        migrations.run(&writer).await?;
        let reader = pool(READERS).connect_with(to_read(path)).await?;
        Ok(Self { writer, reader })
    }

    /// Folds the log into the file.
    pub(super) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Whose connections are given out in no transaction. On some errors (a full disk, one that fails) SQLite ends the
/// transaction by itself; rolling it back then fails, and sqlx takes the connection to be in it for ever.
fn pool(most: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(most).before_acquire(|connection, _| {
        let free = !connection.is_in_transaction();
        Box::pin(async move { Ok(free) })
    })
}

/// A connection that only reads what is there.
pub(crate) fn to_read(path: &Path) -> SqliteConnectOptions {
    options(path).create_if_missing(false).pragma("query_only", "on")
}

fn options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
    options.statement_cache_capacity(PREPARED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::CatalogueError;

    #[tokio::test]
    async fn after_a_full_disk_it_writes_again() {
        let folder = tempfile::tempdir().unwrap();
        let database =
            SqliteDatabase::open(&folder.path().join("catalogue.db"), &MIGRATIONS).await.unwrap();
        let writer = &database.writer;
        // As of a disk that has room for a few pages more, for as long as the connection lives.
        let (pages,): (i64,) = sqlx::query_as("PRAGMA page_count").fetch_one(writer).await.unwrap();
        let limit = format!("PRAGMA max_page_count = {}", pages + 4);
        sqlx::query(sqlx::AssertSqlSafe(limit)).execute(writer).await.unwrap();
        let mut write = writer.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let insert = "INSERT INTO genres (genre_key, name) VALUES (?, hex(zeroblob(100000)))";
        let full = sqlx::query(insert).bind("large").execute(&mut *write).await;
        let full = CatalogueError::from(full.expect_err("there is no room"));
        assert!(full.is_passing(), "{full:?}");
        drop(write);
        let mut write = writer.begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::query(insert).bind("large").execute(&mut *write).await.unwrap();
        write.commit().await.unwrap();
        database.close().await;
    }
}
