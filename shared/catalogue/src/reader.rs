//! Reads outside of transactions.

use crate::database::Database;
use crate::database::postgres::Freshness;
use crate::error::CatalogueError;
use crate::row::Row;
use crate::source::Source;
use crate::statement::Statement;

/// Reads the database as fresh as its reader must see it.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    database: &'a Database,
    freshness: Freshness,
}

/// Runs a statement on the pool that is fresh enough; where that is a replica that cannot be reached, on the leader.
macro_rules! read {
    ($self:ident, $statement:ident, $fetch:ident, $wrap:expr) => {
        match $self.database {
            Database::Sqlite(sqlite) => {
                let rows = $statement.for_sqlite().$fetch(&sqlite.reader).await?;
                Ok($wrap(rows, Row::Sqlite))
            }
            Database::Postgres(postgres) => {
                if let Some(replica) = postgres.replica_for($self.freshness).await {
                    match $statement.for_postgres().$fetch(&replica.pool).await {
                        Ok(rows) => return Ok($wrap(rows, Row::Postgres)),
                        Err(error) => replica.note(error.into())?,
                    }
                }
                let rows = match $statement.for_postgres().$fetch(&postgres.reader).await {
                    Err(error) if postgres.may_retry(&error) => {
                        $statement.for_postgres().$fetch(&postgres.reader).await?
                    }
                    rows => rows?,
                };
                Ok($wrap(rows, Row::Postgres))
            }
        }
    };
}

impl<'a> Reader<'a> {
    pub(crate) fn new(database: &'a Database, freshness: Freshness) -> Self {
        Self { database, freshness }
    }
}

impl Source for Reader<'_> {
    async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, CatalogueError> {
        read!(self, statement, fetch_all, wrap_all)
    }

    async fn optional(&mut self, statement: Statement<'_>) -> Result<Option<Row>, CatalogueError> {
        read!(self, statement, fetch_optional, Option::map)
    }
}

pub(crate) fn wrap_all<R>(rows: Vec<R>, wrap: impl Fn(R) -> Row) -> Vec<Row> {
    rows.into_iter().map(wrap).collect()
}
