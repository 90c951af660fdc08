//! What `segue up` was told, and what it will do.

use std::path::PathBuf;

use catalogue::DatabaseUrl;
use clap::Args;
use media::{SegmentSecrets, SwitchingSet, SwitchingSets};
use service::config::{ByteSize, ConfigError, Key, Said, Switch};
use service::telemetry::LogFilter;
use service::telemetry::spans::Collector;
use transcode::Parameters;
use transcode::cell::Limits;

use crate::cell;
use crate::database;
use crate::front::{self, Front, FrontArgs};
use crate::listener::{self, Listener, ListenerArgs};
use crate::notices::{self, NoticeArgs, Notices};
use crate::spans::{self, SpanArgs};

pub(crate) const DATA: Key = Key::new("data", "a folder");
const DEMO: Key = Key::new("demo", "true or false");
const WORKERS: Key = Key::new("workers", "a number from 1 to 64");
const UPLOAD_LIMIT: Key = Key::new("upload_limit", "a size such as 2GiB, 500MiB or 1048576");
const KEEP_FREE: Key = Key::new("keep_free", "a size such as 1GiB, 500MiB or 0");
const DECODE_MEMORY: Key = Key::new("decode_memory", "a size from 64MiB, such as 512MiB");
const DECODE_TIME: Key = Key::new("decode_time", "a number of seconds from 1 to 86400");
const LONGEST_SONG: Key = Key::new("longest_song", "a number of hours from 1 to 1000");
const SETS: Key = Key::new(
    "sets",
    "aac, which the web player plays, and any of ogg, opus and saver, joined by commas",
);
const LAYOUT: Key = Key::new("layout", "segments or single-file");
const DASH: Key = Key::new("dash", "true or false");
const ENCRYPT: Key = Key::new("encrypt", "true or false");
const SEGMENT_SECRET: Key = Key::secret(
    "segment_secret",
    "64 hex digits; several on a line each, the one to encrypt with first",
);
const EFFORT: Key = Key::new("effort", "best or fast");
const VERIFY: Key = Key::new("verify", "fast or full");
const LOG: Key = Key::new("log", "a level (error, warn, info, debug, trace) or directives");
const ADMIN_PASSWORD: Key = Key::secret("admin_password", "1 to 1024 bytes");
const KEYS: [Key; 17] = [
    DATA,
    DEMO,
    WORKERS,
    UPLOAD_LIMIT,
    KEEP_FREE,
    DECODE_MEMORY,
    DECODE_TIME,
    LONGEST_SONG,
    SETS,
    LAYOUT,
    DASH,
    EFFORT,
    VERIFY,
    ENCRYPT,
    LOG,
    SEGMENT_SECRET,
    ADMIN_PASSWORD,
];

/// What the edge keeps in memory, in bytes.
pub(super) const CACHE_BYTES: u64 = 256 << 20;

/// Less than this, and decoders of harmless songs run out.
const LEAST_DECODE_MEMORY: u64 = 64 << 20;

const DEFAULT_UPLOAD_LIMIT: u64 = 2 << 30;

const DEFAULT_KEEP_FREE: u64 = 1 << 30;

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
    /// Packagings at a time; each uses all cores by itself [default: 1]
    #[arg(long, value_name = "NUMBER")]
    workers: Option<String>,
    /// The largest master that is accepted [default: 2GiB]
    #[arg(long, value_name = "SIZE")]
    upload_limit: Option<String>,
    /// What uploads leave free of the data folder's disk [default: 1GiB]
    #[arg(long, value_name = "SIZE")]
    keep_free: Option<String>,
    /// The memory that decoding one song may take [default: 512MiB]
    #[arg(long, value_name = "SIZE")]
    decode_memory: Option<String>,
    /// The CPU seconds that decoding one song may take, beside a quarter of its length [default: 30]
    #[arg(long, value_name = "SECONDS")]
    decode_time: Option<String>,
    /// The longest song that is accepted [default: 24]
    #[arg(long, value_name = "HOURS")]
    longest_song: Option<String>,
    /// What is made of every song: aac, ogg, opus, saver [default: aac,ogg]
    #[arg(long, value_name = "SETS")]
    sets: Option<String>,
    /// How fMP4 renditions are stored: segments or single-file [default: segments]
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<String>,
    /// Describes fMP4 renditions in DASH as well
    #[arg(long)]
    dash: bool,
    /// How hard the encoders try: best or fast [default: best]
    #[arg(long, value_name = "EFFORT")]
    effort: Option<String>,
    /// What a package must pass before it is published: fast or full [default: fast]
    #[arg(long, value_name = "HOW")]
    verify: Option<String>,
    /// Encrypts segments at rest (HLS AES-128), with SEGUE_SEGMENT_SECRET or a secret made in the data folder;
    /// for fMP4 in segments alone: --sets aac
    #[arg(long)]
    encrypt: bool,
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
    pub(super) demo: bool,
    pub(super) workers: u8,
    pub(super) upload_limit: u64,
    /// Bytes of the data folder's disk that uploads do not take.
    pub(super) keep_free: u64,
    /// What reading one master may take.
    pub(super) limits: Limits,
    pub(super) parameters: Parameters,
    /// Whether new songs are encrypted.
    pub(super) encrypt: bool,
    /// Those that were said; the data folder may hold another.
    pub(super) segment_secrets: SegmentSecrets,
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
        let encrypt = said.get(&ENCRYPT)?.is_some_and(|Switch(encrypt)| encrypt);
        Ok(Self {
            data: said.get(&DATA)?.unwrap_or_else(|| PathBuf::from("data")),
            front: Front::decide(&said)?,
            database: database::decide(&said)?,
            listener: Listener::decide(&said)?,
            collector: spans::decide(&said)?,
            notices: Notices::decide(&said)?,
            demo: said.get(&DEMO)?.is_none_or(|Switch(demo)| demo),
            workers: checked(&said, &WORKERS, |workers| (1..=64).contains(workers))?.unwrap_or(1),
            upload_limit: checked(&said, &UPLOAD_LIMIT, |ByteSize(size)| *size > 0)?
                .map_or(DEFAULT_UPLOAD_LIMIT, |ByteSize(size)| size),
            keep_free: said.get(&KEEP_FREE)?.map_or(DEFAULT_KEEP_FREE, |ByteSize(size)| size),
            limits: limits(&said)?,
            parameters: parameters(&said, encrypt)?,
            encrypt,
            segment_secrets: said.get(&SEGMENT_SECRET)?.unwrap_or_default(),
            log: said.get(&LOG)?.unwrap_or_default(),
            admin_password: checked(&said, &ADMIN_PASSWORD, |password: &String| {
                (1..=1024).contains(&password.len())
            })?,
        })
    }

    /// What new songs are packaged with, where `secrets` are all that are held.
    pub(super) fn parameters(&self, secrets: &SegmentSecrets) -> Parameters {
        let secret = secrets.first().filter(|_| self.encrypt).cloned();
        Parameters { secret, ..self.parameters.clone() }
    }
}

/// All that its file may say: others read the same file.
pub(crate) fn keys() -> Vec<Key> {
    [&KEYS[..], &front::KEYS, &database::KEYS, &listener::KEYS, &spans::KEYS, &notices::KEYS]
        .concat()
}

impl UpArgs {
    fn flags(self) -> Vec<(&'static str, String)> {
        let dash = self.dash.then(|| "true".to_owned());
        let encrypt = self.encrypt.then(|| "true".to_owned());
        let demo = self.no_demo.then(|| "false".to_owned());
        [
            (DATA, self.data),
            (WORKERS, self.workers),
            (UPLOAD_LIMIT, self.upload_limit),
            (KEEP_FREE, self.keep_free),
            (DECODE_MEMORY, self.decode_memory),
            (DECODE_TIME, self.decode_time),
            (LONGEST_SONG, self.longest_song),
            (SETS, self.sets),
            (LAYOUT, self.layout),
            (DASH, dash),
            (EFFORT, self.effort),
            (VERIFY, self.verify),
            (ENCRYPT, encrypt),
            (LOG, self.log),
            (DEMO, demo),
        ]
        .map(|(key, value)| (key.name, value))
        .into_iter()
        .chain(self.front.flags())
        .chain(self.listener.flags())
        .chain(self.spans.flags())
        .chain(self.notices.flags())
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

fn checked<T: std::str::FromStr>(
    said: &Said,
    key: &Key,
    accepts: impl Fn(&T) -> bool,
) -> Result<Option<T>, ConfigError> {
    match said.get(key)? {
        Some(value) if !accepts(&value) => Err(said.bad_value(key)),
        value => Ok(value),
    }
}

fn limits(said: &Said) -> Result<Limits, ConfigError> {
    let memory = checked(said, &DECODE_MEMORY, |ByteSize(size)| *size >= LEAST_DECODE_MEMORY)?;
    let seconds = checked(said, &DECODE_TIME, |seconds| (1..=86_400).contains(seconds))?;
    let hours = checked(said, &LONGEST_SONG, |hours| (1..=1_000).contains(hours))?;
    let memory = memory.unwrap_or(ByteSize(512 << 20));
    Ok(cell::limits(memory, seconds.unwrap_or(cell::DECODE_TIME), hours.unwrap_or(24)))
}

fn parameters(said: &Said, encrypt: bool) -> Result<Parameters, ConfigError> {
    let parameters = Parameters {
        sets: checked(said, &SETS, |sets: &SwitchingSets| sets.contains(SwitchingSet::Aac))?
            .unwrap_or_default(),
        layout: said.get(&LAYOUT)?.unwrap_or_default(),
        dash: said.get(&DASH)?.is_some_and(|Switch(dash)| dash),
        effort: said.get(&EFFORT)?.unwrap_or_default(),
        verify: said.get(&VERIFY)?.unwrap_or_default(),
        ..Parameters::default()
    };
    let encryptable = if encrypt { parameters.check_encryptable() } else { Ok(()) };
    match parameters.check().and(encryptable) {
        Ok(()) => Ok(parameters),
        Err(error) => Err(ConfigError::Conflict(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
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
        assert_eq!((settings.workers, settings.upload_limit), (1, 2 << 30));
    }

    #[test]
    fn the_environment_speaks_and_flags_overrule_it() {
        let env = |name: &str| match name {
            "SEGUE_WORKERS" => Some("3".to_owned()),
            "SEGUE_DEMO" => Some("no".to_owned()),
            "SEGUE_UPLOAD_LIMIT" => Some("1MiB".to_owned()),
            _ => None,
        };
        let args = UpArgs { workers: Some("2".to_owned()), ..UpArgs::default() };
        let settings = Settings::decide(args, &env).expect("settings");
        assert_eq!((settings.workers, settings.demo), (2, false));
        assert_eq!(settings.upload_limit, 1 << 20);
    }

    #[test]
    fn the_web_players_set_cannot_be_left_out() {
        let sets = |sets: &str| UpArgs { sets: Some(sets.to_owned()), ..UpArgs::default() };
        assert!(told(sets("ogg")).contains("aac, which the web player plays"));
        let settings = Settings::decide(sets("aac,opus"), &nothing).expect("settings");
        assert_eq!(settings.parameters.sets.to_string(), "aac,opus");
    }

    #[test]
    fn only_what_can_be_encrypted_is_asked_to_be() {
        let encrypt =
            |sets: &str| UpArgs { sets: Some(sets.to_owned()), encrypt: true, ..UpArgs::default() };
        assert!(told(encrypt("aac,ogg")).contains("ask for sets without ogg"));
        let dash = UpArgs { dash: true, ..encrypt("aac") };
        assert!(told(dash).contains("no DASH manifest"));
        let settings = Settings::decide(encrypt("aac,saver"), &nothing).expect("settings");
        assert!(settings.encrypt && settings.segment_secrets.first().is_none());
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
            settings.parameters(&settings.segment_secrets).secret,
            None,
            "nobody said encrypt"
        );
        let told = Settings::decide(UpArgs::default(), &env(secret[1..].to_owned()));
        let told = told.expect_err("refused").to_string();
        assert!(told.contains("64 hex digits") && !told.contains("0f0f"), "{told}");
    }

    #[test]
    fn bad_values_say_what_is_accepted() {
        let said = told(UpArgs { workers: Some("0".to_owned()), ..UpArgs::default() });
        assert!(said.contains("workers = '0'") && said.contains("from 1 to 64"), "{said}");
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
