//! Where a catalogue is kept.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// Where a catalogue is kept. May hold a password, which is never shown.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// An SQLite file, made where it is missing.
    Sqlite(PathBuf),
    /// PostgreSQL 15 or later: who is written to, and perhaps a streaming replica of it to read from.
    Postgres {
        /// Takes all writes.
        leader: Box<PgConnectOptions>,
        /// Answers reads that need not see what it has not yet heard of.
        replica: Option<Box<PgConnectOptions>>,
    },
}

/// Not where a catalogue can be kept. The URL may hold a password: it is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a database is sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/NAME")]
pub struct InvalidDatabaseUrl;

/// A replica of a database that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("only a PostgreSQL database has a replica, and it is a postgres:// URL too")]
pub struct NoReplica;

impl DatabaseUrl {
    /// The same with a replica to read from.
    ///
    /// # Errors
    /// [`NoReplica`] where either is not PostgreSQL.
    pub fn with_replica(self, replica: Self) -> Result<Self, NoReplica> {
        match (self, replica) {
            (Self::Postgres { leader, .. }, Self::Postgres { leader: replica, .. }) => {
                Ok(Self::Postgres { leader, replica: Some(replica) })
            }
            _ => Err(NoReplica),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        match text.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() && !path.contains('?') => {
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            Some(("postgres" | "postgresql", _)) => {
                let leader = text.parse().map_err(|_| InvalidDatabaseUrl)?;
                Ok(Self::Postgres { leader: Box::new(leader), replica: None })
            }
            _ => Err(InvalidDatabaseUrl),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres { leader, .. } => {
                let name = leader.get_database().unwrap_or_else(|| leader.get_username());
                write!(f, "postgres://{}:{}/{name}", leader.get_host(), leader.get_port())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_a_file_or_a_server_and_shows_no_password() {
        let shown = |text: &str| text.parse::<DatabaseUrl>().map(|url| format!("{url:?}"));
        assert_eq!(shown("sqlite:///a/b.sqlite").as_deref(), Ok("sqlite:///a/b.sqlite"));
        let url = "postgres://me:secret@db.example:5433/music?sslmode=require";
        assert_eq!(shown(url).as_deref(), Ok("postgres://db.example:5433/music"));
        for wrong in ["", "sqlite://", "sqlite://a?mode=ro", "mysql://a/b", "a.sqlite", "postgres"]
        {
            assert_eq!(shown(wrong), Err(InvalidDatabaseUrl), "{wrong:?}");
        }
    }

    #[test]
    fn only_postgres_has_a_replica() {
        let url = |text: &str| text.parse::<DatabaseUrl>().expect("a URL");
        assert!(url("postgres://a/b").with_replica(url("postgres://c/b")).is_ok());
        assert!(url("postgres://a/b").with_replica(url("sqlite://c")).is_err());
        assert!(url("sqlite://a").with_replica(url("postgres://c/b")).is_err());
    }
}
