//! Why the catalogue could not answer.

use sqlx::sqlite::SqliteError;

/// Why the catalogue could not answer.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The database refused or could not be reached.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database's schema cannot be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row holds what this version never wrote.
    #[error("the database holds an unreadable {what}: {reason}")]
    Unreadable {
        /// What was read.
        what: &'static str,
        /// Why it is not that.
        reason: String,
    },
    /// What it belongs to was deleted meanwhile.
    #[error("what it belongs to is no longer there")]
    Gone,
    /// A text with a character that PostgreSQL keeps in none.
    #[error("a text holds a NUL character")]
    HoldsNul,
    /// Too many at once want to change the same thing.
    #[error("too many at once want to change the same thing")]
    Busy,
    /// Somebody else has that name already.
    #[error("the name is taken")]
    Taken,
    /// The job's lease ended and somebody else may hold it.
    #[error("the job's lease was lost")]
    LeaseLost,
    /// Somebody else has changed it since it was read.
    #[error("somebody else has changed it meanwhile")]
    Stale,
    /// Somebody else plays on this account now.
    #[error("another stream has taken over")]
    TakenOver,
    /// A song that would end being available before it begins.
    #[error("it would never be available")]
    EmptyWindow,
    /// An order that does not name each song of the album once.
    #[error("these are not the songs of the album")]
    NotItsSongs,
    /// The password that somebody proved themselves with is no longer theirs.
    #[error("the password has been changed meanwhile")]
    PasswordChanged,
    /// A password could not be hashed.
    #[error("a password could not be hashed: {0}")]
    Hash(String),
}

impl CatalogueError {
    pub(crate) fn unreadable<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Unreadable { what, reason: error.to_string() }
    }

    /// [`CatalogueError::Taken`] where the database refused a second row with what must be unique.
    pub(crate) fn or_taken(self) -> Self {
        match &self {
            Self::Database(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Self::Taken
            }
            _ => self,
        }
    }

    /// Whether the same may succeed a little later: the database was not reached, somebody else was in the way, or its
    /// disk is full.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Database(error) => {
                is_unreachable(error) || was_in_the_way(error) || has_no_room(error)
            }
            _ => false,
        }
    }

    /// Whether the database was not reached: somebody else may be.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Database(error) if is_unreachable(error))
    }
}

impl From<sqlx::Error> for CatalogueError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(refusal) if refusal.is_foreign_key_violation() => Self::Gone,
            // character_not_in_repertoire
            Some(refusal) if refusal.code().is_some_and(|code| code == "22021") => Self::HoldsNul,
            _ => Self::Database(error),
        }
    }
}

/// Whether others held what the statement needed, for too long or each the other's (appendix A of PostgreSQL's manual:
/// deadlock, lock and statement timeouts; SQLite: a writer of another process).
fn was_in_the_way(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| matches!(&*code, "40P01" | "55P03" | "57014" | "5" | "517"))
}

/// Whether the disk is full, or fails: it may pass (SQLite: SQLITE_FULL and SQLITE_IOERR with whatever they are extended
/// by; PostgreSQL: disk_full).
fn has_no_room(error: &sqlx::Error) -> bool {
    let Some(refusal) = error.as_database_error() else { return false };
    let code = refusal.code().unwrap_or_default();
    if refusal.try_downcast_ref::<SqliteError>().is_none() {
        return code == "53100";
    }
    code.parse().is_ok_and(|code: u32| matches!(code & 0xff, 10 | 13))
}

/// Whether the server was not reached.
pub(crate) fn is_unreachable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Tls(_) => true,
        // Class 57 of appendix A of PostgreSQL's manual: it shuts down, starts up, or cancels what stands in the
        // way of replay (40001 on a replica).
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P") || code == "40001")
        }
        _ => false,
    }
}
