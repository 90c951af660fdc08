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

/// RFC 9246 2.1.8.
const CDNI_VERSION: u8 = 1;

/// Minting is stable within a window of this length, so that browsers reuse what they have.
pub const WINDOW: Duration = Duration::from_secs(6 * 60 * 60);

/// The least time that a token is good for: some players never renew one.
const LEAST_LIFE: Duration = Duration::from_secs(6 * 60 * 60);

/// The longest song that tokens are for, in hours; `longest_song` is a setting up to this.
const LONGEST_SONG_HOURS: u64 = 1_000;

/// The longest that any token lives after it was minted.
pub const LONGEST_LIFE: Duration =
    WINDOW.saturating_add(Duration::from_secs(3 * LONGEST_SONG_HOURS * 60 * 60));

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
/// (RFC 9246 2.1.9, `cdnicrit`), so a token with one is refused.
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
    /// When it was issued: at the start of the window that it was minted in.
    #[must_use]
    pub fn issued_at(&self) -> SystemTime {
        numeric_date::to_time(self.iat)
    }

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

/// How long after `now` a token for a song of `duration` that was minted by then may live at most.
#[must_use]
pub fn longest_life(duration: Duration) -> Duration {
    WINDOW.saturating_add(LEAST_LIFE.max(duration.saturating_mul(3)))
}

/// Mints a token: a pure function. Times are counted from the window that `now` lies in, so that
/// the same grant within the window gives the same token; the end is max(6 h, 3 × duration) after
/// the window's own end, so that even the last one minted in it is good for that long.
#[must_use]
pub fn mint(key: &SigningKey, grant: &Grant, now: SystemTime) -> Minted {
    mint_within(key, grant, SystemTime::UNIX_EPOCH, None, now)
}

/// Mints a token like [`mint`], but for a listener whose tokens of before `since` are revoked: this one is issued at
/// `since`, where that lies within the window. It ends at `until` at the latest, when nobody may listen any more.
#[must_use]
pub fn mint_within(
    key: &SigningKey,
    grant: &Grant,
    since: SystemTime,
    until: Option<SystemTime>,
    now: SystemTime,
) -> Minted {
    let (window, now) = (WINDOW.as_secs(), numeric_date::from_time(now));
    // A revocation of the moment may lie a second ahead; the clocks of verifiers may be further behind.
    let iat = (now / window * window).max(numeric_date::from_time(since).min(now + 1));
    let exp = iat.saturating_add(longest_life(grant.duration).as_secs());
    let exp = until.map_or(exp, |until| exp.min(numeric_date::from_time(until)));
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
    // A longer life than any that we mint would outlive its revocation.
    if claims.exp.saturating_sub(claims.iat) > LONGEST_LIFE.as_secs() {
        return Err(Refusal::Malformed);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FOLDER: &str = "artist/a/album/b/c/d";
    const SEGMENT: &str = "artist/a/album/b/c/d/aac/128/00000.m4s";
    const HOUR: Duration = Duration::from_secs(3_600);
    const SECOND: Duration = Duration::from_secs(1);

    /// The start of a window.
    fn start() -> SystemTime {
        numeric_date::to_time(83_000 * WINDOW.as_secs())
    }

    fn grant() -> Grant {
        Grant {
            user: "0190d2a5-7c1e-7bbb-8123-000000000009".parse().expect("a UUID"),
            prefix: FOLDER.parse().expect("a folder"),
            max_kbps: Kbps(128),
            duration: Duration::from_secs(210),
        }
    }

    fn keys() -> (SigningKey, VerifyingKeys) {
        let key = SigningKey::generate().expect("randomness");
        let keys = VerifyingKeys::from(&key);
        (key, keys)
    }

    #[test]
    fn opens_what_was_granted() {
        let (key, keys) = keys();
        let minted = mint(&key, &grant(), start());
        let verify = |path, kbps| verify(&keys, &minted.token, path, kbps, start());
        let claims = verify(SEGMENT, Some(Kbps(128))).expect("granted");
        assert_eq!((claims.sub, claims.max_kbps), (grant().user, Kbps(128)));
        assert_eq!(claims.expires_at(), minted.expires_at);
        assert!(verify("artist/a/album/b/c/d/asset.json", None).is_ok());
        assert_eq!(verify(SEGMENT, Some(Kbps(320))), Err(Refusal::OverCap));
        assert_eq!(verify("artist/a/album/b/c/e/asset.json", None), Err(Refusal::WrongPath));
    }

    #[test]
    fn the_same_grant_within_a_window_is_the_same_token() {
        let (key, _) = keys();
        let at = |now| mint(&key, &grant(), now);
        assert_eq!(at(start()), at(start() + WINDOW - SECOND));
        assert_ne!(at(start()), at(start() + WINDOW));
        assert_ne!(at(start()), mint(&key, &Grant { max_kbps: Kbps(64), ..grant() }, start()));
        let prefix = "artist/a/album/b/c/e".parse().expect("a folder");
        assert_ne!(at(start()), mint(&key, &Grant { prefix, ..grant() }, start()));
    }

    #[test]
    fn whoever_was_revoked_gets_tokens_that_are_issued_later() {
        let (key, keys) = keys();
        let now = start() + HOUR;
        let issued = |since, now| {
            let minted = mint_within(&key, &grant(), since, None, now);
            open(&keys, &minted.token, now).expect("good at once").issued_at()
        };
        assert_eq!(issued(start() - HOUR, now), start(), "before this window");
        assert_eq!(issued(now + SECOND, now), now + SECOND, "of this moment");
        assert_eq!(issued(now + SECOND, now + HOUR), now + SECOND, "stable again");
        assert_eq!(issued(now + HOUR, now), now + SECOND, "never far ahead");
        assert_eq!(issued(now, now + WINDOW), start() + WINDOW);
    }

    #[test]
    fn no_token_outlives_what_may_be_heard() {
        let (key, keys) = keys();
        let (now, end) = (start() + HOUR, start() + HOUR * 2);
        let within = |until| mint_within(&key, &grant(), start(), Some(until), now);
        assert_eq!(within(end).expires_at, end);
        assert_eq!(within(end), mint_within(&key, &grant(), start(), Some(end), now + HOUR / 2));
        let token = within(end).token;
        assert!(open(&keys, &token, end - SECOND).is_ok());
        assert_eq!(open(&keys, &token, end), Err(Refusal::Expired));
        let far = start() + HOUR * 1_000;
        assert_eq!(within(far).expires_at, mint(&key, &grant(), now).expires_at);
    }

    #[test]
    fn the_last_token_of_a_window_is_good_for_six_hours_or_three_songs() {
        let (key, keys) = keys();
        for (duration, life) in [(HOUR / 10, 6 * HOUR), (2 * HOUR, 6 * HOUR), (3 * HOUR, 9 * HOUR)]
        {
            let last = start() + WINDOW - SECOND;
            let minted = mint(&key, &Grant { duration, ..grant() }, last);
            let end = start() + WINDOW + life;
            assert_eq!(minted.expires_at, end);
            assert!(open(&keys, &minted.token, end - SECOND).is_ok());
            assert_eq!(open(&keys, &minted.token, end), Err(Refusal::Expired));
        }
    }

    #[test]
    fn clocks_may_be_a_minute_apart_at_the_start() {
        let (key, keys) = keys();
        let token = mint(&key, &grant(), start()).token;
        assert!(open(&keys, &token, start() - crate::SKEW).is_ok());
        let early = open(&keys, &token, start() - crate::SKEW - SECOND);
        assert_eq!(early, Err(Refusal::NotYetValid));
    }

    #[test]
    fn other_keys_and_no_token_are_refused() {
        let (key, _) = keys();
        let (_, strangers) = keys();
        let token = mint(&key, &grant(), start()).token;
        assert_eq!(open(&strangers, &token, start()), Err(Refusal::UnknownKey));
        assert_eq!(open(&strangers, "", start()), Err(Refusal::Missing));
    }

    #[test]
    fn a_token_is_one_path_segment_well_below_the_limit() {
        let (key, _) = keys();
        let prefix = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
            0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
            00112233445566778899aabbccddeeff";
        let prefix = prefix.parse().expect("a folder");
        let token = mint(&key, &Grant { prefix, ..grant() }, start()).token;
        assert!(token.len() * 2 < jws::MAX_LENGTH, "{}", token.len());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        assert!(token.bytes().all(plain), "{token}");
    }

    proptest! {
        #[test]
        fn no_changed_byte_goes_unseen(at in 0usize..1_000, with in "[A-Za-z0-9_.-]") {
            let key = SigningKey::generate().expect("randomness");
            let keys = VerifyingKeys::from(&key);
            let token = mint(&key, &grant(), start()).token;
            let at = at % token.len();
            let changed = format!("{}{with}{}", &token[..at], &token[at + 1..]);
            prop_assert_eq!(open(&keys, &changed, start()).is_ok(), changed == token);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let (_, keys) = keys();
            prop_assert!(open(&keys, &text, start()).is_err());
        }
    }
}
