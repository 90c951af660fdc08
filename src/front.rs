//! How the API meets people: its settings.

use anyhow::Context;
use api::{Options, PublicUrl};
use axum::http::HeaderName;
use service::config::{ConfigError, Key, Said};

const PUBLIC_URL: Key =
    Key::new("public_url", "an http or https URL without query, such as https://music.example");
const COUNTRY_HEADER: Key = Key::new(
    "country_header",
    "the name of a header that the proxy in front sets on every request, such as CF-IPCountry",
);

/// What a role's list of keys must contain.
pub(crate) const KEYS: [Key; 2] = [PUBLIC_URL, COUNTRY_HEADER];

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
}

impl FrontArgs {
    #[cfg(test)]
    pub(crate) fn at(url: &str) -> Self {
        Self { public_url: Some(url.to_owned()), ..Self::default() }
    }

    pub(crate) fn flags(self) -> [(&'static str, Option<String>); 2] {
        [(PUBLIC_URL.name, self.public_url), (COUNTRY_HEADER.name, self.country_header)]
    }
}

/// What the API was told.
#[derive(Debug)]
pub(crate) struct Front {
    public_url: Option<PublicUrl>,
    country_header: Option<HeaderName>,
}

impl Front {
    /// Checks what was said.
    pub(crate) fn decide(said: &Said) -> Result<Self, ConfigError> {
        Ok(Self { public_url: said.get(&PUBLIC_URL)?, country_header: said.get(&COUNTRY_HEADER)? })
    }

    /// The API's options, where it is reached at `url` unless somebody named another.
    pub(crate) fn options(&self, url: &str) -> anyhow::Result<Options> {
        let public_url = self.public_url.clone().map_or_else(|| parsed(url), Ok)?;
        Ok(Options { public_url, country_header: self.country_header.clone() })
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
