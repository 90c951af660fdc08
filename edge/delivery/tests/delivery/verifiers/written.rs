//! Tokens that are written as ours never are.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::es256::{KID, Minter};
use crate::site::{NOW, Running, USER};
use crate::tokens::{self, Parts};

/// Tokens that a minter with P-256 signs, and what others make of them.
pub(crate) fn by_p256(edge: &Running, minter: &Minter) -> Vec<(&'static str, String)> {
    let good = minter.sign(&edge.token(320));
    let parts: Vec<&str> = good.split('.').collect();
    let with = |signature: &[u8]| {
        format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(signature))
    };
    let raw = URL_SAFE_NO_PAD.decode(parts[2]).expect("base64url");
    let claim =
        |name, value| minter.sign(&Parts::with_claim(&edge.token(320), name, value).unsigned());
    let as_ours = Parts::with_header(&good, "kid", json!(edge.key.kid())).unsigned();
    vec![
        ("P-256", good.clone()),
        ("P-256, capped", minter.sign(&edge.token(64))),
        ("P-256, half a signature", with(&raw[..32])),
        ("P-256, a signature of nothing", with(&[0; 64])),
        ("P-256, a signature of ones", with(&[0xff; 64])),
        ("P-256, a byte more", with(&[&raw[..], &[0]].concat())),
        ("P-256, no signature", with(&[])),
        ("P-256, r and s exchanged", with(&[&raw[32..], &raw[..32]].concat())),
        (
            "P-256, in DER",
            with(&[&[0x30, 68, 2, 32][..], &raw[..32], &[2, 32], &raw[32..]].concat()),
        ),
        ("P-256 as EdDSA", Parts::with_header(&good, "alg", json!("EdDSA")).unsigned()),
        ("P-256 as ES384", Parts::with_header(&good, "alg", json!("ES384")).unsigned()),
        ("P-256 under our key's name", as_ours),
        (
            "ours under P-256's name",
            Parts::with_header(&edge.token(320), "kid", json!(KID)).unsigned(),
        ),
        ("P-256, expired", claim("exp", json!(NOW))),
        ("P-256, for others", claim("aud", json!("segue-api"))),
        ("P-256, another claim", claim("admin", json!(true))),
    ]
}

/// Headers and claims that say what they should in other words, which we sign.
pub(crate) fn otherwise(edge: &Running) -> Vec<(&'static str, String)> {
    let parts = Parts::of(&edge.token(320));
    let (header, claims) = (parts.header.to_string(), parts.claims.to_string());
    let claims = |from: &str, to: &str| {
        assert!(claims.contains(from), "{claims}");
        tokens::signed_raw(&edge.key, &header, claims.replacen(from, to, 1))
    };
    let header = |from: &str, to: &str| {
        let written = header.replacen(from, to, 1);
        tokens::signed_raw(&edge.key, &written, parts.claims.to_string())
    };
    vec![
        ("header with space", header("{", " \t\r\n{ ")),
        ("header behind a form feed", header("{", "\u{c}{")),
        ("header with an escape in a value", header("EdDSA", "EdDS\\u0041")),
        ("header with an escape in a name", header("\"alg\"", "\"\\u0061lg\"")),
        ("header with a mark before it", header("{", "\u{feff}{")),
        ("header in a list of values", header_list(edge)),
        ("claims in a list of values", claims_list(edge)),
        ("claims with space", claims("{", "\n{\t")),
        ("claims with space behind", claims("}", "} \r\n")),
        ("claims with a comma too many", claims("}", ",}")),
        ("claims with an escape in a value", claims("\"segue\"", "\"segu\\u0065\"")),
        ("claims with an escape that is none", claims("\"segue\"", "\"segu\\x65\"")),
        ("claims with half a character", claims("\"sid\":\"", "\"sid\":\"\\ud800")),
        ("claims with the other half", claims("\"sid\":\"", "\"sid\":\"\\udc00")),
        ("claims with both halves", claims("\"sid\":\"", "\"sid\":\"\\ud83c\\udfb5")),
        ("claims with a note", claims("\"sid\":\"", "\"sid\":\"🎵")),
        ("claims with a line end in a text", claims("\"sid\":\"", "\"sid\":\"\n")),
        ("claims with a zero in a text", claims("\"sid\":\"", "\"sid\":\"\\u0000")),
        ("claims with DEL in a text", claims("\"sid\":\"", "\"sid\":\"\u{7f}")),
        ("claims with single quotes", claims("\"segue\"", "'segue'")),
        ("cap with a leading zero", claims("\"max_kbps\":320", "\"max_kbps\":0320")),
        ("cap with a plus", claims("\"max_kbps\":320", "\"max_kbps\":+320")),
        ("cap with a fraction of nothing", claims("\"max_kbps\":320", "\"max_kbps\":320.0")),
        ("cap with an exponent", claims("\"max_kbps\":320", "\"max_kbps\":32e1")),
        ("cap of no value", claims("\"max_kbps\":320", "\"max_kbps\":-0")),
        ("cap at its end", claims("\"max_kbps\":320", "\"max_kbps\":65535")),
        ("version at its end", claims("\"cdniv\":1", "\"cdniv\":255")),
        ("version beyond", claims("\"cdniv\":1", "\"cdniv\":257")),
        ("a member in a member", claims("\"sid\":\"", "\"sid\":{\"a\":1},\"x\":\"")),
        ("a listener in capitals", claims(USER, &USER.to_uppercase())),
        ("a listener without hyphens", claims(USER, &USER.replace('-', ""))),
        ("a listener in braces", claims(USER, &format!("{{{USER}}}"))),
        ("a listener as a URN", claims(USER, &format!("urn:uuid:{USER}"))),
        ("a listener with a space", claims(USER, &format!("{USER} "))),
        ("a folder of one letter", claims("/.*$", "/./.*$")),
        ("a folder with a line end", claims("/.*$", "\\n/.*$")),
    ]
}

/// As long as a token may be, and a little longer: all signed.
pub(crate) fn at_length(edge: &Running) -> Vec<(&'static str, String)> {
    let parts = Parts::of(&edge.token(320));
    let padded = |count: usize| {
        let claims = parts.claims.to_string().replacen(
            "\"sid\":\"",
            &format!("\"sid\":\"{}", "a".repeat(count)),
            1,
        );
        tokens::signed_raw(&edge.key, &parts.header.to_string(), claims)
    };
    let about = |token: &String| (2_044..=2_052).contains(&token.len());
    let tokens: Vec<_> = (900..1_300).map(padded).filter(about).collect();
    assert!(tokens.iter().any(|it| it.len() == 2_048) || tokens.iter().any(|it| it.len() == 2_047));
    let wide = tokens
        .iter()
        .map(|it| ("a token with two bytes of one character", it.replacen("YWFh", "éWFh", 1)));
    let wide: Vec<_> = wide.collect();
    let named = tokens.into_iter().map(|token| ("a token of a length", token));
    named.chain(wide).collect()
}

fn header_list(edge: &Running) -> String {
    let list = json!(["EdDSA", edge.key.kid(), "play+jwt"]).to_string();
    tokens::signed_raw(&edge.key, &list, Parts::of(&edge.token(320)).claims.to_string())
}

fn claims_list(edge: &Running) -> String {
    let Parts { header, claims, .. } = Parts::of(&edge.token(320));
    let names =
        ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "cdniv", "cdniuc", "max_kbps", "sid"];
    let list = Value::from(names.map(|name| claims[name].clone()).to_vec());
    tokens::signed_raw(&edge.key, &header.to_string(), list.to_string())
}
