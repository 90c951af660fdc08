//! The two databases that the catalogue can be kept in.
//!
//! What differs between them is here, in [`crate::write`] and in the few statements made with `sql_each`.

pub(crate) mod postgres;
pub(crate) mod sqlite;
pub mod url;

use std::borrow::Cow;

use sqlx::migrate::Migrator;

use self::postgres::{Freshness, PostgresDatabase};
use self::sqlite::SqliteDatabase;
use self::url::DatabaseUrl;
use crate::error::CatalogueError;

/// Statements that a connection keeps prepared: more than there are in this crate.
const PREPARED: usize = 500;

/// An open database, its schema up to date.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(SqliteDatabase),
    Postgres(Box<PostgresDatabase>),
}

impl Database {
    /// Opens what `url` leads to and brings its schema up to date.
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<Self, CatalogueError> {
        Self::open_with(url, migrations(url)).await
    }

    /// Opens what `url` leads to with the schema that these migrations make, and no later ones.
    pub(crate) async fn open_at(
        url: &DatabaseUrl,
        versions: &[i64],
    ) -> Result<Self, CatalogueError> {
        let wanted = migrations(url).iter().filter(|it| versions.contains(&it.version));
        let migrations: Cow<'static, [_]> = wanted.cloned().collect();
        Self::open_with(url, &Migrator { migrations, ..Migrator::DEFAULT }).await
    }

    async fn open_with(url: &DatabaseUrl, migrations: &Migrator) -> Result<Self, CatalogueError> {
        Ok(match url {
            DatabaseUrl::Sqlite(path) => {
                Self::Sqlite(SqliteDatabase::open(path, migrations).await?)
            }
            DatabaseUrl::Postgres { leader, replica } => Self::Postgres(Box::new(
                PostgresDatabase::open(leader, replica.as_deref(), migrations).await?,
            )),
        })
    }

    /// The first of these migrations that this release does not have.
    pub(crate) fn first_unknown(url: &DatabaseUrl, versions: &[i64]) -> Option<i64> {
        versions.iter().copied().find(|version| !migrations(url).version_exists(*version))
    }

    /// Whoever reads [for all](Freshness::all) sees all that is committed by now.
    pub(crate) async fn all_must_see_all(&self) {
        if let Self::Postgres(postgres) = self {
            postgres.has_written(Freshness::all()).await;
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.close().await,
        }
    }
}

/// Those of the database that `url` leads to.
fn migrations(url: &DatabaseUrl) -> &'static Migrator {
    match url {
        DatabaseUrl::Sqlite(_) => &sqlite::MIGRATIONS,
        DatabaseUrl::Postgres { .. } => &postgres::MIGRATIONS,
    }
}
