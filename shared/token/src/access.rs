//! The API's short access token: who asks, in which role.

use std::time::{Duration, SystemTime};

use media::{SessionId, UserId};
use serde::{Deserialize, Serialize};

use crate::key::{SigningKey, VerifyingKeys};
use crate::refusal::Refusal;
use crate::{jws, numeric_date};

/// RFC 9068 2.1.
const TYPE: &str = "at+jwt";
const ISSUER: &str = "segue";
const AUDIENCE: &str = "segue-api";

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Plays, searches, keeps playlists.
    Listener,
    /// Brings masters.
    Artist,
    /// Runs it.
    Admin,
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    iss: String,
    aud: String,
    /// Who asks.
    pub sub: UserId,
    /// In which role.
    pub role: Role,
    /// Where they are logged in. What holds a token without one ends with the token alone.
    #[serde(default, rename = "sid", skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    iat: u64,
    exp: u64,
}

impl Claims {
    /// When the token ends.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        numeric_date::to_time(self.exp)
    }
}

/// Mints a token of no session that ends `lifetime` after `now`.
#[must_use]
pub fn mint(
    key: &SigningKey,
    user: UserId,
    role: Role,
    lifetime: Duration,
    now: SystemTime,
) -> String {
    sign(key, (user, role), None, lifetime, now)
}

/// Mints a token of a session that ends `lifetime` after `now`, or with the session.
#[must_use]
pub fn mint_in_session(
    key: &SigningKey,
    session: SessionId,
    (user, role): (UserId, Role),
    lifetime: Duration,
    now: SystemTime,
) -> String {
    sign(key, (user, role), Some(session), lifetime, now)
}

fn sign(
    key: &SigningKey,
    (sub, role): (UserId, Role),
    session: Option<SessionId>,
    lifetime: Duration,
    now: SystemTime,
) -> String {
    let iat = numeric_date::from_time(now);
    let exp = iat + lifetime.as_secs();
    let (iss, aud) = (ISSUER.to_owned(), AUDIENCE.to_owned());
    jws::sign(key, TYPE, &Claims { iss, aud, sub, role, session, iat, exp })
}

/// Verifies a token as it stands after `Authorization: Bearer`.
///
/// # Errors
/// Why it is refused.
pub fn verify(keys: &VerifyingKeys, token: &str, now: SystemTime) -> Result<Claims, Refusal> {
    let claims: Claims = jws::open(keys, TYPE, token)?;
    if claims.iss != ISSUER {
        return Err(Refusal::WrongIssuer);
    }
    if claims.aud != AUDIENCE {
        return Err(Refusal::WrongAudience);
    }
    numeric_date::check(claims.iat, claims.exp, now)?;
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playback;

    const MINUTE: Duration = Duration::from_secs(60);

    fn now() -> SystemTime {
        numeric_date::to_time(1_790_000_000)
    }

    fn user() -> UserId {
        "0190d2a5-7c1e-7bbb-8123-000000000009".parse().expect("a UUID")
    }

    #[test]
    fn says_who_and_for_how_long() {
        let key = SigningKey::generate().expect("randomness");
        let keys = VerifyingKeys::from(&key);
        let token = mint(&key, user(), Role::Artist, 15 * MINUTE, now());
        let claims = verify(&keys, &token, now()).expect("valid");
        assert_eq!((claims.sub, claims.role), (user(), Role::Artist));
        assert_eq!(claims.expires_at(), now() + 15 * MINUTE);
        let second = Duration::from_secs(1);
        assert!(verify(&keys, &token, now() + 15 * MINUTE - second).is_ok());
        assert_eq!(verify(&keys, &token, now() + 15 * MINUTE), Err(Refusal::Expired));
        assert!(verify(&keys, &token, now() - MINUTE).is_ok());
        assert_eq!(verify(&keys, &token, now() - MINUTE - second), Err(Refusal::NotYetValid));
    }

    #[test]
    fn says_in_which_session_if_in_any() {
        let key = SigningKey::generate().expect("randomness");
        let keys = VerifyingKeys::from(&key);
        let session: SessionId = "0190d2a5-7c1e-7bbb-8123-00000000000a".parse().expect("a UUID");
        let who = (user(), Role::Listener);
        let token = mint_in_session(&key, session, who, MINUTE, now());
        assert_eq!(verify(&keys, &token, now()).expect("valid").session, Some(session));
        let token = mint(&key, user(), Role::Listener, MINUTE, now());
        assert_eq!(verify(&keys, &token, now()).expect("valid").session, None);
    }

    #[test]
    fn is_never_a_playback_token_nor_the_reverse() {
        let key = SigningKey::generate().expect("randomness");
        let keys = VerifyingKeys::from(&key);
        let access = mint(&key, user(), Role::Admin, MINUTE, now());
        assert_eq!(playback::open(&keys, &access, now()), Err(Refusal::WrongType));
        let grant = playback::Grant {
            user: user(),
            prefix: "artist/a/album/b/c/d".parse().expect("a folder"),
            max_kbps: media::Kbps(320),
            duration: MINUTE,
        };
        let playback = playback::mint(&key, &grant, now()).token;
        assert_eq!(verify(&keys, &playback, now()), Err(Refusal::WrongType));
    }
}
