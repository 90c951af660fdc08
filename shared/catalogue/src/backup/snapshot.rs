//! A catalogue as it is at one moment, read while others go on writing.

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Sqlite, SqliteConnection};

use super::walk::walk;
use super::{BackupError, Schema, Table, line};
use crate::database::{sqlite, url::DatabaseUrl};
use crate::error::CatalogueError;
use crate::reader::wrap_all;
use crate::row::Row;
use crate::source::Source;
use crate::statement::Statement;

/// A transaction that reads, on a connection of its own. It holds nobody up: SQLite's log grows until it ends, and
/// PostgreSQL keeps rows that others delete.
#[derive(Debug)]
pub struct Snapshot {
    connection: Either,
    schema: Schema,
}

#[derive(Debug)]
enum Either {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Snapshot {
    /// Takes one of the database that `url` leads to, as it stands: nothing is made or migrated. Where there is a replica,
    /// the leader is read.
    ///
    /// # Errors
    /// It cannot be reached, or holds what no release of ours has made.
    pub async fn take(url: &DatabaseUrl) -> Result<Self, BackupError> {
        let mut connection = match url {
            DatabaseUrl::Sqlite(path) => {
                let mut connection = SqliteConnection::connect_with(&sqlite::to_read(path)).await?;
                sqlx::query("BEGIN").execute(&mut connection).await?;
                Either::Sqlite(connection)
            }
            DatabaseUrl::Postgres { leader, .. } => {
                let mut connection = PgConnection::connect_with(leader).await?;
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                sqlx::query(begin).execute(&mut connection).await?;
                Either::Postgres(connection)
            }
        };
        let schema = walk(&mut connection).await?;
        Ok(Self { connection, schema })
    }

    /// What it holds.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Gives every row of `table` to `give` as a line, without a line feed, in no order. Answers how many there are.
    ///
    /// # Errors
    /// The database failed, or `give` did.
    pub async fn lines(
        &mut self,
        table: &Table,
        mut give: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<u64, BackupError> {
        // Said without a statement of the house: that a table is read whole is the point.
        let names: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
        let text = format!("SELECT {} FROM {}", names.join(", "), quoted(&table.name));
        let mut count = 0;
        let mut pass_on = |row: &Row| {
            count += 1;
            give(&line::from_row(row, table)?)
                .map_err(|source| BackupError::Lines { table: table.name.clone(), source })
        };
        match &mut self.connection {
            Either::Sqlite(connection) => {
                let mut rows = sqlx::query::<Sqlite>(AssertSqlSafe(text)).fetch(connection);
                while let Some(row) = rows.try_next().await? {
                    pass_on(&Row::Sqlite(row))?;
                }
            }
            Either::Postgres(connection) => {
                let mut rows = sqlx::query(AssertSqlSafe(text)).fetch(connection);
                while let Some(row) = rows.try_next().await? {
                    pass_on(&Row::Postgres(row))?;
                }
            }
        }
        Ok(count)
    }

    /// Lets go of it.
    pub async fn close(self) {
        // It has only read: that its end is not heard changes nothing.
        match self.connection {
            Either::Sqlite(connection) => drop(connection.close().await),
            Either::Postgres(connection) => drop(connection.close().await),
        }
    }
}

/// A name as both databases take it, whatever it is made of.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Source for Either {
    async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, CatalogueError> {
        Ok(match self {
            Self::Sqlite(connection) => {
                wrap_all(statement.for_sqlite().fetch_all(connection).await?, Row::Sqlite)
            }
            Self::Postgres(connection) => {
                wrap_all(statement.for_postgres().fetch_all(connection).await?, Row::Postgres)
            }
        })
    }

    async fn optional(&mut self, statement: Statement<'_>) -> Result<Option<Row>, CatalogueError> {
        Ok(self.all(statement).await?.into_iter().next())
    }
}
