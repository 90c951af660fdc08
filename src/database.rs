//! Which database holds the catalogue: the settings of whoever opens it, and of the commands that see to it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use catalogue::{Catalogue, DatabaseUrl};
use clap::Args;
use service::Clock;
use service::config::{ConfigError, Key, Said};

use crate::WRONG_USAGE;
use crate::up::{DATA, keys};

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

/// Whose database is meant, as a command is told.
#[derive(Debug, Args)]
pub(crate) struct NamedArgs {
    /// The data folder; its database is meant where SEGUE_DATABASE_URL names none [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// A TOML file with these settings in snake_case [env: SEGUE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What was meant.
#[derive(Debug)]
pub(crate) struct Named {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The database, where it is not the folder's own.
    pub(crate) named: Option<DatabaseUrl>,
}

impl NamedArgs {
    /// Checks file, environment and flags, once.
    pub(crate) fn decide(self) -> Result<Named, ConfigError> {
        let env = |name: &str| std::env::var(name).ok();
        let file = self.config.or_else(|| env("SEGUE_CONFIG").map(PathBuf::from));
        let flags = self.data.map(|data| (DATA.name, data));
        let said = Said::read(&keys(), file.as_deref(), &env, flags)?;
        let data = said.get(&DATA)?.unwrap_or_else(|| PathBuf::from("data"));
        Ok(Named { data, named: decide(&said)? })
    }
}

impl Named {
    /// The database that is meant.
    pub(crate) fn database(&self) -> DatabaseUrl {
        let own = || DatabaseUrl::Sqlite(self.data.join(FILE));
        self.named.clone().unwrap_or_else(own)
    }
}

/// Opens a database that is there.
pub(crate) async fn open(url: &DatabaseUrl, clock: Clock) -> anyhow::Result<Catalogue> {
    // Who mistypes a folder makes no database.
    if let DatabaseUrl::Sqlite(path) = url
        && !Path::exists(path)
    {
        bail!("there is no database {}", path.display());
    }
    let opened = Catalogue::open(url, clock).await;
    opened.with_context(|| format!("the database {url} cannot be opened"))
}

#[expect(clippy::print_stderr, reason = "the one sentence that a person must see, log or not")]
pub(crate) fn wrong_usage(command: &str, error: &ConfigError) -> ExitCode {
    eprintln!("segue {command}: {error}");
    ExitCode::from(WRONG_USAGE)
}
