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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    use super::*;

    /// The key pair of RFC 8037 A.1.
    const SECRET: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const NOW: u64 = 1_800_000_000;

    fn keys(keys: &Value) -> JwkSet {
        serde_json::from_value(json!({ "keys": keys })).expect("a key set")
    }

    fn key(kid: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": PUBLIC})
    }

    fn claims() -> Value {
        json!({"iss": "https://login.example", "aud": "segue", "sub": "248289761001",
               "nonce": "n-0S6", "exp": NOW + 60, "iat": NOW})
    }

    fn signed(kid: Option<&str>, claims: &Value) -> String {
        let secret = BASE64_URL_SAFE_NO_PAD.decode(SECRET).expect("base64");
        // RFC 8410 7: the prefix of an Ed25519 key in PKCS #8.
        let prefix = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
        let key = EncodingKey::from_ed_der(&[prefix.as_slice(), &secret].concat());
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &key).expect("a token")
    }

    fn checked(token: &str, keys: &JwkSet) -> Result<String, BadIdToken> {
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        let issuer = "https://login.example";
        let expected = Expected { issuer, client: "segue", nonce: "n-0S6", now };
        verify(token, keys, &expected).map(|(subject, _)| subject)
    }

    /// A row for each clause of OpenID Connect Core 3.1.3.7 that a token can break: what is said in place of the right
    /// thing (`null`: nothing at all), and whether it is believed.
    #[test]
    fn a_token_says_what_it_must() {
        let keys = keys(&json!([key("a")]));
        assert_eq!(checked(&signed(Some("a"), &claims()), &keys).expect("good"), "248289761001");
        for (name, value, believed) in [
            ("iss", json!("https://login.example/"), false),
            ("iss", json!("https://other.example"), false),
            ("iss", Value::Null, false),
            ("aud", json!("another"), false),
            ("aud", json!(["segue"]), true),
            ("aud", json!(["segue", "another"]), false),
            ("aud", json!([]), false),
            ("aud", Value::Null, false),
            ("azp", json!("segue"), true),
            ("azp", json!("another"), false),
            ("nonce", json!("n-0S7"), false),
            ("nonce", Value::Null, false),
            ("exp", json!(NOW - LEEWAY + 1), true),
            ("exp", json!(NOW - LEEWAY), false),
            ("exp", Value::Null, false),
            ("sub", json!(""), false),
            ("sub", json!("s".repeat(LONGEST_SUBJECT)), true),
            ("sub", json!("s".repeat(LONGEST_SUBJECT + 1)), false),
            ("sub", json!("nul\0"), false),
            ("sub", Value::Null, false),
        ] {
            let mut claims = claims();
            let all = claims.as_object_mut().expect("an object");
            all.remove(name);
            if !value.is_null() {
                all.insert(name.to_owned(), value.clone());
            }
            let checked = checked(&signed(Some("a"), &claims), &keys);
            assert_eq!(checked.is_ok(), believed, "{name}: {value}: {checked:?}");
        }
        // Of several audiences, the one that it was made for is named.
        let mut both = claims();
        both["aud"] = json!(["segue", "another"]);
        both["azp"] = json!("segue");
        assert!(checked(&signed(Some("a"), &both), &keys).is_ok());
    }

    #[test]
    fn a_token_is_signed_by_the_key_that_it_names_or_by_the_only_one() {
        let fits = |kid, set: Value| checked(&signed(kid, &claims()), &keys(&set)).is_ok();
        let with = |name: &str, value: &str| {
            let mut key = key("a");
            key[name] = json!(value);
            json!([key])
        };
        let other = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik";
        assert!(fits(Some("a"), json!([key("b"), key("a")])));
        assert!(!fits(Some("a"), json!([key("b")])), "another's");
        assert!(fits(None, json!([key("a")])));
        assert!(!fits(None, json!([key("a"), key("b")])), "which?");
        assert!(!fits(Some("a"), with("use", "enc")));
        assert!(!fits(Some("a"), with("alg", "RS256")));
        assert!(!fits(Some("a"), with("x", other)), "not by this one");
        assert!(!fits(Some("a"), json!([])));
    }

    /// What everybody has cannot be a secret that signs, and no signature is none.
    #[test]
    fn no_token_is_signed_by_what_everybody_knows() {
        let keys = keys(&json!([key("a")]));
        let header = Header { kid: Some("a".to_owned()), ..Header::new(Algorithm::HS256) };
        let public = EncodingKey::from_secret(PUBLIC.as_bytes());
        let token = encode(&header, &claims(), &public).expect("a token");
        let refused = checked(&token, &keys);
        assert!(matches!(refused, Err(BadIdToken::Algorithm(Algorithm::HS256))), "{refused:?}");
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let (header, payload) = (part(&json!({"alg": "none", "kid": "a"})), part(&claims()));
        assert!(checked(&format!("{header}.{payload}."), &keys).is_err());
        let good = signed(Some("a"), &claims());
        let (body, _) = good.rsplit_once('.').expect("three parts");
        assert!(checked(&format!("{body}."), &keys).is_err());
    }
}
