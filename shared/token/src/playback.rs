//! The playback token: one listener, one version of one song, up to one rate (RFC 9246).

use std::time::{Duration, SystemTime};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use media::{Kbps, UserId};
use serde::{Deserialize, Serialize};

use crate::key::{SigningKey, VerifyingKeys};
use crate::prefix::Prefix;
use crate::refusal::Refusal;
use crate::{jws, numeric_date};

const TYPE: &str = "play+jwt";
const ISSUER: &str = "segue";
const AUDIENCE: &str = "segue-edge";

/// RFC 9246 2.1.9.
const CDNI_VERSION: u8 = 1;

/// Minting is stable within a window of this length, so that browsers reuse what they have.
pub const WINDOW: Duration = Duration::from_secs(6 * 60 * 60);

/// The least time that a token is good for: some players never renew one.
const LEAST_LIFE: Duration = Duration::from_secs(6 * 60 * 60);

/// What a listener is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who listens.
    pub user: UserId,
    /// The version's folder.
    pub prefix: Prefix,
    /// The highest rate that the listener may fetch.
    pub max_kbps: Kbps,
    /// How long the song is.
    pub duration: Duration,
}

/// A token and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// The token: base64url and dots, so it is a path segment as it stands.
    pub token: String,
    /// When it ends.
    pub expires_at: SystemTime,
}

/// What a playback token says. A claim beyond these could be a restriction that we don't enforce
/// (RFC 9246 2.1.11, `cdnicrit`), so a token with one is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    iss: String,
    aud: String,
    /// Who listens.
    pub sub: UserId,
    iat: u64,
    nbf: u64,
    exp: u64,
    /// The playback: the same song for the same listener in the same window.
    pub jti: String,
    cdniv: u8,
    /// What the token opens.
    #[serde(rename = "cdniuc")]
    pub prefix: Prefix,
    /// The highest rate that the listener may fetch.
    pub max_kbps: Kbps,
    /// The session: everything that the listener plays in the window.
    pub sid: String,
}

impl Claims {
    /// When the token ends.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        numeric_date::to_time(self.exp)
    }

    /// Whether the token, whose signature held once, still opens the object at `key` (as
    /// `origin::Object` writes it), which needs an entitlement to `kbps`.
    ///
    /// # Errors
    /// [`Refusal::Expired`], [`Refusal::NotYetValid`], [`Refusal::WrongPath`], [`Refusal::OverCap`].
    pub fn allow(&self, key: &str, kbps: Option<Kbps>, now: SystemTime) -> Result<(), Refusal> {
        numeric_date::check(self.nbf.max(self.iat), self.exp, now)?;
        if !self.prefix.covers(key) {
            return Err(Refusal::WrongPath);
        }
        if kbps.is_some_and(|kbps| kbps > self.max_kbps) {
            return Err(Refusal::OverCap);
        }
        Ok(())
    }
}

/// Mints a token: a pure function. Times are counted from the window that `now` lies in, so that
/// the same grant within the window gives the same token; the end is max(6 h, 3 × duration) after
/// the window's own end, so that even the last one minted in it is good for that long.
#[must_use]
pub fn mint(key: &SigningKey, grant: &Grant, now: SystemTime) -> Minted {
    let window = WINDOW.as_secs();
    let iat = numeric_date::from_time(now) / window * window;
    let life = LEAST_LIFE.max(grant.duration.saturating_mul(3));
    let exp = (iat + window).saturating_add(life.as_secs());
    let Grant { user, prefix, max_kbps, .. } = grant;
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: *user,
        iat,
        nbf: iat,
        exp,
        jti: derived(&format!("jti {user} {iat} {max_kbps} {prefix}")),
        cdniv: CDNI_VERSION,
        prefix: prefix.clone(),
        max_kbps: *max_kbps,
        sid: derived(&format!("sid {user} {iat}")),
    };
    Minted { token: jws::sign(key, TYPE, &claims), expires_at: claims.expires_at() }
}

/// Verifies everything about a token that doesn't depend on the request: what a cache of verified
/// tokens may keep, until [`Claims::expires_at`]. Each request then asks [`Claims::allow`].
///
/// # Errors
/// Why it is refused.
pub fn open(keys: &VerifyingKeys, token: &str, now: SystemTime) -> Result<Claims, Refusal> {
    let claims: Claims = jws::open(keys, TYPE, token)?;
    if claims.cdniv != CDNI_VERSION {
        return Err(Refusal::Malformed);
    }
    if claims.iss != ISSUER {
        return Err(Refusal::WrongIssuer);
    }
    if claims.aud != AUDIENCE {
        return Err(Refusal::WrongAudience);
    }
    numeric_date::check(claims.nbf.max(claims.iat), claims.exp, now)?;
    Ok(claims)
}

/// Verifies a token for one request: [`open`], then [`Claims::allow`].
///
/// # Errors
/// Why it is refused.
pub fn verify(
    keys: &VerifyingKeys,
    token: &str,
    key: &str,
    kbps: Option<Kbps>,
    now: SystemTime,
) -> Result<Claims, Refusal> {
    let claims = open(keys, token, now)?;
    claims.allow(key, kbps, now)?;
    Ok(claims)
}

/// A name of 128 bits that follows from `text`.
fn derived(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16])
}
