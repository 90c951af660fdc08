//! A minter that has P-256 alone.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;
use token::VerifyingKeys;

use crate::tokens::Parts;

pub(crate) const KID: &str = "p-256";

pub(crate) struct Minter {
    key: EncodingKey,
    jwks: String,
}

impl Minter {
    pub(crate) fn generate() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).expect("randomness");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).expect("a key");
        let point = pair.public_key().as_ref();
        let coordinate = |at: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[at]);
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "kid": KID, "use": "sig", "alg": "ES256",
            "x": coordinate(1..33), "y": coordinate(33..65),
        });
        let jwks = json!({ "keys": [jwk] }).to_string();
        Self { key: EncodingKey::from_ec_der(pkcs8.as_ref()), jwks }
    }

    pub(crate) fn keys(&self) -> VerifyingKeys {
        VerifyingKeys::from_jwks(&self.jwks).expect("a set of one key")
    }

    /// Another's token, signed by this minter.
    pub(crate) fn sign(&self, token: &str) -> String {
        Parts::with_header(token, "kid", json!(KID)).signed(Algorithm::ES256, &self.key)
    }
}
