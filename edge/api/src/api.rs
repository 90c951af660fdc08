//! What the handlers share.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::HeaderName;
use bus::Bus;
use catalogue::{Catalogue, CatalogueError, password};
use service::Clock;
use token::{SigningKey, VerifyingKeys};
use uuid::Uuid;

use crate::client::Logins;
use crate::hashing::Hashing;
use crate::live::Live;
use crate::standing::Standing;

/// Who signs what. Access and playback key must differ.
#[derive(Debug)]
pub struct Keys {
    /// Signs the API's own tokens.
    pub access: SigningKey,
    /// Signs the tokens that edges check.
    pub playback: SigningKey,
    /// What edges are to believe: the playback key's public half, and those that it succeeded.
    pub believed: VerifyingKeys,
}

/// What the handlers share. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Api(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    catalogue: Catalogue,
    bus: Bus,
    clock: Clock,
    public_url: PublicUrl,
    access_key: SigningKey,
    access_keys: VerifyingKeys,
    playback_key: SigningKey,
    key_set: Bytes,
    nobodys_hash: String,
    hashing: Hashing,
    live: Live,
    logins: Logins,
    standing: Standing,
    country_header: OnceLock<HeaderName>,
}

impl Api {
    /// An API over a catalogue, which tells edges what they must know over the bus.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn new(
        catalogue: Catalogue,
        clock: Clock,
        public_url: PublicUrl,
        keys: Keys,
        bus: Bus,
    ) -> Result<Self, CatalogueError> {
        // Nobody has this password: checking against it costs unknown users what known ones cost.
        let nobodys_hash = password::hash(&Uuid::new_v4().to_string())?;
        let Keys { access: access_key, playback: playback_key, believed } = keys;
        let access_keys = VerifyingKeys::from(&access_key);
        let key_set = believed.to_jwks().into();
        let standing = Standing::new(clock.clone());
        Ok(Self(Arc::new(Parts {
            catalogue,
            bus,
            clock,
            public_url,
            access_key,
            access_keys,
            playback_key,
            key_set,
            nobodys_hash,
            hashing: Hashing::new(),
            live: Live::default(),
            logins: Logins::new(),
            standing,
            country_header: OnceLock::new(),
        })))
    }

    /// Believes the header `name` of requests to say from which country they come (ISO 3166-1 alpha-2): whoever stands
    /// before this process sets it, and lets nobody else set it. What was said first holds.
    pub fn believe_country(&self, name: HeaderName) {
        self.0.country_header.get_or_init(|| name);
    }

    pub(crate) fn country_header(&self) -> Option<&HeaderName> {
        self.0.country_header.get()
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.0.bus
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn public_url(&self) -> &PublicUrl {
        &self.0.public_url
    }

    pub(crate) fn access_key(&self) -> &SigningKey {
        &self.0.access_key
    }

    pub(crate) fn access_keys(&self) -> &VerifyingKeys {
        &self.0.access_keys
    }

    pub(crate) fn playback_key(&self) -> &SigningKey {
        &self.0.playback_key
    }

    /// A JWKS.
    pub(crate) fn key_set(&self) -> &Bytes {
        &self.0.key_set
    }

    pub(crate) fn nobodys_hash(&self) -> &str {
        &self.0.nobodys_hash
    }

    /// The open streams of events: somebody must let them [follow](Live::follow) the bus of events.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    pub(crate) fn hashing(&self) -> &Hashing {
        &self.0.hashing
    }

    pub(crate) fn logins(&self) -> &Logins {
        &self.0.logins
    }

    pub(crate) fn standing(&self) -> &Standing {
        &self.0.standing
    }
}

/// Where listeners find the edge: scheme, host and perhaps a path, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// Not a URL that others can be built on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an http or https URL without query and fragment")]
pub struct InvalidUrl(String);

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let invalid = || InvalidUrl(text.to_owned());
        let uri: axum::http::Uri = text.parse().map_err(|_| invalid())?;
        let schemed = matches!(uri.scheme_str(), Some("http" | "https"));
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        let bare = uri.query().is_none() && !text.contains('#');
        let usable = schemed && has_host && bare && !has_user;
        usable.then(|| Self(text.trim_end_matches('/').to_owned())).ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_base_is_a_public_url() {
        let url = |text: &str| text.parse::<PublicUrl>().map(|url| url.to_string());
        assert_eq!(url("https://music.example/"), Ok("https://music.example".to_owned()));
        assert_eq!(url("http://[::1]:80/cdn"), Ok("http://[::1]:80/cdn".to_owned()));
        for wrong in [
            "",
            "music.example",
            "/x",
            "ftp://a",
            "http://",
            "http://a?b",
            "http://a#b",
            "http://u:p@a",
        ] {
            assert!(url(wrong).is_err(), "{wrong:?}");
        }
    }
}
