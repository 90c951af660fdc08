//! What `segue worker` was told, and what it will do.

use std::net::SocketAddr;
use std::path::PathBuf;

use catalogue::DatabaseUrl;
use clap::Args;
use service::config::{ConfigError, Key, Said};
use service::telemetry::LogFilter;
use service::telemetry::spans::Collector;

use crate::database;
use crate::listener::ADMIN_LISTEN;
use crate::notices::{self, BUS_PREFIX, Notices};
use crate::packaging::{self, Packaging, PackagingArgs};
use crate::spans::{self, SpanArgs};
use crate::store::Place;

const STORE: Key = Key::new("store", "a folder, file:///…, s3://…, gs://… or az://…");
const WORK: Key = Key::new("work", "a folder");
const LOG: Key = Key::new("log", "a level (error, warn, info, debug, trace) or directives");
const KEYS: [Key; 4] = [STORE, WORK, LOG, ADMIN_LISTEN];

/// Runs a worker by itself: it packages songs that a segue up on another machine takes in. Both name the same PostgreSQL
/// database (SEGUE_DATABASE_URL) and the same store
#[derive(Debug, Default, Args)]
pub(crate) struct WorkerArgs {
    /// Where masters and songs are stored: the folder objects of segue up's data folder, or the URL of a store
    #[arg(long, value_name = "DIR|URL")]
    store: Option<String>,
    /// Where unfinished songs lie, of this worker alone; it is emptied at a start [default: work]
    #[arg(long, value_name = "DIR")]
    work: Option<String>,
    /// Where /healthz, /readyz and /metrics are [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<String>,
    /// What the streams of the NATS server in SEGUE_BUS begin with: those who watch a song hear over it how far it has come
    /// [default: segue]
    #[arg(long, value_name = "NAME")]
    bus_prefix: Option<String>,
    #[command(flatten)]
    packaging: PackagingArgs,
    #[command(flatten)]
    spans: SpanArgs,
    /// What is logged to standard error [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// A TOML file with these settings in snake_case [env: SEGUE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What `segue worker` will do.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) database: DatabaseUrl,
    pub(super) store: Place,
    pub(super) work: PathBuf,
    pub(super) admin_listen: SocketAddr,
    pub(super) packaging: Packaging,
    /// Who hears how far songs have come.
    pub(super) notices: Notices,
    /// Who is told what took how long.
    pub(super) collector: Option<Collector>,
    pub(super) log: LogFilter,
}

impl Settings {
    /// Checks file, environment and flags, once.
    pub(super) fn decide(
        args: WorkerArgs,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let file = args.config.clone().or_else(|| env("SEGUE_CONFIG").map(PathBuf::from));
        let keys =
            [&KEYS[..], &database::KEYS, &packaging::KEYS, &notices::SPEAKERS_KEYS, &spans::KEYS]
                .concat();
        let said = Said::read(&keys, file.as_deref(), env, args.flags())?;
        let packaging = Packaging::decide(&said)?;
        if packaging.workers == 0 {
            return Err(conflict("a worker packages something: workers is from 1 to 64 here"));
        }
        if packaging.encrypt && packaging.segment_secrets.first().is_none() {
            return Err(conflict(
                "encrypt needs the segment_secret that segue up has: a worker makes none",
            ));
        }
        Ok(Self {
            database: database(&said)?,
            store: said
                .get(&STORE)?
                .ok_or(ConfigError::Missing { key: STORE.name, accepts: STORE.accepts })?,
            work: said.get(&WORK)?.unwrap_or_else(|| PathBuf::from("work")),
            admin_listen: said
                .get(&ADMIN_LISTEN)?
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 9090))),
            packaging,
            notices: Notices::decide(&said)?,
            collector: spans::decide(&said)?,
            log: said.get(&LOG)?.unwrap_or_default(),
        })
    }
}

/// A file on one machine is no queue for others.
fn database(said: &Said) -> Result<DatabaseUrl, ConfigError> {
    match database::decide(said)? {
        Some(url @ DatabaseUrl::Postgres { .. }) => Ok(url),
        _ => Err(conflict(
            "a worker needs database_url to be that of segue up, postgres://USER:PASSWORD@HOST:PORT/NAME: SQLite is for one process",
        )),
    }
}

fn conflict(sentence: &str) -> ConfigError {
    ConfigError::Conflict(sentence.to_owned())
}

impl WorkerArgs {
    fn flags(self) -> Vec<(&'static str, String)> {
        [
            (STORE.name, self.store),
            (WORK.name, self.work),
            (ADMIN_LISTEN.name, self.admin_listen),
            (BUS_PREFIX.name, self.bus_prefix),
            (LOG.name, self.log),
        ]
        .into_iter()
        .chain(self.packaging.flags())
        .chain(self.spans.flags())
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(store: Option<&str>, env: &[(&str, &str)]) -> Result<Settings, String> {
        let args = WorkerArgs { store: store.map(str::to_owned), ..WorkerArgs::default() };
        let env = |name: &str| {
            let named = env.iter().find(|(known, _)| *known == name);
            named.map(|(_, value)| (*value).to_owned())
        };
        Settings::decide(args, &env).map_err(|error| error.to_string())
    }

    const DATABASE: (&str, &str) = ("SEGUE_DATABASE_URL", "postgres://ann:secret@db/segue");

    #[test]
    fn a_worker_needs_a_database_that_others_reach_and_a_store() {
        let settings = told(Some("/srv/objects"), &[DATABASE]).expect("settings");
        assert_eq!(settings.store, Place::Folder("/srv/objects".into()));
        assert_eq!((settings.packaging.workers, settings.work), (1, "work".into()));
        let sqlite = ("SEGUE_DATABASE_URL", "sqlite://catalogue.sqlite");
        for (store, env, part) in [
            (Some("x"), vec![], "database_url"),
            (Some("x"), vec![sqlite], "SQLite is for one process"),
            (None, vec![DATABASE], "store"),
            (Some("x"), vec![DATABASE, ("SEGUE_WORKERS", "0")], "from 1 to 64"),
            (
                Some("x"),
                vec![DATABASE, ("SEGUE_ENCRYPT", "true"), ("SEGUE_SETS", "aac")],
                "segment_secret",
            ),
        ] {
            let told = told(store, &env).expect_err("refused");
            assert!(told.contains(part) && !told.contains("secret@"), "{told}");
        }
    }
}
