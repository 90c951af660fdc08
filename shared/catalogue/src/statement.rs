//! One SQL statement and its values, for whichever database it will run on.
//!
//! The dialect is what SQLite and PostgreSQL share: `$1`, `RETURNING`, `ON CONFLICT`, window functions, `BIGINT` for all
//! whole numbers, `CAST(SUM(…) AS BIGINT)`. Statements are prepared once per connection and kept.

use std::borrow::Cow;

use media::{AlbumId, ArtistId, JobId, SessionId, SongId, UploadId, UserId};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, SqlStr, Sqlite};
use uuid::Uuid;

use crate::playlist::{EntryId, PlaylistId};

/// A statement that both databases take.
pub(crate) fn sql<'v>(text: impl SqlSafeStr) -> Statement<'v> {
    Statement { text: Text::Shared(text.into_sql_str()), values: Vec::new() }
}

/// A statement that must be said differently.
pub(crate) fn sql_each<'v>(sqlite: impl SqlSafeStr, postgres: impl SqlSafeStr) -> Statement<'v> {
    let text = Text::Each { sqlite: sqlite.into_sql_str(), postgres: postgres.into_sql_str() };
    Statement { text, values: Vec::new() }
}

/// A statement and the values of `$1`, `$2` and so on.
#[derive(Debug)]
#[must_use = "a statement does nothing until a source or a write runs it"]
pub(crate) struct Statement<'v> {
    text: Text,
    values: Vec<Value<'v>>,
}

#[derive(Debug)]
enum Text {
    Shared(SqlStr),
    Each { sqlite: SqlStr, postgres: SqlStr },
}

/// A value of a type that both databases have.
#[derive(Debug, Clone)]
pub(crate) enum Value<'v> {
    Id(Option<Uuid>),
    Text(Option<Cow<'v, str>>),
    Number(Option<i64>),
    Real(Option<f64>),
    Flag(Option<bool>),
    Bytes(Option<Cow<'v, [u8]>>),
}

/// Binds all values, in order.
macro_rules! bound {
    ($query:expr, $values:expr) => {
        $values.iter().fold($query, |query, value| match value {
            Value::Id(id) => query.bind(*id),
            Value::Text(text) => query.bind(text.as_deref()),
            Value::Number(number) => query.bind(*number),
            Value::Real(real) => query.bind(*real),
            Value::Flag(flag) => query.bind(*flag),
            Value::Bytes(bytes) => query.bind(bytes.as_deref()),
        })
    };
}

impl<'v> Statement<'v> {
    /// The next value.
    pub(crate) fn bind(mut self, value: impl Into<Value<'v>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// The statement with one more piece behind it, in which `?` stands for the value, wherever it
    /// stands. Pieces are ours: what somebody said is for values.
    pub(crate) fn with(self, piece: &'static str, value: impl Into<Value<'v>>) -> Self {
        let statement = self.bind(value);
        let piece = piece.replace('?', &format!("${}", statement.values.len()));
        statement.longer(&piece)
    }

    /// The statement with one more piece behind it, which is ours.
    pub(crate) fn and(self, piece: &'static str) -> Self {
        self.longer(piece)
    }

    fn longer(self, piece: &str) -> Self {
        let longer = |text: SqlStr| AssertSqlSafe([text.as_str(), piece].concat()).into_sql_str();
        let text = match self.text {
            Text::Shared(text) => Text::Shared(longer(text)),
            Text::Each { sqlite, postgres } => {
                Text::Each { sqlite: longer(sqlite), postgres: longer(postgres) }
            }
        };
        Self { text, ..self }
    }

    pub(crate) fn for_sqlite(&self) -> Query<'static, Sqlite, SqliteArguments> {
        let (Text::Shared(text) | Text::Each { sqlite: text, .. }) = &self.text;
        tracing::trace!(sql = text.as_str());
        bound!(sqlx::query::<Sqlite>(text.clone()), self.values)
    }

    pub(crate) fn for_postgres(&self) -> Query<'static, Postgres, PgArguments> {
        let (Text::Shared(text) | Text::Each { postgres: text, .. }) = &self.text;
        tracing::trace!(sql = text.as_str());
        bound!(sqlx::query::<Postgres>(text.clone()), self.values)
    }
}

/// `From` for a type and for the option of it.
macro_rules! values {
    ($($from:ty => $variant:ident, $into:expr;)*) => {$(
        impl<'v> From<$from> for Value<'v> {
            fn from(value: $from) -> Self {
                Self::$variant(Some($into(value)))
            }
        }

        impl<'v> From<Option<$from>> for Value<'v> {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map($into))
            }
        }
    )*};
}

values! {
    &'v str => Text, Cow::Borrowed;
    String => Text, Cow::Owned;
    &'v [u8] => Bytes, Cow::Borrowed;
    Vec<u8> => Bytes, Cow::Owned;
    f64 => Real, std::convert::identity;
    bool => Flag, std::convert::identity;
    i64 => Number, std::convert::identity;
    u32 => Number, i64::from;
    u16 => Number, i64::from;
    u64 => Number, saturated;
    Uuid => Id, std::convert::identity;
    SongId => Id, SongId::uuid;
    AlbumId => Id, AlbumId::uuid;
    ArtistId => Id, ArtistId::uuid;
    UserId => Id, UserId::uuid;
    JobId => Id, JobId::uuid;
    UploadId => Id, UploadId::uuid;
    PlaylistId => Id, PlaylistId::uuid;
    EntryId => Id, EntryId::uuid;
    SessionId => Id, SessionId::uuid;
}

/// No count that we keep comes near the end of what the databases hold.
fn saturated(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
