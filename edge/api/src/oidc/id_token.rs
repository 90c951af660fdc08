//! ID tokens (OpenID Connect Core 1.0, 2): what a provider has signed of somebody.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::Claims;

/// Signatures that are believed: by key pairs alone, since what checks an HMAC could also make it.
const ACCEPTED: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// How far the provider's clock may be from ours, in seconds.
const LEEWAY: u64 = 60;

/// The longest subject, in bytes (2).
const LONGEST_SUBJECT: usize = 255;

/// What an ID token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: SystemTime,
}

/// Why it is not believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadIdToken {
    #[error("it is not signed as it should be, or says something else than it should")]
    Token(#[from] jsonwebtoken::errors::Error),
    #[error("it is signed by {0:?}")]
    Algorithm(Algorithm),
    #[error("none of the provider's keys has signed it")]
    Key,
    #[error("it is of another login")]
    Nonce,
    #[error("it is for somebody else as well")]
    Audience,
    #[error("its time is over")]
    Expired,
    #[error("its subject cannot be used")]
    Subject,
}

#[derive(Deserialize)]
struct Payload {
    sub: String,
    exp: u64,
    nonce: Option<String>,
    azp: Option<String>,
    aud: Audience,
    #[serde(flatten)]
    claims: Claims,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// The subject of an ID token and what it says of them, if it says what it must (3.1.3.7).
pub(super) fn verify(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
) -> Result<(String, Claims), BadIdToken> {
    let header = decode_header(token)?;
    if !ACCEPTED.contains(&header.alg) {
        return Err(BadIdToken::Algorithm(header.alg));
    }
    let key = find(keys, header.kid.as_deref(), header.alg).ok_or(BadIdToken::Key)?;
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    // By our own clock, below.
    validation.validate_exp = false;
    let payload = decode::<Payload>(token, &DecodingKey::from_jwk(key)?, &validation)?.claims;
    payload.check(expected)?;
    Ok((payload.sub, payload.claims))
}

impl Payload {
    fn check(&self, expected: &Expected<'_>) -> Result<(), BadIdToken> {
        let now = expected.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if self.exp.saturating_add(LEEWAY) <= now {
            return Err(BadIdToken::Expired);
        }
        if self.nonce.as_deref() != Some(expected.nonce) {
            return Err(BadIdToken::Nonce);
        }
        let alone = match &self.aud {
            Audience::One(client) => client == expected.client,
            Audience::Many(clients) => clients.iter().all(|client| client == expected.client),
        };
        let party = self.azp.as_deref();
        if party.is_some_and(|party| party != expected.client) || (party.is_none() && !alone) {
            return Err(BadIdToken::Audience);
        }
        let length = self.sub.len();
        let usable = (1..=LONGEST_SUBJECT).contains(&length) && !self.sub.contains('\0');
        usable.then_some(()).ok_or(BadIdToken::Subject)
    }
}

/// The key of that name; where the token names none, the only one (10.1).
fn find<'k>(keys: &'k JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Option<&'k Jwk> {
    let fits = |key: &&Jwk| {
        let signs = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
        let stated = key.common.key_algorithm.map(|stated| stated.to_string().parse());
        signs && stated.is_none_or(|stated| stated == Ok(algorithm))
    };
    match kid {
        Some(_) => keys.keys.iter().filter(fits).find(|key| key.common.key_id.as_deref() == kid),
        None => {
            let mut fitting = keys.keys.iter().filter(fits);
            fitting.next().filter(|_| fitting.next().is_none())
        }
    }
}
