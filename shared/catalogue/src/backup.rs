//! All that a catalogue holds, as lines that either database can be filled from.
//!
//! Reading order: [`Schema`] (what there is: found by walking the database's own schema, so that no table is forgotten),
//! `line` (a row), [`snapshot`] (how it is read while others write) and [`refill`] (how an empty database is filled).

mod line;
pub mod refill;
pub mod snapshot;
mod walk;

use std::io;

use serde::{Deserialize, Serialize};

use crate::error::CatalogueError;

pub use refill::Refill;
pub use snapshot::Snapshot;

/// What a database holds, without its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The migrations that made it, ascending.
    pub migrations: Vec<i64>,
    /// Its tables: whoever is referred to comes first.
    pub tables: Vec<Table>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// What it is called.
    pub name: String,
    /// Its columns, in the order in which a row's values stand in its line.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// What stands in it.
    pub kind: Kind,
}

/// What stands in a column, beside nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A UUID; in a line its 16 bytes, as [`Kind::Bytes`].
    Id,
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// A number that is not whole; in a line as text that says it exactly.
    Real,
    /// True or false.
    Flag,
    /// Bytes; in a line as hex digits. SQLite knows ids as such.
    Bytes,
}

/// Why a catalogue could not be read whole, or filled.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database failed.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Lines could not be written or read.
    #[error("the lines of {table} cannot be passed on")]
    Lines {
        /// Of which table.
        table: String,
        /// Why.
        source: io::Error,
    },
    /// A line is not a row of its table.
    #[error("line {line} of {table} is not a row of it")]
    NotARow {
        /// The table.
        table: String,
        /// Counted from 1.
        line: u64,
    },
    /// What is to be filled holds something.
    #[error("it is not empty ({table} has rows); a backup is restored into an empty database")]
    NotEmpty {
        /// A table that has rows.
        table: String,
    },
    /// A newer release made the backup.
    #[error("the backup was made by a newer release (migration {migration} is not known here)")]
    TooNew {
        /// What this release does not know.
        migration: i64,
    },
    /// Somebody else has made tables, or migrated beyond what the backup holds.
    #[error("its tables are not those of the backup; a backup is restored into an empty database")]
    OtherSchema,
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Catalogue(error.into())
    }
}
