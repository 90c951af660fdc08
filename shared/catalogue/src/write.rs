//! Transactions that write.

use std::time::Duration;

use sqlx::{Postgres, Sqlite, Transaction};
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::database::Database;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::reader::wrap_all;
use crate::row::Row;
use crate::source::Source;
use crate::statement::{Statement, sql};
use crate::turns::Turn;

/// Whatever a database or a role has for its default: where a transaction had one snapshot for all its statements, who
/// waited to be [alone](Write::alone_on) would then read what was before.
const READ_COMMITTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// A transaction that writes. Dropped without a commit, nothing of it has happened.
///
/// SQLite has one at a time. PostgreSQL has many (READ COMMITTED): whoever reads, decides and then writes within one
/// holds others off with [`Write::begin_alone`].
#[derive(Debug)]
pub(crate) struct Write {
    transaction: Either,
    catalogue: Catalogue,
    /// Whether there is something in the outbox.
    said: bool,
    /// Whether something of it is about a song.
    of_a_song: bool,
    /// Kept until it ends.
    _turn: Option<Turn>,
}

#[derive(Debug)]
enum Either {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Write {
    pub(crate) async fn begin(catalogue: &Catalogue) -> Result<Self, CatalogueError> {
        let transaction = match catalogue.database() {
            // Takes the write lock at once: a transaction that begins by reading could find it taken when it comes to
            // write, and fail.
            Database::Sqlite(sqlite) => {
                Either::Sqlite(sqlite.writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Database::Postgres(postgres) => {
                Either::Postgres(match postgres.writer.begin_with(READ_COMMITTED).await {
                    Err(error) if postgres.may_retry(&error) => {
                        postgres.writer.begin_with(READ_COMMITTED).await?
                    }
                    begun => begun?,
                })
            }
        };
        Ok(Self {
            transaction,
            catalogue: catalogue.clone(),
            said: false,
            of_a_song: false,
            _turn: None,
        })
    }

    /// [`begin`](Self::begin), [alone](Self::alone_on) on `id`. Whoever waits for others in this process does so without
    /// a connection.
    pub(crate) async fn begin_alone(
        catalogue: &Catalogue,
        id: Uuid,
    ) -> Result<Self, CatalogueError> {
        let turn = catalogue.turns().take(id).await?;
        let mut write = Self { _turn: Some(turn), ..Self::begin(catalogue).await? };
        write.alone_on(id).await?;
        Ok(write)
    }

    /// Runs a statement that answers no rows. Answers how many it changed.
    pub(crate) async fn execute(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<u64, CatalogueError> {
        Ok(match &mut self.transaction {
            Either::Sqlite(write) => {
                statement.for_sqlite().execute(&mut **write).await?.rows_affected()
            }
            Either::Postgres(write) => {
                statement.for_postgres().execute(&mut **write).await?.rows_affected()
            }
        })
    }

    /// Waits until no other transaction that is alone on `id` goes on, and keeps them waiting until this one ends.
    pub(crate) async fn alone_on(&mut self, id: Uuid) -> Result<(), CatalogueError> {
        // SQLite has one writer anyhow.
        if let Either::Postgres(_) = self.transaction {
            // The lower half of a UUIDv7 is random.
            let key = id.as_u64_pair().1.cast_signed();
            self.optional(sql("SELECT pg_advisory_xact_lock($1)").bind(key)).await?;
        }
        Ok(())
    }

    /// Puts `event` into the outbox: it is told to others once this is committed, and only then. Said after the change
    /// that it is about, whose row is then locked, events about one thing are told in the order of its changes.
    pub(crate) async fn say(&mut self, event: &Event) -> Result<(), CatalogueError> {
        self.say_as(Uuid::now_v7(), event).await
    }

    /// The same under an id of the caller's, a new UUIDv7.
    pub(crate) async fn say_as(&mut self, id: Uuid, event: &Event) -> Result<(), CatalogueError> {
        let statement = sql("INSERT INTO outbox (id, name, about, payload, created_ms)
                             VALUES ($1, $2, $3, $4, $5)");
        let statement = statement
            .bind(id)
            .bind(event.name())
            .bind(event.about())
            .bind(event.payload())
            .bind(self.catalogue.now_ms());
        self.said = true;
        self.of_a_song |= event.is_of_a_song();
        self.execute(statement).await.map(|_| ())
    }

    pub(crate) fn database(&self) -> &Database {
        self.catalogue.database()
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.catalogue.now_ms()
    }

    /// When `time` will have passed, in milliseconds since 1970.
    pub(crate) fn after(&self, time: Duration) -> i64 {
        self.catalogue.after(time)
    }

    /// When `time` had not passed yet, in milliseconds since 1970.
    pub(crate) fn before(&self, time: Duration) -> i64 {
        self.catalogue.before(time)
    }

    /// Makes it so. Where this is called [for somebody](Catalogue::seen_by), they see it from now on, whatever a
    /// replica has not yet heard.
    pub(crate) async fn commit(self) -> Result<(), CatalogueError> {
        let Self { transaction, catalogue, said, of_a_song, _turn } = self;
        let committed = transaction.commit(&catalogue).await;
        // It may have happened where the answer got lost, too.
        if of_a_song {
            catalogue.note_change().await;
        }
        committed?;
        if said {
            catalogue.outbox_filled().notify_one();
        }
        Ok(())
    }
}

impl Either {
    async fn commit(self, catalogue: &Catalogue) -> Result<(), CatalogueError> {
        match self {
            Self::Sqlite(write) => write.commit().await?,
            Self::Postgres(write) => {
                write.commit().await?;
                if let Database::Postgres(postgres) = catalogue.database() {
                    postgres.has_written(catalogue.freshness()).await;
                }
            }
        }
        Ok(())
    }
}

impl Source for Write {
    async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, CatalogueError> {
        Ok(match &mut self.transaction {
            Either::Sqlite(write) => {
                wrap_all(statement.for_sqlite().fetch_all(&mut **write).await?, Row::Sqlite)
            }
            Either::Postgres(write) => {
                wrap_all(statement.for_postgres().fetch_all(&mut **write).await?, Row::Postgres)
            }
        })
    }

    async fn optional(&mut self, statement: Statement<'_>) -> Result<Option<Row>, CatalogueError> {
        Ok(match &mut self.transaction {
            Either::Sqlite(write) => {
                statement.for_sqlite().fetch_optional(&mut **write).await?.map(Row::Sqlite)
            }
            Either::Postgres(write) => {
                statement.for_postgres().fetch_optional(&mut **write).await?.map(Row::Postgres)
            }
        })
    }
}
