//! Reads that see one moment, however many they are.

use sqlx::{Postgres, Sqlite, Transaction};

use crate::database::Database;
use crate::error::CatalogueError;
use crate::reader::wrap_all;
use crate::row::Row;
use crate::source::Source;
use crate::statement::Statement;

const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// A transaction that reads the leader as it is when its first statement runs. It holds a connection: whoever has it
/// waits for nobody else.
#[derive(Debug)]
pub(crate) struct Snapshot(Either);

#[derive(Debug)]
enum Either {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Snapshot {
    pub(crate) async fn begin(database: &Database) -> Result<Self, CatalogueError> {
        Ok(Self(match database {
            Database::Sqlite(sqlite) => Either::Sqlite(sqlite.reader.begin().await?),
            Database::Postgres(postgres) => {
                Either::Postgres(match postgres.reader.begin_with(ONE_MOMENT).await {
                    Err(error) if postgres.may_retry(&error) => {
                        postgres.reader.begin_with(ONE_MOMENT).await?
                    }
                    begun => begun?,
                })
            }
        }))
    }
}

impl Source for Snapshot {
    async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, CatalogueError> {
        Ok(match &mut self.0 {
            Either::Sqlite(read) => {
                wrap_all(statement.for_sqlite().fetch_all(&mut **read).await?, Row::Sqlite)
            }
            Either::Postgres(read) => {
                wrap_all(statement.for_postgres().fetch_all(&mut **read).await?, Row::Postgres)
            }
        })
    }

    async fn optional(&mut self, statement: Statement<'_>) -> Result<Option<Row>, CatalogueError> {
        Ok(match &mut self.0 {
            Either::Sqlite(read) => {
                statement.for_sqlite().fetch_optional(&mut **read).await?.map(Row::Sqlite)
            }
            Either::Postgres(read) => {
                statement.for_postgres().fetch_optional(&mut **read).await?.map(Row::Postgres)
            }
        })
    }
}
