//! Playback and access tokens: as they stand, and, since no fuzzer forges a signature, as claims that
//! somebody who holds the key has signed.

#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use media::Kbps;
use token::{SigningKey, VerifyingKeys};

struct Issuer {
    pair: Ed25519KeyPair,
    kid: String,
    keys: VerifyingKeys,
}

static ISSUER: LazyLock<Issuer> = LazyLock::new(Issuer::new);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        ISSUER.open(text);
        let _ = VerifyingKeys::from_jwks(text);
    }
    for kind in ["play+jwt", "at+jwt"] {
        ISSUER.open(&ISSUER.signed(kind, bytes));
    }
});

impl Issuer {
    fn new() -> Self {
        let pair = Ed25519KeyPair::generate().expect("randomness");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("a key has its PKCS#8 form");
        let body = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let key = SigningKey::from_pem(&pem).expect("a key");
        Self { pair, kid: key.kid().to_owned(), keys: VerifyingKeys::from(&key) }
    }

    fn signed(&self, kind: &str, claims: &[u8]) -> String {
        let header = format!(r#"{{"typ":"{kind}","alg":"EdDSA","kid":"{}"}}"#, self.kid);
        let message =
            [header.as_bytes(), claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn open(&self, token: &str) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        if let Ok(claims) = token::playback::open(&self.keys, token, now) {
            let _ = claims.expires_at();
            let _ = claims.allow("artist/a/album/b/c/d/index.m3u8", Some(Kbps(320)), now);
        }
        if let Ok(claims) = token::access::verify(&self.keys, token, now) {
            let _ = claims.expires_at();
        }
    }
}
