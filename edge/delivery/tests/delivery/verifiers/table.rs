//! The requests that are put to the edge, and what it says to them as the verifiers would say it.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use origin::{Object, SongFile};
use serde_json::{Value, json};
use token::VerifyingKeys;

use super::es256::{KID, Minter};
use crate::answer::{self, Answer};
use crate::site::{FOLDER, NOW, Running};
use crate::tokens::{self, Parts, SEGMENT};

/// A request as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) what: String,
    pub(crate) method: &'static str,
    pub(crate) target: String,
    /// A header each.
    pub(crate) cookies: Vec<String>,
}

impl Asked {
    fn get(what: &str, target: impl Into<String>) -> Self {
        let (what, target) = (what.to_owned(), target.into());
        Self { what, method: "GET", target, cookies: Vec::new() }
    }

    pub(crate) async fn send(&self, to: SocketAddr) -> Answer {
        let cookies: String = self.cookies.iter().map(|it| format!("Cookie: {it}\r\n")).collect();
        answer::send(to, self.method, &self.target, &cookies).await
    }
}

pub(crate) fn requests(edge: &Running, minter: &Minter) -> Vec<Asked> {
    let path = format!("/{FOLDER}/{SEGMENT}");
    let mut asked = Vec::new();
    let signed = tokens::with_tokens(edge).into_iter().map(|(what, token, _)| (what, token));
    for (what, token) in signed.chain(of_p256(edge, minter)).chain(written_otherwise(edge)) {
        asked.push(Asked::get(what, format!("/t/{token}{path}")));
        asked.push(Asked::get(what, format!("{path}?x=1&URISigningPackage={token}")));
        let cookies = vec![format!("a=b; URISigningPackage={token}")];
        asked.push(Asked { cookies, ..Asked::get(what, path.clone()) });
    }
    let paths = tokens::with_paths(edge);
    asked.extend(paths.into_iter().map(|(what, path, ..)| Asked::get(what, path)));
    asked.extend(of_files(edge));
    asked.extend(of_carriers(edge));
    asked.extend(of_methods(edge));
    asked
}

/// Tokens that a minter with P-256 signs, and what others make of them.
fn of_p256(edge: &Running, minter: &Minter) -> Vec<(&'static str, String)> {
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
fn written_otherwise(edge: &Running) -> Vec<(&'static str, String)> {
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
    let user = crate::site::USER;
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
        ("a listener in capitals", claims(user, &user.to_uppercase())),
        ("a listener without hyphens", claims(user, &user.replace('-', ""))),
        ("a listener in braces", claims(user, &format!("{{{user}}}"))),
        ("a listener as a URN", claims(user, &format!("urn:uuid:{user}"))),
        ("a listener with a space", claims(user, &format!("{user} "))),
        ("a folder of one letter", claims("/.*$", "/./.*$")),
        ("a folder with a line end", claims("/.*$", "\\n/.*$")),
    ]
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

/// Every kind of file, near misses, and rates.
fn of_files(edge: &Running) -> Vec<Asked> {
    const FILES: &[&str] = &[
        "asset.json",
        "waveform.json",
        "index.m3u8",
        "index-64.m3u8",
        "index-128.m3u8",
        "index-320.m3u8",
        "ogg.m3u8",
        "ogg-128.m3u8",
        "opus.m3u8",
        "saver-64.m3u8",
        "aac.m3u8",
        "index-96.m3u8",
        "manifest.mpd",
        "manifest-64.mpd",
        "manifest-320.mpd",
        "manifest.m3u8",
        "aac/64/playlist.m3u8",
        "ogg/64/playlist.m3u8",
        "aac/64.m3u8",
        "ogg/64.m3u8",
        "ogg/320.ogg",
        "aac/320.ogg",
        "opus/128/init.mp4",
        "ogg/128/init.mp4",
        "saver/64/media.mp4",
        "ogg/64/media.mp4",
        "aac/64/00000.m4s",
        "aac/64/99999.m4s",
        "aac/64/100000.m4s",
        "aac/64/000001.m4s",
        "aac/64/0001.m4s",
        "aac/64/4294967295.m4s",
        "aac/64/4294967296.m4s",
        "ogg/64/00000.m4s",
        "aac/96/00000.m4s",
        "aac/064/00000.m4s",
        "mp3/64/00000.m4s",
        "aac/64/a5a5a5a5a5a5a5a5.key",
        "aac/320/a5a5a5a5a5a5a5a5.key",
        "ogg/64/a5a5a5a5a5a5a5a5.key",
        "aac/64/A5A5A5A5A5A5A5A5.key",
        "aac/64/a5a5a5a5a5a5a5.key",
        "aac/64/.key",
        "aac/64",
        "aac/64/x/00000.m4s",
        "constructor",
        "aac/64/init.mp4.m4s",
        "aac/64/toString",
    ];
    let asked = |file: &&str| {
        [64, 128, 320].map(|cap| {
            let token = edge.token(cap);
            Asked::get(&format!("{file} up to {cap}"), format!("/t/{token}/{FOLDER}/{file}"))
        })
    };
    FILES.iter().flat_map(asked).collect()
}

/// Tokens in several places, and in places that are none.
fn of_carriers(edge: &Running) -> Vec<Asked> {
    let (path, good) = (format!("/{FOLDER}/{SEGMENT}"), edge.token(320));
    let named = format!("URISigningPackage={good}");
    let with = |what: &str, target: String, cookies: &[&str]| Asked {
        cookies: cookies.iter().map(|&it| it.to_owned()).collect(),
        ..Asked::get(what, target)
    };
    let (plain, queried) = (path.clone(), format!("{path}?{named}"));
    let signed = format!("/t/{good}{path}");
    let mut asked = vec![
        with("none at all", plain.clone(), &[]),
        with("an empty query", format!("{path}?"), &[]),
        with("query before cookie", queried.clone(), &["URISigningPackage=x"]),
        with("a bad query before a good cookie", format!("{path}?URISigningPackage=x"), &[&named]),
        with("an empty query's before a cookie", format!("{path}?URISigningPackage="), &[&named]),
        with("path before both", format!("{signed}?URISigningPackage=x"), &["URISigningPackage=x"]),
        with("an empty path's before both", format!("/t/{path}?{named}"), &[&named]),
        with("two queries, a good path", format!("{signed}?{named}&{named}"), &[]),
        with("two cookies, a good query", queried.clone(), &[&named, &named]),
        with("a query behind a fragment", format!("{path}#?{named}"), &[]),
        with("a question mark too many", format!("{path}??{named}"), &[]),
        with("bytes that are no text in another cookie", plain.clone(), &["a=ü", &named]),
        with("a tab before it", plain.clone(), &[&format!("a=b;\t{named}")]),
        with("an API path", "/artist/x/songs".to_owned(), &[&named]),
        with("no path of ours", "/v1/songs".to_owned(), &[&named]),
        with("the root", "/".to_owned(), &[&named]),
        with("an artist of no name", "/artist//album/x".to_owned(), &[&named]),
    ];
    let cookies = [
        "",
        "URISigningPackage",
        ";;; ; ;",
        &format!("={good}"),
        &format!("X{named}"),
        &format!("__Host-{named}"),
        &named.to_lowercase(),
        &format!("a=b, {named}"),
        "URISigningPackage=",
        &format!("{named}; {named}"),
        &format!("URISigningPackage=\"{good}\""),
        &format!("URISigningPackage= {good}"),
        &format!("{named};"),
        &format!("{named}; URISigningPackage="),
        &named[..named.len() - 9],
        &format!(" ; {named} ; "),
    ];
    asked.extend(cookies.map(|it| with("a cookie", plain.clone(), &[it])));
    asked.push(with("two headers", plain, &[&named, &named]));
    asked
}

fn of_methods(edge: &Running) -> Vec<Asked> {
    let good = format!("/t/{}/{FOLDER}/{SEGMENT}", edge.token(320));
    let targets =
        [good, format!("/{FOLDER}/{SEGMENT}"), "/t/x/../y".to_owned(), "/other".to_owned()];
    let methods = ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PURGE", "get"];
    let both = targets.iter().flat_map(|target| methods.map(|method| (target, method)));
    both.map(|(target, method)| Asked { method, ..Asked::get(method, target) }).collect()
}

/// The edge's answer as a verifier's verdict; nothing where the request was none for HTTP.
pub(crate) fn verdict(path: &str, asked: &Asked, answer: &Answer) -> Option<Value> {
    let key = path
        .strip_prefix("/t/")
        .map_or(path.strip_prefix('/')?, |rest| rest.split_once('/').map_or("", |(_, key)| key));
    let object = match key.parse() {
        Ok(Object::Song(_, file)) => Some(file),
        _ => None,
    };
    let reason = answer.headers.get("segue-refusal").map(|it| it.to_str().expect("ASCII"));
    match (answer.status, object) {
        // HTTP refuses before the edge hears of it.
        (400, _) => None,
        // Found or not, it was asked for: a verifier knows no store.
        (200, Some(file)) | (404, Some(file)) if matches!(asked.method, "GET" | "HEAD") => {
            let cacheable = !matches!(file, SongFile::Key(..));
            Some(json!({ "pass": true, "path": format!("/{key}"), "cacheable": cacheable }))
        }
        // What stands behind the edge here; a verifier has nobody to hand it to.
        (418, _) => Some(json!({ "pass": false, "status": 404, "reason": null })),
        (status, _) => Some(json!({ "pass": false, "status": status, "reason": reason })),
    }
}

/// The edge's head and body, so far as they are what every refusal has. Nothing where another answered.
pub(crate) fn answer(answer: &Answer) -> Value {
    let theirs = ["content-length", "date", "connection"];
    let headers: serde_json::Map<String, Value> = answer
        .headers
        .iter()
        .filter(|(name, _)| !theirs.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), json!(value.to_str().expect("ASCII"))))
        .collect();
    match answer.status {
        418 => Value::Null,
        _ => json!({ "headers": headers, "body": String::from_utf8_lossy(&answer.body) }),
    }
}

/// Key sets, and the names of the keys that are read from each; null where it is refused.
pub(crate) fn key_sets() -> Vec<Value> {
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let minter = Minter::generate();
    let p256 = minter.keys().to_jwks();
    let p256 = p256.trim_start_matches("{\"keys\":[").trim_end_matches("]}");
    let ed = |extra: &str, x: &str| {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"a",{extra}"x":"{x}"}}"#)
    };
    let good = ed("", X);
    let rsa = r#"{"kty":"RSA","kid":"r","n":"AAAA","e":"AQAB"}"#;
    let sets = [
        good.clone(),
        p256.to_owned(),
        format!("{good},{p256}"),
        format!("{good},{rsa}"),
        format!("{good},{good}"),
        String::new(),
        rsa.to_owned(),
        r#"{"kty":"oct","kid":"o","k":"AAAA"}"#.to_owned(),
        ed("", "AAAA"),
        ed("", "*"),
        ed("", &format!("{X}=")),
        ed(r#""alg":"HS256","#, X),
        ed(r#""alg":"ES256","#, X),
        ed(r#""alg":"EdDSA","#, X),
        ed(r#""use":"enc","#, X),
        ed(r#""use":"sig","#, X),
        ed("", X).replace("\"kid\":\"a\",", ""),
        p256.replace("ES256", "EdDSA"),
        p256.replace("P-256", "P-384"),
    ];
    let whole = sets.into_iter().map(|keys| format!(r#"{{"keys":[{keys}]}}"#));
    let others = ["", "[]", "{}", "null", "{\"keys\":{}}", "{\"keys\":[1]}"].map(str::to_owned);
    whole
        .chain(others)
        .map(|json| {
            let read = VerifyingKeys::from_jwks(&json).ok();
            let kids = read.as_ref().map(VerifyingKeys::kids);
            json!({ "json": json, "kids": kids })
        })
        .collect()
}
