//! Why the catalogue could not answer.

/// Why the catalogue could not answer.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The database refused or could not be reached.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
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
    /// Somebody else has that name already.
    #[error("the name is taken")]
    Taken,
    /// The job's lease ended and somebody else may hold it.
    #[error("the job's lease was lost")]
    LeaseLost,
    /// Somebody else has changed it since it was read.
    #[error("somebody else has changed it meanwhile")]
    Stale,
    /// A song that would end being available before it begins.
    #[error("it would never be available")]
    EmptyWindow,
    /// An order that does not name each song of the album once.
    #[error("these are not the songs of the album")]
    NotItsSongs,
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

    /// Whether the database was not reached: somebody else may be.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Database(error) if is_unreachable(error))
    }
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
