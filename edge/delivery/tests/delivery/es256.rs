//! A minter that has P-256 alone: the `jose` command, which is not ours, makes key, key set and tokens.

use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use token::VerifyingKeys;

use crate::site::{FOLDER, NOW, Running, USER};

const SEGMENT: &str = "aac/128/00000.m4s";

fn jose(arguments: &[&str], input: &str) -> String {
    use std::io::Write;
    let mut child = Command::new("jose")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("jose runs (tests/tools/test installs it)");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "jose {arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn header(alg: &str) -> Value {
    json!({"alg": alg, "kid": "p-256", "typ": "play+jwt"})
}

fn claims() -> Value {
    json!({
        "iss": "segue", "aud": "segue-edge", "sub": USER, "iat": NOW, "nbf": NOW, "exp": NOW + 3_600,
        "jti": "a playback", "cdniv": 1, "cdniuc": format!("regex:^https?://[^/]+/{FOLDER}/.*$"),
        "max_kbps": 128, "sid": "a session",
    })
}

/// A key in a file, and a token of `claims` that jose signs with it.
fn sign(key: &Path, claims: &Value) -> String {
    let template = json!({"protected": header("ES256")}).to_string();
    let key = key.to_str().expect("text");
    jose(&["jws", "sig", "-I-", "-k", key, "-s", &template, "-c", "-o-"], &claims.to_string())
}

#[tokio::test]
async fn tokens_of_a_minter_that_has_p_256_alone() {
    let key = std::env::temp_dir().join(format!("segue-p256-{}.jwk", std::process::id()));
    let made = jose(&["jwk", "gen", "-i", r#"{"alg":"ES256","kid":"p-256"}"#, "-o-"], "");
    std::fs::write(&key, made).expect("written");
    let public = jose(&["jwk", "pub", "-s", "-i", key.to_str().expect("text"), "-o-"], "");
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    edge.store("aac/320/00000.m4s", "sound").await;
    let es256 = VerifyingKeys::from_jwks(&public).expect("a set of one key");
    edge.edge.believe([es256, VerifyingKeys::from(&edge.key)].into_iter().collect());
    let ask = async |token: &str, file: &str| edge.verdict(token, file).await;
    let refused = |reason: &str| (403, reason.to_owned());
    let token = sign(&key, &claims());
    assert_eq!(ask(&token, SEGMENT).await, (200, String::new()));
    assert_eq!(ask(&edge.token(128), SEGMENT).await, (200, String::new()), "and ours");
    assert_eq!(ask(&token, "aac/320/00000.m4s").await, refused("over-cap"));
    let mut late = claims();
    late["exp"] = json!(NOW);
    assert_eq!(ask(&sign(&key, &late), SEGMENT).await, refused("expired"));
    std::fs::remove_file(&key).expect("removed");

    let parts: Vec<&str> = token.split('.').collect();
    let with = |header: Value, signature: &str| {
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header.to_string()), parts[1])
    };
    let raw = URL_SAFE_NO_PAD.decode(parts[2]).expect("base64url");
    assert_eq!(raw.len(), 64, "r and s (RFC 7518 3.4)");
    let of_nothing = URL_SAFE_NO_PAD.encode([0; 64]);
    let der = URL_SAFE_NO_PAD.encode(der(&raw));
    for (what, token, reason) in [
        ("as EdDSA", with(header("EdDSA"), parts[2]), "wrong-alg"),
        ("as HS256", with(header("HS256"), parts[2]), "unknown-alg"),
        ("as ES384", with(header("ES384"), parts[2]), "unknown-alg"),
        ("as none", with(header("none"), ""), "unknown-alg"),
        ("r and s of nothing", with(header("ES256"), &of_nothing), "bad-signature"),
        ("no signature", with(header("ES256"), ""), "bad-signature"),
        ("in DER", format!("{}.{}.{der}", parts[0], parts[1]), "bad-signature"),
        ("half", format!("{}.{}.{}", parts[0], parts[1], &parts[2][..40]), "bad-signature"),
    ] {
        assert_eq!(ask(&token, SEGMENT).await, refused(reason), "{what}");
    }
}

/// The signature as X.509 has it (RFC 3279 2.2.3), which a JWS may not.
fn der(raw: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| [&[2, 33, 0][..], half].concat();
    let both = [integer(&raw[..32]), integer(&raw[32..])].concat();
    [&[0x30, both.len() as u8][..], &both].concat()
}
