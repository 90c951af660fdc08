//! The hooks of a configuration file: `[[hooks]]`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use axum::http::Uri;
use invalidation::targets::akamai::Network;
use invalidation::targets::{Akamai, Bunny, CloudFront, Cloudflare, Fastly, Node, Webhook};
use invalidation::{Hook, HookName, Rate, Secret, Target, guard, hook};
use service::config::{ConfigError, Entry, Key, Said, Switch};

/// What a role's list of keys must contain.
pub(crate) const KEYS: [Key; 1] = [Key::list(
    "hooks",
    "tables that begin with [[hooks]], each with a name, a kind and what that needs",
)];

const NAME: Key =
    Key::new("name", "1 to 64 lower-case letters, digits, '-' and '_', another for each hook");
const KIND: Key =
    Key::new("kind", "fastly, cloudflare, cloudfront, akamai, bunny, varnish, nginx or webhook");
const STAGE: Key =
    Key::new("stage", "a number from 1 to 9; what fetches from others has a higher one");
const RATE: Key = Key::new("rate", "a number of requests in a second from 0.01 to 1000");
const BURST: Key = Key::new("burst", "a number of requests at once from 1 to 1000");
const ATTEMPTS: Key = Key::new("attempts", "a number from 1 to 1000");
const ALLOW_PRIVATE: Key = Key::new("allow_private", "true or false");
const SECRET_FILE: Key = Key::new(
    "secret_file",
    "a file that holds the secret in the form that the kind takes; or secret_env is set, one of both",
);
const SECRET_ENV: Key = Key::new(
    "secret_env",
    "an environment variable that holds the secret in the form that the kind takes; or secret_file is set, one of both",
);
const URL: Key = Key::new(
    "url",
    "a URL of the public internet over https; where allow_private = true, any over http or https",
);
const API: Key = Key::new("api", URL.accepts);
const SITE: Key =
    Key::new("site", "the URL where viewers find what is cached, such as https://media.example");
const SERVICE: Key = Key::new("service", "the id of a service: 1 to 64 letters and digits");
const ZONE: Key = Key::new("zone", "the id of a zone: 1 to 64 letters and digits");
const DISTRIBUTION: Key =
    Key::new("distribution", "the id of a distribution: 1 to 64 letters and digits");
const NETWORK: Key = Key::new("network", "production or staging");
const CP_CODE: Key = Key::new("cp_code", "a number");
const PULL_ZONE: Key = Key::new("pull_zone", "the number of a pull zone");

/// What every hook may say.
const OF_ALL: [Key; 9] =
    [NAME, KIND, STAGE, RATE, BURST, ATTEMPTS, ALLOW_PRIVATE, SECRET_FILE, SECRET_ENV];

/// A kind of hook, and what is so where nobody says otherwise.
struct Kind {
    name: &'static str,
    /// What it may say beside that.
    keys: &'static [Key],
    stage: u8,
    rate: Rate,
    make: fn(&Told<'_>) -> Result<Target, ConfigError>,
}

/// Nodes of our own are nearer; rates stay under what providers allow their smallest plans.
const KINDS: [Kind; 8] = [
    Kind {
        name: "fastly",
        keys: &[SERVICE, SITE, API],
        stage: 2,
        rate: rate(10.0, 20),
        make: fastly,
    },
    Kind {
        name: "cloudflare",
        keys: &[ZONE, SITE, API],
        stage: 2,
        rate: rate(1.0, 5),
        make: cloudflare,
    },
    Kind {
        name: "cloudfront",
        keys: &[DISTRIBUTION, API],
        stage: 2,
        rate: rate(1.0, 3),
        make: cloudfront,
    },
    Kind {
        name: "akamai",
        keys: &[NETWORK, CP_CODE, SITE, API],
        stage: 2,
        rate: rate(2.0, 10),
        make: akamai,
    },
    Kind {
        name: "bunny",
        keys: &[PULL_ZONE, SITE, API],
        stage: 2,
        rate: rate(5.0, 10),
        make: bunny,
    },
    Kind { name: "varnish", keys: &[URL], stage: 1, rate: rate(100.0, 100), make: node },
    Kind { name: "nginx", keys: &[URL], stage: 1, rate: rate(100.0, 100), make: node },
    Kind { name: "webhook", keys: &[URL], stage: 2, rate: rate(10.0, 20), make: webhook },
];

const fn rate(per_second: f64, burst: u32) -> Rate {
    Rate { per_second, burst }
}

/// One table, and what its URLs may be.
struct Told<'a> {
    entry: &'a Entry,
    secret: Secret,
    allow_private: bool,
}

/// Checks all of them, and that their secrets are there.
pub(crate) fn decide(
    said: &Said,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Hook>, ConfigError> {
    let mut hooks: Vec<Hook> = Vec::new();
    for entry in said.entries(&KEYS[0]) {
        let hook = read(entry, env)?;
        if hooks.iter().any(|other| other.name == hook.name) {
            return Err(entry.bad_value(&NAME));
        }
        hooks.push(hook);
    }
    Ok(hooks)
}

fn read(entry: &Entry, env: &dyn Fn(&str) -> Option<String>) -> Result<Hook, ConfigError> {
    let named: String = entry.need(&KIND)?;
    let kind =
        KINDS.iter().find(|kind| kind.name == named).ok_or_else(|| entry.bad_value(&KIND))?;
    entry.knows_only(&[&OF_ALL[..], kind.keys].concat())?;
    let allow_private = entry.get(&ALLOW_PRIVATE)?.is_some_and(|Switch(allowed)| allowed);
    let (secret, key) = secret(entry, env)?;
    let target = (kind.make)(&Told { entry, secret, allow_private })?;
    target
        .check()
        .map_err(|error| ConfigError::Conflict(format!("{}: {error}", entry.bad_value(&key))))?;
    let rate = Rate {
        per_second: checked(entry, &RATE, |rate| (0.01..=1_000.0).contains(rate))?
            .unwrap_or(kind.rate.per_second),
        burst: checked(entry, &BURST, |burst: &NonZeroU32| burst.get() <= 1_000)?
            .map_or(kind.rate.burst, NonZeroU32::get),
    };
    Ok(Hook {
        name: entry.need::<HookName>(&NAME)?,
        stage: checked(entry, &STAGE, |stage| (1..=9).contains(stage))?.unwrap_or(kind.stage),
        target,
        rate,
        attempts: checked(entry, &ATTEMPTS, |attempts| (1..=1_000).contains(attempts))?
            .unwrap_or(hook::ATTEMPTS),
        allow_private,
    })
}

/// What the hook proves itself with, and the key that says where it is.
fn secret(
    entry: &Entry,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(Secret, Key), ConfigError> {
    match (entry.get::<PathBuf>(&SECRET_FILE)?, entry.get::<String>(&SECRET_ENV)?) {
        (Some(path), None) => Ok((Secret::in_file(path), SECRET_FILE)),
        (None, Some(name)) => {
            let value = env(&name).ok_or_else(|| entry.bad_value(&SECRET_ENV))?;
            Ok((Secret::said(value), SECRET_ENV))
        }
        (None, None) => Err(entry.bad_value(&SECRET_FILE)),
        (Some(_), Some(_)) => Err(entry.bad_value(&SECRET_ENV)),
    }
}

fn checked<T: std::str::FromStr>(
    entry: &Entry,
    key: &Key,
    accepts: impl Fn(&T) -> bool,
) -> Result<Option<T>, ConfigError> {
    match entry.get(key)? {
        Some(value) if !accepts(&value) => Err(entry.bad_value(key)),
        value => Ok(value),
    }
}

impl Told<'_> {
    /// A URL that may be told.
    fn url(&self, key: &Key) -> Result<Option<Uri>, ConfigError> {
        checked(self.entry, key, |url: &Uri| guard::may_be(url, self.allow_private))
    }

    fn api(&self, default: &'static str) -> Result<Uri, ConfigError> {
        Ok(self.url(&API)?.unwrap_or_else(|| Uri::from_static(default)))
    }

    /// A URL that is named, not told.
    fn site(&self) -> Result<Option<Uri>, ConfigError> {
        checked(self.entry, &SITE, |url: &Uri| guard::may_be(url, true) && url.query().is_none())
    }

    /// What becomes a part of a path.
    fn id(&self, key: &Key) -> Result<String, ConfigError> {
        let is_id = |id: &String| {
            (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        checked(self.entry, key, is_id)?.ok_or_else(|| self.entry.bad_value(key))
    }

    fn secret(&self) -> Secret {
        self.secret.clone()
    }
}

fn fastly(said: &Told<'_>) -> Result<Target, ConfigError> {
    let (api, service) = (said.api("https://api.fastly.com")?, said.id(&SERVICE)?);
    Ok(Target::Fastly(Fastly { api, service, token: said.secret(), site: said.site()? }))
}

fn cloudflare(said: &Told<'_>) -> Result<Target, ConfigError> {
    let (api, zone) = (said.api("https://api.cloudflare.com/client/v4")?, said.id(&ZONE)?);
    Ok(Target::Cloudflare(Cloudflare { api, zone, token: said.secret(), site: said.site()? }))
}

fn cloudfront(said: &Told<'_>) -> Result<Target, ConfigError> {
    let api = said.api("https://cloudfront.amazonaws.com")?;
    let distribution = said.id(&DISTRIBUTION)?;
    Ok(Target::CloudFront(CloudFront { api, distribution, credentials: said.secret() }))
}

fn akamai(said: &Told<'_>) -> Result<Target, ConfigError> {
    let network = match said.entry.get::<String>(&NETWORK)?.as_deref() {
        None | Some("production") => Network::Production,
        Some("staging") => Network::Staging,
        Some(_) => return Err(said.entry.bad_value(&NETWORK)),
    };
    let (api, cp_code) = (said.url(&API)?, said.entry.get(&CP_CODE)?);
    Ok(Target::Akamai(Akamai {
        api,
        network,
        credentials: said.secret(),
        cp_code,
        site: said.site()?,
    }))
}

fn bunny(said: &Told<'_>) -> Result<Target, ConfigError> {
    let (api, pull_zone) = (said.api("https://api.bunny.net")?, said.entry.need(&PULL_ZONE)?);
    Ok(Target::Bunny(Bunny { api, pull_zone, access_key: said.secret(), site: said.site()? }))
}

fn node(said: &Told<'_>) -> Result<Target, ConfigError> {
    let url = said.url(&URL)?.ok_or_else(|| said.entry.bad_value(&URL))?;
    Ok(Target::Node(Node { url, secret: said.secret() }))
}

fn webhook(said: &Told<'_>) -> Result<Target, ConfigError> {
    let url = said.url(&URL)?.ok_or_else(|| said.entry.bad_value(&URL))?;
    Ok(Target::Webhook(Webhook { url, secrets: said.secret() }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const EDGERC: &str = "client_secret = a\nhost = b.example\naccess_token = c\nclient_token = d";
    const AWS: &str = "aws_access_key_id = a\naws_secret_access_key = b";

    fn env(name: &str) -> Option<String> {
        let value = match name {
            "SECRET" => SECRET,
            "EDGERC" => EDGERC,
            "AWS" => AWS,
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn decided(toml: &str) -> Result<Vec<Hook>, String> {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("segue.toml");
        fs::write(&file, toml).unwrap();
        let said = Said::read(&KEYS, Some(&file), &|_| None, []).map_err(|it| it.to_string())?;
        decide(&said, &env).map_err(|error| error.to_string())
    }

    fn hook(rest: &str) -> String {
        format!("[[hooks]]\nname = \"a\"\n{rest}\n")
    }

    #[test]
    fn nothing_said_is_no_hook() {
        assert!(decided("").unwrap().is_empty());
    }

    #[test]
    fn every_kind_can_be_said() {
        let kinds = [
            "kind = \"fastly\"\nservice = \"SU1Z0isxPaozGVKXdv0eY\"\nsecret_env = \"SECRET\"",
            "kind = \"cloudflare\"\nzone = \"023e105f4ecef8ad9ca31a8372d0c353\"\nsite = \"https://media.example\"\nsecret_env = \"SECRET\"",
            "kind = \"cloudfront\"\ndistribution = \"EDFDVBD632BHDS5\"\nsecret_env = \"AWS\"",
            "kind = \"akamai\"\nnetwork = \"staging\"\ncp_code = 123\nsecret_env = \"EDGERC\"",
            "kind = \"bunny\"\npull_zone = 643475\nsecret_env = \"SECRET\"",
            "kind = \"varnish\"\nurl = \"http://10.0.0.1:6081\"\nallow_private = true\nsecret_env = \"SECRET\"",
            "kind = \"nginx\"\nurl = \"https://node.example\"\nsecret_env = \"SECRET\"",
            "kind = \"webhook\"\nurl = \"https://hooks.example/x\"\nsecret_env = \"SECRET\"\nstage = 3\nrate = 0.5\nburst = 2\nattempts = 7",
        ];
        for kind in kinds {
            let hooks = decided(&hook(kind)).unwrap();
            assert_eq!(hooks.len(), 1, "{kind}");
            assert!(!format!("{hooks:?}").contains(SECRET), "{hooks:?}");
        }
        let hook = &decided(&hook(kinds[7])).unwrap()[0];
        assert_eq!((hook.stage, hook.attempts, hook.rate), (3, 7, rate(0.5, 2)));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_accepted() {
        let webhook = |rest: &str| {
            hook(&format!(
                "kind = \"webhook\"\nurl = \"https://h.example/\"\nsecret_env = \"SECRET\"\n{rest}"
            ))
        };
        let twice = [webhook(""), webhook("")].concat();
        for (toml, key, accepted) in [
            (hook(""), "hooks[1].kind = nothing", "fastly, cloudflare"),
            (hook("kind = \"squid\""), "hooks[1].kind = 'squid'", "fastly, cloudflare"),
            (webhook("zone = \"x\""), "unknown key 'hooks[1].zone'", "secret_env, url"),
            (webhook("secret = \"x\""), "unknown key 'hooks[1].secret'", "secret_file, secret_env"),
            (webhook("rate = 0"), "hooks[1].rate = '0'", "from 0.01 to 1000"),
            (webhook("burst = 0"), "hooks[1].burst = '0'", "from 1 to 1000"),
            (webhook("stage = 10"), "hooks[1].stage = '10'", "from 1 to 9"),
            (webhook("attempts = 0"), "hooks[1].attempts = '0'", "from 1 to 1000"),
            (webhook("allow_private = 7"), "hooks[1].allow_private = '7'", "true or false"),
            (webhook("secret_file = \"/x\""), "hooks[1].secret_env = 'SECRET'", "one of both"),
            (twice, "hooks[2].name = 'a'", "another for each hook"),
            (webhook("").replace("\"a\"", "\"A B\""), "hooks[1].name = 'A B'", "lower-case"),
            (
                webhook("").replace("https://h.", "http://h."),
                "hooks[1].url = 'http://h.example/'",
                "over https",
            ),
            (
                webhook("").replace("h.example", "127.0.0.1"),
                "'https://127.0.0.1/'",
                "public internet",
            ),
            (
                webhook("").replace("\"SECRET\"", "\"NONE\""),
                "hooks[1].secret_env = 'NONE'",
                "holds the secret",
            ),
            (webhook("").replace("\"SECRET\"", "\"AWS\""), "hooks[1].secret_env = 'AWS'", "whsec_"),
            (
                hook("kind = \"fastly\"\nservice = \"../x\"\nsecret_env = \"SECRET\""),
                "hooks[1].service = '../x'",
                "letters and digits",
            ),
            ("hooks = 3".to_owned(), "hooks = '3'", "[[hooks]]"),
        ] {
            let said = decided(&toml).expect_err(&toml);
            assert!(said.contains(key) && said.contains(accepted), "{toml}: {said}");
        }
    }
}
