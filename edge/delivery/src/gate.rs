//! Whether a request may have what it asks for.

use std::sync::Arc;
use std::time::SystemTime;

use media::Kbps;
use token::playback::Claims;
use token::{Refusal, VerifyingKeys, playback};

/// How many verified tokens are remembered.
const REMEMBERED: u64 = 10_000;

/// Verifies tokens. A signature is checked once per token and then remembered; what can change (the
/// time) or differ (path and rate) is checked on every request, so memory never outlives a token.
#[derive(Debug)]
pub(crate) struct Gate {
    keys: VerifyingKeys,
    verified: moka::sync::Cache<Box<str>, Arc<Claims>>,
}

impl Gate {
    pub(crate) fn new(keys: VerifyingKeys) -> Self {
        Self { keys, verified: moka::sync::Cache::new(REMEMBERED) }
    }

    /// Lets a request for `key`, which needs an entitlement to `kbps`, pass or not.
    pub(crate) fn check(
        &self,
        token: &str,
        key: &str,
        kbps: Option<Kbps>,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        if let Some(claims) = self.verified.get(token) {
            return claims.allow(key, kbps, now);
        }
        let claims = playback::open(&self.keys, token, now)?;
        let verdict = claims.allow(key, kbps, now);
        self.verified.insert(token.into(), Arc::new(claims));
        verdict
    }
}
