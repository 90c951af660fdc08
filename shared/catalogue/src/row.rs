//! One row of an answer.

use media::{AlbumId, ArtistId, JobId, SessionId, SongId, UploadId, UserId};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};
use uuid::Uuid;

use crate::backup::Kind;
use crate::error::CatalogueError;
use crate::playlist::{EntryId, PlaylistId};
use crate::statement::Value;

/// A row of either database.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// What stands in the column of that name.
    pub(crate) fn get<T: Column>(&self, name: &'static str) -> Result<T, CatalogueError> {
        T::read(self, name)
    }

    /// What stands in the column at that place, counted from 0.
    pub(crate) fn at(&self, place: usize, kind: Kind) -> Result<Value<'static>, CatalogueError> {
        Ok(match kind {
            Kind::Id => Value::Id(self.get_at(place)?),
            Kind::Text => Value::Text(self.get_at::<Option<String>>(place)?.map(Into::into)),
            Kind::Number => Value::Number(self.get_at(place)?),
            Kind::Real => Value::Real(self.get_at(place)?),
            Kind::Flag => Value::Flag(self.get_at(place)?),
            Kind::Bytes => Value::Bytes(self.get_at::<Option<Vec<u8>>>(place)?.map(Into::into)),
        })
    }

    fn get_at<T>(&self, place: usize) -> Result<T, CatalogueError>
    where
        T: for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>
            + for<'r> Decode<'r, Postgres>
            + Type<Postgres>,
    {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(place)?,
            Self::Postgres(row) => row.try_get(place)?,
        })
    }

    /// What stands there as text, parsed.
    pub(crate) fn parse<T>(&self, name: &'static str) -> Result<T, CatalogueError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        self.get::<String>(name)?.parse().map_err(CatalogueError::unreadable(name))
    }

    /// What stands there as text, parsed, if anything does.
    pub(crate) fn parse_optional<T>(&self, name: &'static str) -> Result<Option<T>, CatalogueError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let text = self.get::<Option<String>>(name)?;
        text.map(|text| text.parse()).transpose().map_err(CatalogueError::unreadable(name))
    }
}

/// What a column can be read as.
pub(crate) trait Column: Sized {
    /// Reads the column of that name.
    fn read(row: &Row, name: &'static str) -> Result<Self, CatalogueError>;
}

macro_rules! columns {
    ($($type:ty),*) => {$(
        impl Column for $type {
            fn read(row: &Row, name: &'static str) -> Result<Self, CatalogueError> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(name)?,
                    Row::Postgres(row) => row.try_get(name)?,
                })
            }
        }

        impl Column for Option<$type> {
            fn read(row: &Row, name: &'static str) -> Result<Self, CatalogueError> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(name)?,
                    Row::Postgres(row) => row.try_get(name)?,
                })
            }
        }
    )*};
}

columns!(String, i64, f64, bool, Uuid, Vec<u8>);

/// Ids by their UUID.
macro_rules! ids {
    ($($id:ty),*) => {$(
        impl Column for $id {
            fn read(row: &Row, name: &'static str) -> Result<Self, CatalogueError> {
                row.get(name).map(Self::new)
            }
        }

        impl Column for Option<$id> {
            fn read(row: &Row, name: &'static str) -> Result<Self, CatalogueError> {
                Ok(row.get::<Option<Uuid>>(name)?.map(<$id>::new))
            }
        }
    )*};
}

ids!(SongId, AlbumId, ArtistId, UserId, JobId, UploadId, SessionId, PlaylistId, EntryId);

/// Counts: the databases have signed numbers alone.
macro_rules! counts {
    ($($count:ty),*) => {$(
        impl Column for $count {
            fn read(row: &Row, name: &'static str) -> Result<Self, CatalogueError> {
                let number = row.get::<i64>(name)?;
                number.try_into().map_err(CatalogueError::unreadable(name))
            }
        }

        impl Column for Option<$count> {
            fn read(row: &Row, name: &'static str) -> Result<Self, CatalogueError> {
                let number = row.get::<Option<i64>>(name)?;
                number.map(<$count>::try_from).transpose().map_err(CatalogueError::unreadable(name))
            }
        }
    )*};
}

counts!(u16, u32, u64);
