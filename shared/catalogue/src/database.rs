//! The two databases that the catalogue can be kept in.
//!
//! What differs between them is here, in [`crate::write`] and in the few statements made with `sql_each`.

pub(crate) mod postgres;
pub(crate) mod sqlite;
pub mod url;

use self::postgres::PostgresDatabase;
use self::sqlite::SqliteDatabase;
use self::url::DatabaseUrl;
use crate::error::CatalogueError;

/// Statements that a connection keeps prepared: more than there are in this crate.
const PREPARED: usize = 500;

/// An open database, its schema up to date.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

impl Database {
    /// Opens what `url` leads to and brings its schema up to date.
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<Self, CatalogueError> {
        Ok(match url {
            DatabaseUrl::Sqlite(path) => Self::Sqlite(SqliteDatabase::open(path).await?),
            DatabaseUrl::Postgres { leader, replica } => {
                Self::Postgres(PostgresDatabase::open(leader, replica.as_deref()).await?)
            }
        })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.close().await,
        }
    }
}
