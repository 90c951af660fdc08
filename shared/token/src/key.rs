//! Who signs, and who is believed.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, JwkSet, OctetKeyPairParameters,
    OctetKeyPairType, PublicKeyUse, ThumbprintHash,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

/// Why a text holds no key that tokens can use.
#[derive(Debug, thiserror::Error)]
pub enum UnusableKey {
    /// Not a private key in PEM.
    #[error("not a PEM file with a PRIVATE KEY (PKCS#8): {0}")]
    Pem(#[source] rustls_pki_types::pem::Error),
    /// A private key of another kind.
    #[error("not an Ed25519 private key; make one with 'openssl genpkey -algorithm ed25519'")]
    NotEd25519,
    /// The machine has no randomness to give.
    #[error("the system's random generator failed")]
    Generate,
    /// Not a JSON Web Key set.
    #[error("not a JSON Web Key set (RFC 7517): {0}")]
    Jwks(#[source] serde_json::Error),
    /// A key that is damaged or says two things.
    #[error("key '{kid}' is unusable: {reason}")]
    Jwk {
        /// Its name in the set.
        kid: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A set that would refuse every token.
    #[error("the key set holds no Ed25519 or P-256 key with a 'kid'")]
    Empty,
}

/// An Ed25519 key pair: whoever holds it mints tokens. Cloning shares it.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<Ed25519KeyPair>,
    kid: Arc<str>,
}

impl SigningKey {
    /// A new key from the system's randomness.
    ///
    /// # Errors
    /// Where the system has none to give.
    pub fn generate() -> Result<Self, UnusableKey> {
        Ed25519KeyPair::generate().map_or(Err(UnusableKey::Generate), |pair| Ok(Self::of(pair)))
    }

    /// Reads PKCS#8 PEM (RFC 8410 7), as [`SigningKey::to_pem`] and openssl write it.
    ///
    /// # Errors
    /// Where the text is not PEM or the key is not Ed25519.
    pub fn from_pem(pem: &str) -> Result<Self, UnusableKey> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(UnusableKey::Pem)?;
        Ed25519KeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map_or(Err(UnusableKey::NotEd25519), |pair| Ok(Self::of(pair)))
    }

    /// The key as PKCS#8 PEM: a secret.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let der: Pkcs8V1Der<'_> =
            self.pair.as_der().expect("a key pair in memory always has its PKCS#8 form");
        // 48 bytes are 64 characters: exactly the one line that RFC 7468 2 allows.
        let body = STANDARD.encode(der.as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
    }

    /// The key's name: the thumbprint of its public half (RFC 7638, RFC 8037 2).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn sign(&self, message: &[u8]) -> impl AsRef<[u8]> + use<> {
        self.pair.sign(message)
    }

    fn of(pair: Ed25519KeyPair) -> Self {
        let kid = public_jwk(&pair, None)
            .thumbprint(ThumbprintHash::SHA256)
            .expect("an Ed25519 key has a thumbprint");
        Self { pair: Arc::new(pair), kid: kid.into() }
    }
}

/// Shows the name alone.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The public keys whose signatures are believed, by `kid`. A key knows its algorithm, so a token
/// can't choose one: Ed25519, and ES256 for minters that have nothing else.
#[derive(Debug, Clone)]
pub struct VerifyingKeys {
    keys: HashMap<String, VerifyingKey>,
}

#[derive(Debug, Clone)]
pub(crate) struct VerifyingKey {
    jwk: Jwk,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

impl VerifyingKeys {
    /// Reads a JSON Web Key set (RFC 7517 5). Keys of other kinds, for other uses or without a name
    /// are passed over, as the RFC asks.
    ///
    /// # Errors
    /// Where the text is no key set, a key is damaged or named twice, or none is left.
    pub fn from_jwks(json: &str) -> Result<Self, UnusableKey> {
        let set: JwkSet = serde_json::from_str(json).map_err(UnusableKey::Jwks)?;
        let mut keys = HashMap::new();
        for jwk in set.keys {
            let Some((kid, key)) = VerifyingKey::read(jwk)? else { continue };
            if keys.insert(kid.clone(), key).is_some() {
                return Err(UnusableKey::Jwk { kid, reason: "two keys have this name" });
            }
        }
        if keys.is_empty() { Err(UnusableKey::Empty) } else { Ok(Self { keys }) }
    }

    /// Their names, sorted.
    #[must_use]
    pub fn kids(&self) -> Vec<&str> {
        let mut kids: Vec<&str> = self.keys.keys().map(String::as_str).collect();
        kids.sort_unstable();
        kids
    }

    /// The set as JSON, for other edges to read.
    #[must_use]
    pub fn to_jwks(&self) -> String {
        let mut keys: Vec<Jwk> = self.keys.values().map(|key| key.jwk.clone()).collect();
        keys.sort_by(|a, b| a.common.key_id.cmp(&b.common.key_id));
        serde_json::to_string(&JwkSet { keys }).expect("public keys are plain JSON")
    }

    pub(crate) fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.get(kid)
    }
}

impl From<&SigningKey> for VerifyingKeys {
    fn from(key: &SigningKey) -> Self {
        let kid = key.kid.to_string();
        let jwk = public_jwk(&key.pair, Some(kid.clone()));
        let raw = URL_SAFE_NO_PAD.encode(key.pair.public_key());
        let decoding = DecodingKey::from_ed_components(&raw).expect("base64 that was just written");
        let key = VerifyingKey { jwk, algorithm: Algorithm::EdDSA, key: decoding };
        Self { keys: HashMap::from([(kid, key)]) }
    }
}

/// All keys of several sets; of two under one name, the later.
impl FromIterator<VerifyingKeys> for VerifyingKeys {
    fn from_iter<T: IntoIterator<Item = Self>>(sets: T) -> Self {
        Self { keys: sets.into_iter().flat_map(|set| set.keys).collect() }
    }
}

impl VerifyingKey {
    fn read(jwk: Jwk) -> Result<Option<(String, Self)>, UnusableKey> {
        let Some(kid) = jwk.common.key_id.clone() else { return Ok(None) };
        let (algorithm, length) = match &jwk.algorithm {
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, 32)
            }
            AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, 65)
            }
            _ => return Ok(None),
        };
        if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return Ok(None);
        }
        let unusable = |reason| UnusableKey::Jwk { kid: kid.clone(), reason };
        let stated = jwk.common.key_algorithm.map(|alg| alg.to_string());
        if stated.is_some_and(|alg| alg.parse() != Ok(algorithm)) {
            return Err(unusable("its 'alg' does not fit its kind"));
        }
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| unusable("it is not base64url"))?;
        if key.try_get_as_bytes().map(<[u8]>::len).ok() != Some(length) {
            return Err(unusable("it has the wrong length"));
        }
        Ok(Some((kid, Self { jwk, algorithm, key })))
    }
}

fn public_jwk(pair: &Ed25519KeyPair, kid: Option<String>) -> Jwk {
    Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(jsonwebtoken::jwk::KeyAlgorithm::EdDSA),
            key_id: kid,
            ..CommonParameters::default()
        },
        algorithm: AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
            key_type: OctetKeyPairType::OctetKeyPair,
            curve: EllipticCurve::Ed25519,
            x: URL_SAFE_NO_PAD.encode(pair.public_key()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 A.1 and A.3: the key and its thumbprint.
    const RFC_8037: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn the_kid_is_the_rfcs_thumbprint() {
        let key = SigningKey::from_pem(RFC_8037).expect("the RFC's key");
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(key.to_pem(), RFC_8037);
    }

    #[test]
    fn pem_reads_back() {
        let key = SigningKey::generate().expect("randomness");
        let again = SigningKey::from_pem(&key.to_pem()).expect("what was written");
        assert_eq!(key.kid(), again.kid());
        assert_ne!(key.kid(), SigningKey::generate().expect("randomness").kid());
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SigningKey::from_pem(RFC_8037).expect("the RFC's key");
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ kid: {:?}, .. }}", key.kid()));
    }

    #[test]
    fn jwks_read_back() {
        let keys = VerifyingKeys::from(&SigningKey::from_pem(RFC_8037).expect("the RFC's key"));
        let json = keys.to_jwks();
        assert!(json.contains("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), "{json}");
        assert!(!json.contains("\"d\""), "{json}");
        let again = VerifyingKeys::from_jwks(&json).expect("what was written");
        assert_eq!(again.to_jwks(), json);
    }

    #[test]
    fn useless_sets_are_refused() {
        let ed = |extra: &str, x: &str| {
            format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"a",{extra}"x":"{x}"}}"#)
        };
        let good = ed("", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert!(VerifyingKeys::from_jwks(&format!(r#"{{"keys":[{good}]}}"#)).is_ok());
        for keys in [
            String::new(),
            r#"{"kty":"oct","kid":"a","k":"AAAA"}"#.to_owned(),
            r#"{"kty":"RSA","kid":"a","n":"AAAA","e":"AQAB"}"#.to_owned(),
            ed("", "AAAA"),
            ed("", "*"),
            ed(r#""alg":"HS256","#, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
            ed(r#""use":"enc","#, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
            format!("{good},{good}"),
        ] {
            let json = format!(r#"{{"keys":[{keys}]}}"#);
            assert!(VerifyingKeys::from_jwks(&json).is_err(), "{json}");
        }
        assert!(VerifyingKeys::from_jwks("[]").is_err());
    }

    #[test]
    fn other_private_keys_are_refused() {
        for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert!(SigningKey::from_pem(pem).is_err(), "{pem:?}");
        }
    }
}
