//! What `segue up` was told, and what it will do.

use std::path::PathBuf;

use api::Hooks;
use catalogue::DatabaseUrl;
use catalogue::jobs::bound::Bound;
use clap::Args;
use service::config::{ByteSize, ConfigError, Key, Said, Switch};
use service::telemetry::LogFilter;
use service::telemetry::spans::Collector;

use crate::database;
use crate::front::{self, Front, FrontArgs};
use crate::hooks::settings as hooks;
use crate::listener::{self, Listener, ListenerArgs};
use crate::notices::{self, NoticeArgs, Notices};
use crate::packaging::{self, Packaging, PackagingArgs};
use crate::spans::{self, SpanArgs};

pub(crate) const DATA: Key = Key::new("data", "a folder");
const DEMO: Key = Key::new("demo", "true or false");
const UPLOAD_LIMIT: Key = Key::new("upload_limit", "a size such as 2GiB, 500MiB or 1048576");
const QUEUE_LIMIT: Key = Key::new("queue_limit", "a number of songs from 1 to 1000000");
const KEEP_FREE: Key = Key::new("keep_free", "a size such as 1GiB, 500MiB or 0");
const LOG: Key = Key::new("log", "a level (error, warn, info, debug, trace) or directives");
const ADMIN_PASSWORD: Key = Key::secret("admin_password", "1 to 1024 bytes");
const KEYS: [Key; 7] = [DATA, DEMO, UPLOAD_LIMIT, KEEP_FREE, QUEUE_LIMIT, LOG, ADMIN_PASSWORD];

/// What the edge keeps in memory, in bytes.
pub(super) const CACHE_BYTES: u64 = 256 << 20;

const DEFAULT_UPLOAD_LIMIT: u64 = 2 << 30;

const DEFAULT_KEEP_FREE: u64 = 1 << 30;

const DEFAULT_QUEUE_LIMIT: u32 = 1_000;

/// Runs everything in one process: API, web page, ingest and edge
#[derive(Debug, Default, Args)]
pub(crate) struct UpArgs {
    /// Where songs, database and keys live [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    #[command(flatten)]
    front: FrontArgs,
    #[command(flatten)]
    listener: ListenerArgs,
    #[command(flatten)]
    spans: SpanArgs,
    #[command(flatten)]
    notices: NoticeArgs,
    /// The largest master that is accepted [default: 2GiB]
    #[arg(long, value_name = "SIZE")]
    upload_limit: Option<String>,
    /// What uploads leave free of the data folder's disk [default: 1GiB]
    #[arg(long, value_name = "SIZE")]
    keep_free: Option<String>,
    /// How many songs of one account may wait to be packaged; all together ten times as many [default: 1000]
    #[arg(long, value_name = "NUMBER")]
    queue_limit: Option<String>,
    #[command(flatten)]
    packaging: PackagingArgs,
    /// What is logged to standard error [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// Leaves out the demo song of the first run
    #[arg(long)]
    no_demo: bool,
    /// A TOML file with these settings in snake_case [env: SEGUE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What `segue up` will do.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) data: PathBuf,
    pub(super) front: Front,
    /// Where the catalogue is, if not in the data folder.
    pub(super) database: Option<DatabaseUrl>,
    pub(super) listener: Listener,
    /// Who is told what took how long.
    pub(super) collector: Option<Collector>,
    pub(super) notices: Notices,
    /// Whom purges are told beside our own edges.
    pub(super) hooks: Hooks,
    pub(super) demo: bool,
    pub(super) upload_limit: u64,
    /// Bytes of the data folder's disk that uploads do not take.
    pub(super) keep_free: u64,
    /// How long the queue may become.
    pub(super) bound: Bound,
    pub(super) packaging: Packaging,
    pub(super) log: LogFilter,
    pub(super) admin_password: Option<String>,
}

impl Settings {
    /// Checks file, environment and flags, once.
    pub(super) fn decide(
        args: UpArgs,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let file = args.config.clone().or_else(|| env("SEGUE_CONFIG").map(PathBuf::from));
        let said = Said::read(&keys(), file.as_deref(), env, args.flags())?;
        let (packaging, database) = (Packaging::decide(&said)?, database::decide(&said)?);
        if packaging.workers == 0 && !matches!(database, Some(DatabaseUrl::Postgres { .. })) {
            let alone = "without workers here, segue worker packages, and that needs database_url to be postgres://…";
            return Err(ConfigError::Conflict(alone.to_owned()));
        }
        Ok(Self {
            data: said.get(&DATA)?.unwrap_or_else(|| PathBuf::from("data")),
            front: Front::decide(&said)?,
            database,
            listener: Listener::decide(&said)?,
            collector: spans::decide(&said)?,
            notices: Notices::decide(&said)?,
            hooks: hooks::decide(&said, env)?.into(),
            demo: said.get(&DEMO)?.is_none_or(|Switch(demo)| demo),
            upload_limit: said
                .get_if(&UPLOAD_LIMIT, |ByteSize(size)| *size > 0)?
                .map_or(DEFAULT_UPLOAD_LIMIT, |ByteSize(size)| size),
            keep_free: said.get(&KEEP_FREE)?.map_or(DEFAULT_KEEP_FREE, |ByteSize(size)| size),
            bound: bound(&said)?,
            packaging,
            log: said.get(&LOG)?.unwrap_or_default(),
            admin_password: said.get_if(&ADMIN_PASSWORD, |password: &String| {
                (1..=1024).contains(&password.len())
            })?,
        })
    }
}

/// All that its file may say: others read the same file.
pub(crate) fn keys() -> Vec<Key> {
    [
        &KEYS[..],
        &packaging::KEYS,
        &front::KEYS,
        &database::KEYS,
        &listener::KEYS,
        &spans::KEYS,
        &notices::KEYS,
        &hooks::KEYS,
    ]
    .concat()
}

impl UpArgs {
    fn flags(self) -> Vec<(&'static str, String)> {
        let demo = self.no_demo.then(|| "false".to_owned());
        [
            (DATA, self.data),
            (UPLOAD_LIMIT, self.upload_limit),
            (KEEP_FREE, self.keep_free),
            (QUEUE_LIMIT, self.queue_limit),
            (LOG, self.log),
            (DEMO, demo),
        ]
        .map(|(key, value)| (key.name, value))
        .into_iter()
        .chain(self.packaging.flags())
        .chain(self.front.flags())
        .chain(self.listener.flags())
        .chain(self.spans.flags())
        .chain(self.notices.flags())
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

fn bound(said: &Said) -> Result<Bound, ConfigError> {
    let each = said.get_if(&QUEUE_LIMIT, |songs: &u32| (1..=1_000_000).contains(songs))?;
    let each = each.unwrap_or(DEFAULT_QUEUE_LIMIT);
    Ok(Bound { each, all: each * 10 })
}

#[cfg(test)]
mod tests {
    use media::SegmentSecrets;

    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    fn packaging(packaging: PackagingArgs) -> UpArgs {
        UpArgs { packaging, ..UpArgs::default() }
    }

    fn workers(number: &str) -> UpArgs {
        packaging(PackagingArgs { workers: Some(number.to_owned()), ..PackagingArgs::default() })
    }

    fn told(args: UpArgs) -> String {
        Settings::decide(args, &nothing).expect_err("refused").to_string()
    }

    #[test]
    fn nothing_said_is_the_default() {
        let settings = Settings::decide(UpArgs::default(), &nothing).expect("settings");
        assert_eq!(settings.listener.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.listener.admin_listen.to_string(), "127.0.0.1:9090");
        assert!(settings.demo);
        assert_eq!((settings.packaging.workers, settings.upload_limit), (1, 2 << 30));
    }

    #[test]
    fn the_environment_speaks_and_flags_overrule_it() {
        let env = |name: &str| match name {
            "SEGUE_WORKERS" => Some("3".to_owned()),
            "SEGUE_DEMO" => Some("no".to_owned()),
            "SEGUE_UPLOAD_LIMIT" => Some("1MiB".to_owned()),
            _ => None,
        };
        let args = workers("2");
        let settings = Settings::decide(args, &env).expect("settings");
        assert_eq!((settings.packaging.workers, settings.demo), (2, false));
        assert_eq!(settings.upload_limit, 1 << 20);
    }

    #[test]
    fn the_web_players_set_cannot_be_left_out() {
        let sets = |sets: &str| {
            packaging(PackagingArgs { sets: Some(sets.to_owned()), ..PackagingArgs::default() })
        };
        assert!(told(sets("ogg")).contains("aac, which the web player plays"));
        let settings = Settings::decide(sets("aac,opus"), &nothing).expect("settings");
        assert_eq!(
            settings.packaging.parameters(&SegmentSecrets::default()).sets.to_string(),
            "aac,opus"
        );
    }

    #[test]
    fn only_what_can_be_encrypted_is_asked_to_be() {
        let encrypt = |sets: &str| PackagingArgs {
            sets: Some(sets.to_owned()),
            encrypt: true,
            ..PackagingArgs::default()
        };
        assert!(told(packaging(encrypt("aac,ogg"))).contains("ask for sets without ogg"));
        let dash = PackagingArgs { dash: true, ..encrypt("aac") };
        assert!(told(packaging(dash)).contains("no DASH manifest"));
        let settings =
            Settings::decide(packaging(encrypt("aac,saver")), &nothing).expect("settings");
        let packaging = settings.packaging;
        assert!(packaging.encrypt && packaging.segment_secrets.first().is_none());
    }

    #[test]
    fn segment_secrets_are_never_repeated() {
        let secret = "0f".repeat(32);
        let env = |value: String| {
            move |name: &str| (name == "SEGUE_SEGMENT_SECRET").then(|| value.clone())
        };
        let settings = Settings::decide(UpArgs::default(), &env(secret.clone())).expect("settings");
        assert!(!format!("{settings:?}").contains(&secret));
        assert_eq!(
            settings.packaging.parameters(&settings.packaging.segment_secrets).secret,
            None,
            "nobody said encrypt"
        );
        let told = Settings::decide(UpArgs::default(), &env(secret[1..].to_owned()));
        let told = told.expect_err("refused").to_string();
        assert!(told.contains("64 hex digits") && !told.contains("0f0f"), "{told}");
    }

    #[test]
    fn bad_values_say_what_is_accepted() {
        let said = told(workers("65"));
        assert!(said.contains("workers = '65'") && said.contains("from 0 to 64"), "{said}");
        assert!(told(workers("0")).contains("segue worker packages"), "SQLite has one process");
        let said = told(UpArgs { queue_limit: Some("0".to_owned()), ..UpArgs::default() });
        assert!(said.contains("queue_limit = '0'"), "{said}");
        let front = FrontArgs::at("music");
        let said = told(UpArgs { front, ..UpArgs::default() });
        assert!(said.contains("public_url = 'music'") && said.contains("https"), "{said}");
        let said = told(UpArgs {
            listener: ListenerArgs::with_certificate("cert.pem"),
            ..UpArgs::default()
        });
        assert!(said.contains("set both or neither"), "{said}");
    }
}
