//! What `segue edge` was told, and what it will do.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use delivery::pull::InvalidPullSecret;
use delivery::{KeySource, PullSecrets};
use media::SegmentSecrets;
use service::config::{ByteSize, ConfigError, Key, Said};
use service::telemetry::LogFilter;
use service::telemetry::spans::Collector;

use crate::listener::{self, Listener, ListenerArgs};
use crate::notices::{self, NoticeArgs, Notices};
use crate::spans::{self, SpanArgs};
use crate::store::Place;

const ORIGIN: Key = Key::new("origin", "a folder, file:///…, s3://…, gs://… or az://…");
const JWKS: Key =
    Key::new("jwks", "a file, or an http or https URL without a password, of a JSON Web Key set");
const SHIELD: Key = Key::new("shield", "the http or https URL of another edge");
const SHIELD_SECRET: Key = Key::secret(
    "shield_secret",
    "one of the shield's edge_secret: 32 to 256 visible ASCII characters",
);
const CACHE: Key = Key::new("cache", "a size such as 256MiB or 8GiB");
const SEGMENT_SECRET: Key =
    Key::secret("segment_secret", "64 hex digits; several stand on a line each");
const LOG: Key = Key::new("log", "a level (error, warn, info, debug, trace) or directives");
const KEYS: [Key; 7] = [ORIGIN, JWKS, SHIELD, SHIELD_SECRET, CACHE, SEGMENT_SECRET, LOG];

const DEFAULT_CACHE: u64 = 256 << 20;

/// Runs an edge by itself
#[derive(Debug, Default, Args)]
pub(crate) struct EdgeArgs {
    /// Where packaged songs are stored: a folder, or the URL of a store
    #[arg(long, value_name = "DIR|URL")]
    origin: Option<String>,
    /// Whose tokens are believed: `/.well-known/jwks.json` of the API, or a copy of it in a file
    #[arg(long, value_name = "FILE|URL")]
    jwks: Option<String>,
    /// Another edge that is asked before the origin, as long as it is well; it knows us by SEGUE_SHIELD_SECRET
    #[arg(long, value_name = "URL")]
    shield: Option<String>,
    /// What is kept in memory [default: 256MiB]
    #[arg(long, value_name = "SIZE")]
    cache: Option<String>,
    #[command(flatten)]
    listener: ListenerArgs,
    #[command(flatten)]
    notices: NoticeArgs,
    #[command(flatten)]
    spans: SpanArgs,
    /// What is logged to standard error [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// A TOML file with these settings in snake_case [env: SEGUE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What `segue edge` will do.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) origin: Place,
    pub(super) keys: KeySource,
    /// The URL of another edge, and what it knows us by.
    pub(super) shield: Option<(String, ShieldSecret)>,
    /// In bytes.
    pub(super) cache_size: u64,
    pub(super) listener: Listener,
    pub(super) notices: Notices,
    /// Who is told what took how long.
    pub(super) collector: Option<Collector>,
    pub(super) segment_secrets: SegmentSecrets,
    pub(super) log: LogFilter,
}

impl Settings {
    /// Checks file, environment and flags, once.
    pub(super) fn decide(
        args: EdgeArgs,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let file = args.config.clone().or_else(|| env("SEGUE_CONFIG").map(PathBuf::from));
        let keys = [&KEYS[..], &listener::KEYS, &notices::KEYS, &spans::KEYS].concat();
        let said = Said::read(&keys, file.as_deref(), env, args.flags())?;
        let missing = |key: &Key| ConfigError::Missing { key: key.name, accepts: key.accepts };
        Ok(Self {
            origin: said.get(&ORIGIN)?.ok_or_else(|| missing(&ORIGIN))?,
            keys: said.get(&JWKS)?.ok_or_else(|| missing(&JWKS))?,
            shield: shield(&said)?,
            cache_size: said.get(&CACHE)?.map_or(DEFAULT_CACHE, |ByteSize(size)| size),
            listener: Listener::decide(&said)?,
            notices: Notices::decide(&said)?,
            collector: spans::decide(&said)?,
            segment_secrets: said.get(&SEGMENT_SECRET)?.unwrap_or_default(),
            log: said.get(&LOG)?.unwrap_or_default(),
        })
    }
}

impl EdgeArgs {
    fn flags(self) -> Vec<(&'static str, String)> {
        [
            (ORIGIN, self.origin),
            (JWKS, self.jwks),
            (SHIELD, self.shield),
            (CACHE, self.cache),
            (LOG, self.log),
        ]
        .map(|(key, value)| (key.name, value))
        .into_iter()
        .chain(self.listener.flags())
        .chain(self.notices.flags())
        .chain(self.spans.flags())
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

fn shield(said: &Said) -> Result<Option<(String, ShieldSecret)>, ConfigError> {
    match (said.get(&SHIELD)?, said.get(&SHIELD_SECRET)?) {
        (Some(url), Some(secret)) => Ok(Some((url, secret))),
        (None, None) => Ok(None),
        _ => {
            let both = "a shield needs both shield and shield_secret; set both or neither";
            Err(ConfigError::Conflict(both.to_owned()))
        }
    }
}

/// What a shield knows us by. `Debug` does not show it.
pub(super) struct ShieldSecret(pub(super) String);

impl FromStr for ShieldSecret {
    type Err = InvalidPullSecret;

    fn from_str(text: &str) -> Result<Self, InvalidPullSecret> {
        let text = text.trim_ascii_end();
        text.parse::<PullSecrets>().map(|_| Self(text.to_owned()))
    }
}

impl fmt::Debug for ShieldSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShieldSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let env =
            |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned());
        Settings::decide(EdgeArgs::default(), &env).map_err(|error| error.to_string())
    }

    #[test]
    fn an_edge_needs_an_origin_and_keys() {
        let refused = decided(&[]).expect_err("refused");
        assert!(refused.contains("origin") && refused.contains("a folder"), "{refused}");
        let refused = decided(&[("SEGUE_ORIGIN", "songs")]).expect_err("refused");
        assert!(refused.contains("jwks") && refused.contains("Key set"), "{refused}");
        let password =
            [("SEGUE_ORIGIN", "songs"), ("SEGUE_JWKS", "https://a:sesame@keys.example/")];
        assert!(decided(&password).expect_err("refused").contains("without a password"));
        let settings = decided(&[("SEGUE_ORIGIN", "s3://songs"), ("SEGUE_JWKS", "keys.json")]);
        assert_eq!(settings.expect("settings").cache_size, DEFAULT_CACHE);
    }

    #[test]
    fn a_shield_is_asked_with_its_secret() {
        let secret = "0123456789abcdef0123456789abcdef";
        let with = |more: &[(&'static str, &'static str)]| {
            let least = [("SEGUE_ORIGIN", "songs"), ("SEGUE_JWKS", "keys.json")];
            decided(&[&least[..], more].concat())
        };
        let shield = ("SEGUE_SHIELD", "https://shield.example");
        assert!(with(&[shield]).expect_err("refused").contains("both shield and shield_secret"));
        let refused = with(&[shield, ("SEGUE_SHIELD_SECRET", "short")]).expect_err("refused");
        assert!(refused.contains("32 to 256") && !refused.contains("short"), "{refused}");
        let settings = with(&[shield, ("SEGUE_SHIELD_SECRET", secret)]).expect("settings");
        assert!(!format!("{settings:?}").contains(secret));
    }

    #[test]
    fn a_password_in_the_url_of_the_bus_is_not_repeated() {
        let settings = [
            ("SEGUE_ORIGIN", "songs"),
            ("SEGUE_JWKS", "keys.json"),
            ("SEGUE_BUS", "tls://edge:sesame@nats.example:4222"),
        ];
        assert!(!format!("{:?}", decided(&settings).expect("settings")).contains("sesame"));
    }
}
