//! What the handlers share.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderName;
use bus::Bus;
use catalogue::{Catalogue, CatalogueError, password};
use service::Clock;
use token::{SigningKey, VerifyingKeys};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::client::Logins;
use crate::hashing::Hashing;
use crate::hot::Hot;
use crate::live::Live;
use crate::options::Options;
use crate::origins::Origins;
use crate::public_url::PublicUrl;
use crate::rates::Rates;
use crate::standing::Standing;

/// How many take their data with them at a time: each holds all that is theirs in memory.
const EXPORTS: usize = 2;

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
    options: Options,
    access_key: SigningKey,
    access_keys: VerifyingKeys,
    playback_key: SigningKey,
    key_set: Bytes,
    nobodys_hash: String,
    hashing: Hashing,
    exports: Semaphore,
    hot: Hot,
    live: Live,
    logins: Logins,
    rates: Option<Rates>,
    standing: Standing,
}

impl Api {
    /// An API over a catalogue, which tells edges what they must know over the bus.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn new(
        catalogue: Catalogue,
        clock: Clock,
        options: Options,
        keys: Keys,
        bus: Bus,
    ) -> Result<Self, CatalogueError> {
        // Nobody has this password: checking against it costs unknown users what known ones cost.
        let nobodys_hash = password::hash(&Uuid::new_v4().to_string())?;
        let Keys { access: access_key, playback: playback_key, believed } = keys;
        let access_keys = VerifyingKeys::from(&access_key);
        let key_set = believed.to_jwks().into();
        let standing = Standing::new(clock.clone());
        let rates = options.rate_limit.map(Rates::new);
        Ok(Self(Arc::new(Parts {
            catalogue,
            bus,
            clock,
            options,
            access_key,
            access_keys,
            playback_key,
            key_set,
            nobodys_hash,
            hashing: Hashing::new(),
            exports: Semaphore::new(EXPORTS),
            hot: Hot::new(),
            live: Live::default(),
            logins: Logins::new(),
            rates,
            standing,
        })))
    }

    pub(crate) fn country_header(&self) -> Option<&HeaderName> {
        self.0.options.country_header.as_ref()
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn forwarded_for(&self) -> Option<&HeaderName> {
        self.0.options.forwarded_for.as_ref()
    }

    pub(crate) fn cors_origins(&self) -> Option<&Origins> {
        self.0.options.cors_origins.as_ref()
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.0.options.request_timeout
    }

    /// How many requests one may make, if there is a limit.
    pub(crate) fn rates(&self) -> Option<&Rates> {
        self.0.rates.as_ref()
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
        &self.0.options.public_url
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

    pub(crate) fn hot(&self) -> &Hot {
        &self.0.hot
    }

    /// The open streams of events: somebody must let them [follow](Live::follow) the bus of events.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    pub(crate) fn hashing(&self) -> &Hashing {
        &self.0.hashing
    }

    /// Who may take their data with them now.
    pub(crate) fn exports(&self) -> &Semaphore {
        &self.0.exports
    }

    pub(crate) fn logins(&self) -> &Logins {
        &self.0.logins
    }

    pub(crate) fn standing(&self) -> &Standing {
        &self.0.standing
    }
}
