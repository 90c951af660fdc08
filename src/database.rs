//! Which database holds the catalogue: the settings of whoever opens it.

use catalogue::DatabaseUrl;
use service::config::{ConfigError, Key, Said};

/// What the database is called in a data folder.
pub(crate) const FILE: &str = "catalogue.sqlite";

const DATABASE_URL: Key =
    Key::secret("database_url", "sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/NAME");
const DATABASE_REPLICA_URL: Key = Key::secret(
    "database_replica_url",
    "postgres://USER:PASSWORD@HOST:PORT/NAME, where database_url is one too",
);

/// What a role's list of keys must contain. The URLs may hold passwords: there are no flags for them.
pub(crate) const KEYS: [Key; 2] = [DATABASE_URL, DATABASE_REPLICA_URL];

/// The database that was named, with its replica; nothing where none was.
pub(crate) fn decide(said: &Said) -> Result<Option<DatabaseUrl>, ConfigError> {
    let url: Option<DatabaseUrl> = said.get(&DATABASE_URL)?;
    let Some(replica) = said.get(&DATABASE_REPLICA_URL)? else { return Ok(url) };
    let both = url.and_then(|url| url.with_replica(replica).ok());
    both.map(Some).ok_or_else(|| said.bad_value(&DATABASE_REPLICA_URL))
}
