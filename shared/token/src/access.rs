//! The API's short access token: who asks, and where they are logged in. What they may do is looked up: it may change while
//! a token lives.

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

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    iss: String,
    aud: String,
    /// Who asks.
    pub sub: UserId,
    /// Where they are logged in: the token is good for as long as that is.
    #[serde(rename = "sid")]
    pub session: SessionId,
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

/// Mints a token of `user`'s `session` that ends `lifetime` after `now`, or with the session.
#[must_use]
pub fn mint(
    key: &SigningKey,
    user: UserId,
    session: SessionId,
    lifetime: Duration,
    now: SystemTime,
) -> String {
    let iat = numeric_date::from_time(now);
    let exp = iat + lifetime.as_secs();
    let (iss, aud) = (ISSUER.to_owned(), AUDIENCE.to_owned());
    jws::sign(key, TYPE, &Claims { iss, aud, sub: user, session, iat, exp })
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

    fn session() -> SessionId {
        "0190d2a5-7c1e-7bbb-8123-00000000000a".parse().expect("a UUID")
    }

    #[test]
    fn says_who_and_where_and_for_how_long() {
        let key = SigningKey::generate().expect("randomness");
        let keys = VerifyingKeys::from(&key);
        let token = mint(&key, user(), session(), 15 * MINUTE, now());
        let claims = verify(&keys, &token, now()).expect("valid");
        assert_eq!((claims.sub, claims.session), (user(), session()));
        assert_eq!(claims.expires_at(), now() + 15 * MINUTE);
        let second = Duration::from_secs(1);
        assert!(verify(&keys, &token, now() + 15 * MINUTE - second).is_ok());
        assert_eq!(verify(&keys, &token, now() + 15 * MINUTE), Err(Refusal::Expired));
        assert!(verify(&keys, &token, now() - MINUTE).is_ok());
        assert_eq!(verify(&keys, &token, now() - MINUTE - second), Err(Refusal::NotYetValid));
    }

    /// As those of earlier releases that were of no session.
    #[test]
    fn without_a_session_it_is_none() {
        #[derive(Serialize)]
        struct Sessionless {
            iss: &'static str,
            aud: &'static str,
            sub: UserId,
            iat: u64,
            exp: u64,
        }
        let key = SigningKey::generate().expect("randomness");
        let (iat, exp) = (numeric_date::from_time(now()), u64::MAX / 2);
        let claims = Sessionless { iss: ISSUER, aud: AUDIENCE, sub: user(), iat, exp };
        let token = jws::sign(&key, TYPE, &claims);
        let verified = verify(&VerifyingKeys::from(&key), &token, now());
        assert_eq!(verified, Err(Refusal::Malformed));
    }

    #[test]
    fn is_never_a_playback_token_nor_the_reverse() {
        let key = SigningKey::generate().expect("randomness");
        let keys = VerifyingKeys::from(&key);
        let access = mint(&key, user(), session(), MINUTE, now());
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
