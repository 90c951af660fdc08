//! How the API meets people: its settings.

use anyhow::Context;
use api::{MailServer, Mailer, Options, PublicUrl, Registration, Sender};
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

/// What a role's list of keys must contain.
pub(crate) const KEYS: [Key; 5] = [PUBLIC_URL, COUNTRY_HEADER, REGISTRATION, SMTP_URL, MAIL_FROM];

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
}

impl FrontArgs {
    #[cfg(test)]
    pub(crate) fn at(url: &str) -> Self {
        Self { public_url: Some(url.to_owned()), ..Self::default() }
    }

    pub(crate) fn flags(self) -> [(&'static str, Option<String>); 4] {
        [
            (PUBLIC_URL.name, self.public_url),
            (COUNTRY_HEADER.name, self.country_header),
            (REGISTRATION.name, self.registration),
            (MAIL_FROM.name, self.mail_from),
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
}

impl Front {
    /// Checks what was said.
    pub(crate) fn decide(said: &Said) -> Result<Self, ConfigError> {
        Ok(Self {
            public_url: said.get(&PUBLIC_URL)?,
            country_header: said.get(&COUNTRY_HEADER)?,
            registration: said.get(&REGISTRATION)?.unwrap_or_default(),
            mail: mail(said)?,
        })
    }

    /// The API's options, where it is reached at `url` unless somebody named another.
    pub(crate) fn options(&self, url: &str) -> anyhow::Result<Options> {
        let public_url = self.public_url.clone().map_or_else(|| parsed(url), Ok)?;
        let mailer = self.mail.as_ref().map(|(server, from)| Mailer::new(server, from.clone()));
        let mailer = mailer.transpose().context("smtp_url cannot be used")?;
        let (country_header, registration) = (self.country_header.clone(), self.registration);
        Ok(Options { public_url, country_header, registration, mailer })
    }
}

/// Where mail is handed in, and who it is from: both or neither.
fn mail(said: &Said) -> Result<Option<(MailServer, Sender)>, ConfigError> {
    match (said.get(&SMTP_URL)?, said.get(&MAIL_FROM)?) {
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

    fn decided(country_header: &str) -> Result<Front, ConfigError> {
        let flags = [("country_header", country_header.to_owned())];
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
        assert!(told(&[("registration", "ajar")]).contains("open or closed"));
    }

    #[test]
    fn a_header_that_cannot_be_is_refused() {
        let options =
            decided("CF-IPCountry").expect("a header").options("http://a").expect("options");
        assert_eq!(options.country_header, Some(HeaderName::from_static("cf-ipcountry")));
        let told = decided("no such header").expect_err("refused").to_string();
        assert!(told.contains("country_header = 'no such header'"), "{told}");
        assert!(told.contains("such as CF-IPCountry"), "{told}");
    }
}
