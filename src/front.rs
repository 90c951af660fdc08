//! How the API meets people: its settings.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Context;
use api::{
    Hooks, Issuer, MailServer, Mailer, NoCertificates, OidcClient, Options, Origins, PublicUrl,
    Registration, Sender,
};
use axum::http::HeaderName;
use service::config::{ConfigError, Key, Said};

const PUBLIC_URL: Key =
    Key::new("public_url", "an http or https URL without query, such as https://music.example");
const COUNTRY_HEADER: Key = Key::new(
    "country_header",
    "the name of a header that the proxy in front sets on every request, such as CF-IPCountry",
);
const REGISTRATION: Key = Key::new("registration", "open or closed");
const SMTP_URL: Key =
    Key::secret("smtp_url", "smtp://HOST or smtps://HOST, perhaps with USER:PASSWORD@ and a port");
const MAIL_FROM: Key =
    Key::new("mail_from", "a mail address, perhaps as 'Segue <music@music.example>'");
const OIDC_ISSUER: Key = Key::new(
    "oidc_issuer",
    "the https URL by which a provider of OpenID Connect knows itself, such as https://login.example",
);
const OIDC_CLIENT_ID: Key = Key::new("oidc_client_id", "what that provider calls this server");
const OIDC_CLIENT_SECRET: Key =
    Key::secret("oidc_client_secret", "what that provider knows this server by");

const FORWARDED_FOR: Key = Key::new(
    "forwarded_for",
    "the name of a header that the proxy in front sets on every request, such as X-Forwarded-For",
);
const RATE_LIMIT: Key = Key::new(
    "rate_limit",
    "the requests that an account may make in a minute, or 0 for any number",
);
const CORS_ORIGINS: Key = Key::new(
    "cors_origins",
    "* or origins with commas between them, such as https://music.example",
);
const REQUEST_TIMEOUT: Key = Key::new("request_timeout", "a number of seconds from 1 to 3600");

/// What a role's list of keys must contain.
pub(crate) const KEYS: [Key; 12] = [
    PUBLIC_URL,
    COUNTRY_HEADER,
    REGISTRATION,
    SMTP_URL,
    MAIL_FROM,
    OIDC_ISSUER,
    OIDC_CLIENT_ID,
    OIDC_CLIENT_SECRET,
    FORWARDED_FOR,
    RATE_LIMIT,
    CORS_ORIGINS,
    REQUEST_TIMEOUT,
];

/// Requests of an account in a minute: a hundred a second is more than any player makes.
const DEFAULT_RATE: u32 = 6_000;

/// The flags of the API.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct FrontArgs {
    /// How the outside reaches us, for the URLs that we sign [default: where we listen]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// The header in which the proxy in front names a listener's country (ISO 3166-1 alpha-2). Without it, songs that
    /// are for some countries alone are shown to nobody
    #[arg(long, value_name = "NAME")]
    country_header: Option<String>,
    /// Who may make an account: open (everybody) or closed (nobody) [default: open]
    #[arg(long, value_name = "WHO")]
    registration: Option<String>,
    /// Who the mail is from with which forgotten passwords are set anew; needs SEGUE_SMTP_URL
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// A provider of OpenID Connect by which people log in, too: an https URL; needs --oidc-client-id and --public-url
    #[arg(long, value_name = "URL")]
    oidc_issuer: Option<String>,
    /// What that provider calls this server; its secret, if there is one, is SEGUE_OIDC_CLIENT_SECRET
    #[arg(long, value_name = "NAME")]
    oidc_client_id: Option<String>,
    /// The header in which the proxy in front names the address that it was asked from, last or alone. Without it, limits
    /// by address count the proxy
    #[arg(long, value_name = "NAME")]
    forwarded_for: Option<String>,
    /// Requests that an account may make in a minute, and an address four times as many; 0 for any number [default: 6000]
    #[arg(long, value_name = "NUMBER")]
    rate_limit: Option<String>,
    /// Whose web pages may call the API from a browser: * or origins with commas between them [default: our own]
    #[arg(long, value_name = "ORIGINS")]
    cors_origins: Option<String>,
    /// How many seconds an answer of the API may take to begin [default: 30]
    #[arg(long, value_name = "SECONDS")]
    request_timeout: Option<String>,
}

impl FrontArgs {
    #[cfg(test)]
    pub(crate) fn at(url: &str) -> Self {
        Self { public_url: Some(url.to_owned()), ..Self::default() }
    }

    pub(crate) fn flags(self) -> [(&'static str, Option<String>); 10] {
        [
            (PUBLIC_URL.name, self.public_url),
            (COUNTRY_HEADER.name, self.country_header),
            (REGISTRATION.name, self.registration),
            (MAIL_FROM.name, self.mail_from),
            (OIDC_ISSUER.name, self.oidc_issuer),
            (OIDC_CLIENT_ID.name, self.oidc_client_id),
            (FORWARDED_FOR.name, self.forwarded_for),
            (RATE_LIMIT.name, self.rate_limit),
            (CORS_ORIGINS.name, self.cors_origins),
            (REQUEST_TIMEOUT.name, self.request_timeout),
        ]
    }
}

/// What the API was told.
#[derive(Debug)]
pub(crate) struct Front {
    public_url: Option<PublicUrl>,
    country_header: Option<HeaderName>,
    registration: Registration,
    mail: Option<(MailServer, Sender)>,
    oidc: Option<Provider>,
    forwarded_for: Option<HeaderName>,
    rate_limit: Option<NonZeroU32>,
    cors_origins: Option<Origins>,
    request_timeout: Duration,
}

impl Front {
    /// Checks what was said.
    pub(crate) fn decide(said: &Said) -> Result<Self, ConfigError> {
        let seconds = said.get(&REQUEST_TIMEOUT)?;
        if seconds.is_some_and(|seconds| !(1..=3_600).contains(&seconds)) {
            return Err(said.bad_value(&REQUEST_TIMEOUT));
        }
        Ok(Self {
            public_url: said.get(&PUBLIC_URL)?,
            country_header: said.get(&COUNTRY_HEADER)?,
            registration: said.get(&REGISTRATION)?.unwrap_or_default(),
            mail: mail(said)?,
            oidc: provider(said)?,
            forwarded_for: said.get(&FORWARDED_FOR)?,
            rate_limit: NonZeroU32::new(said.get(&RATE_LIMIT)?.unwrap_or(DEFAULT_RATE)),
            cors_origins: said.get(&CORS_ORIGINS)?,
            request_timeout: seconds.map_or(api::REQUEST_TIMEOUT, Duration::from_secs),
        })
    }

    /// The API's options, where it is reached at `url` unless somebody named another, and tells these hooks.
    pub(crate) fn options(&self, url: &str, hooks: Hooks) -> anyhow::Result<Options> {
        let public_url = self.public_url.clone().map_or_else(|| parsed(url), Ok)?;
        let mailer = self.mail.as_ref().map(|(server, from)| Mailer::new(server, from.clone()));
        let mailer = mailer.transpose().context("smtp_url cannot be used")?;
        let oidc = self.oidc.as_ref().map(Provider::client).transpose();
        Ok(Options {
            public_url,
            country_header: self.country_header.clone(),
            registration: self.registration,
            mailer,
            oidc: oidc.context("oidc_issuer cannot be used")?,
            forwarded_for: self.forwarded_for.clone(),
            rate_limit: self.rate_limit,
            cors_origins: self.cors_origins.clone(),
            request_timeout: self.request_timeout,
            hooks,
        })
    }
}

/// Who logs people in, and how they know us.
struct Provider {
    issuer: Issuer,
    id: String,
    secret: Option<String>,
}

impl Provider {
    fn client(&self) -> Result<OidcClient, NoCertificates> {
        OidcClient::new(self.issuer.clone(), self.id.clone(), self.secret.clone())
    }
}

/// Without the secret.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A provider of logins: its name and ours, or neither; whoever has a secret has both.
fn provider(said: &Said) -> Result<Option<Provider>, ConfigError> {
    let secret = said.get(&OIDC_CLIENT_SECRET)?;
    match (said.get(&OIDC_ISSUER)?, said.get(&OIDC_CLIENT_ID)?) {
        (Some(_), Some(_)) if said.get::<PublicUrl>(&PUBLIC_URL)?.is_none() => {
            let place = "logins by a provider need public_url: people come back there";
            Err(ConfigError::Conflict(place.to_owned()))
        }
        (Some(issuer), Some(id)) => Ok(Some(Provider { issuer, id, secret })),
        (None, None) if secret.is_none() => Ok(None),
        _ => {
            let both = "logins by a provider need both oidc_issuer and oidc_client_id";
            Err(ConfigError::Conflict(both.to_owned()))
        }
    }
}

/// Where mail is handed in, and who it is from: both or neither. Links in it lead to where we are reached.
fn mail(said: &Said) -> Result<Option<(MailServer, Sender)>, ConfigError> {
    match (said.get(&SMTP_URL)?, said.get(&MAIL_FROM)?) {
        (Some(_), Some(_)) if said.get::<PublicUrl>(&PUBLIC_URL)?.is_none() => {
            let place = "mail needs public_url: its links lead there";
            Err(ConfigError::Conflict(place.to_owned()))
        }
        (Some(server), Some(from)) => Ok(Some((server, from))),
        (None, None) => Ok(None),
        _ => {
            let both = "mail needs both smtp_url and mail_from; set both or neither";
            Err(ConfigError::Conflict(both.to_owned()))
        }
    }
}

fn parsed(url: &str) -> anyhow::Result<PublicUrl> {
    url.parse().with_context(|| format!("'{url}' cannot be the public URL; set public_url"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(flags: &[(&'static str, &str)]) -> Result<Front, ConfigError> {
        let flags = flags.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Front::decide(&Said::read(&KEYS, None, &|_| None, flags)?)
    }

    fn told(flags: &[(&'static str, &str)]) -> String {
        let flags = flags.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let said = Said::read(&KEYS, None, &|_| None, flags).expect("no file");
        Front::decide(&said).expect_err("refused").to_string()
    }

    #[test]
    fn mail_needs_a_server_and_a_sender() {
        let (server, from) = (("smtp_url", "smtp://u:secret@h"), ("mail_from", "music@h.example"));
        assert!(told(&[server]).contains("set both or neither"));
        assert!(told(&[from]).contains("set both or neither"));
        let wrong = told(&[("smtp_url", "http://u:secret@h"), from]);
        assert!(wrong.contains("smtps://HOST") && !wrong.contains("secret"), "{wrong}");
        assert!(told(&[server, ("mail_from", "music")]).contains("mail_from = 'music'"));
        assert!(told(&[server, from]).contains("mail needs public_url"));
        assert!(decided(&[server, from, ("public_url", "https://h.example")]).is_ok());
        assert!(told(&[("registration", "ajar")]).contains("open or closed"));
    }

    #[test]
    fn a_provider_is_known_by_its_name_and_knows_ours() {
        let (issuer, id) = (("oidc_issuer", "https://login.example"), ("oidc_client_id", "segue"));
        let (secret, url) = (("oidc_client_secret", "hush"), ("public_url", "https://a.example"));
        for (flags, some) in
            [(&[issuer, id, secret, url][..], true), (&[issuer, id, url], true), (&[], false)]
        {
            let front = decided(flags).expect("right");
            assert!(!format!("{front:?}").contains("hush"));
            assert_eq!(
                front.options("http://a", Hooks::default()).expect("options").oidc.is_some(),
                some
            );
        }
        for flags in [&[issuer][..], &[id], &[secret], &[issuer, secret]] {
            assert!(told(flags).contains("need both oidc_issuer and oidc_client_id"), "{flags:?}");
        }
        assert!(told(&[issuer, id]).contains("need public_url"));
        let wrong = told(&[("oidc_issuer", "http://login.example"), id, url]);
        assert!(wrong.contains("oidc_issuer = 'http://login.example'"), "{wrong}");
    }

    #[test]
    fn a_header_that_cannot_be_is_refused() {
        let options = decided(&[("country_header", "CF-IPCountry")])
            .expect("a header")
            .options("http://a", Hooks::default())
            .expect("options");
        assert_eq!(options.country_header, Some(HeaderName::from_static("cf-ipcountry")));
        let told =
            decided(&[("country_header", "no such header")]).expect_err("refused").to_string();
        assert!(told.contains("country_header = 'no such header'"), "{told}");
        assert!(told.contains("such as CF-IPCountry"), "{told}");
    }

    #[test]
    fn limits_are_as_said_and_otherwise_mild() {
        let options = |flags: &[_]| {
            decided(flags).expect("right").options("http://a", Hooks::default()).expect("right")
        };
        let usual = options(&[]);
        assert_eq!(usual.rate_limit, NonZeroU32::new(DEFAULT_RATE));
        assert_eq!(usual.request_timeout, Duration::from_secs(30));
        assert_eq!((usual.cors_origins, usual.forwarded_for), (None, None));
        let said = options(&[
            ("rate_limit", "0"),
            ("request_timeout", "5"),
            ("cors_origins", "*"),
            ("forwarded_for", "Forwarded"),
        ]);
        assert_eq!((said.rate_limit, said.cors_origins), (None, Some(Origins::All)));
        assert_eq!(said.request_timeout, Duration::from_secs(5));
        assert_eq!(said.forwarded_for, Some(HeaderName::from_static("forwarded")));
        for (name, wrong) in [
            ("rate_limit", "-1"),
            ("request_timeout", "0"),
            ("cors_origins", "https://a.example/"),
            ("forwarded_for", "x y"),
        ] {
            let told = decided(&[(name, wrong)]).expect_err("refused").to_string();
            assert!(told.contains(&format!("{name} = '{wrong}'")), "{told}");
        }
    }
}
