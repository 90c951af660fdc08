//! Every way to come without the right token, and what it is answered.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use token::{SigningKey, VerifyingKeys, access};

use crate::answer::send;
use crate::site::{FOLDER, NOW, Running};

pub(crate) const SEGMENT: &str = "aac/320/00000.m4s";
const OTHER_SONG: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
    0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-0000000000ff/\
    00112233445566778899aabbccddeeff";
const OTHER_VERSION: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
    0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
    ffeeddccbbaa99887766554433221100";

/// A token's three parts, taken apart to be tampered with.
pub(crate) struct Parts {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    signature: String,
}

impl Parts {
    pub(crate) fn of(token: &str) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        let json = |part: &str| {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
        };
        Self { header: json(parts[0]), claims: json(parts[1]), signature: parts[2].to_owned() }
    }

    /// Put together again with the signature that it had.
    pub(crate) fn unsigned(&self) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{}", part(&self.header), part(&self.claims), self.signature)
    }

    /// Signed by `key` under an algorithm of the forger's choice.
    pub(crate) fn signed(&self, algorithm: Algorithm, key: &EncodingKey) -> String {
        let mut header = Header::new(algorithm);
        header.kid = self.header["kid"].as_str().map(str::to_owned);
        header.typ = self.header["typ"].as_str().map(str::to_owned);
        jsonwebtoken::encode(&header, &self.claims, key).expect("a token")
    }

    pub(crate) fn with_claim(token: &str, name: &str, value: Value) -> Self {
        let mut parts = Self::of(token);
        parts.claims[name] = value;
        parts
    }

    pub(crate) fn with_header(token: &str, name: &str, value: Value) -> Self {
        let mut parts = Self::of(token);
        parts.header[name] = value;
        parts
    }
}

pub(crate) fn ed25519(key: &SigningKey) -> EncodingKey {
    let pem = key.to_pem();
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).expect("PEM");
    EncodingKey::from_ed_der(der.secret_pkcs8_der())
}

/// Any bytes as a header and claims, signed by us.
pub(crate) fn signed_raw(key: &SigningKey, header: &str, claims: impl AsRef<[u8]>) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &ed25519(key), Algorithm::EdDSA);
    format!("{message}.{}", signature.expect("a signature"))
}

/// The claims as they are but for one replacement in their text, which may make them no JSON.
fn rewritten(edge: &Running, from: &str, to: &str) -> String {
    let parts = Parts::of(&edge.token(320));
    let claims = parts.claims.to_string();
    assert!(claims.contains(from), "{claims}");
    signed_raw(&edge.key, &parts.header.to_string(), claims.replacen(from, to, 1))
}

/// The header written otherwise, and signed.
fn reheaded(edge: &Running, change: impl Fn(String) -> String) -> String {
    let parts = Parts::of(&edge.token(320));
    signed_raw(&edge.key, &change(parts.header.to_string()), parts.claims.to_string())
}

fn without(edge: &Running, claim: &str) -> String {
    let mut parts = Parts::of(&edge.token(320));
    parts.claims.as_object_mut().expect("an object").remove(claim);
    parts.signed(Algorithm::EdDSA, &ed25519(&edge.key))
}

/// The token's holder writes other claims, and we sign them: only the minter's own mistakes.
fn resigned(edge: &Running, name: &str, value: Value) -> String {
    Parts::with_claim(&edge.token(320), name, value).signed(Algorithm::EdDSA, &ed25519(&edge.key))
}

fn tampered(edge: &Running, name: &str, value: Value) -> String {
    Parts::with_claim(&edge.token(64), name, value).unsigned()
}

fn flipped(token: &str, at: usize) -> String {
    let mut bytes = token.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).expect("ASCII")
}

/// A secret made of what everybody knows: the public key, as bytes and as its JWKS.
fn confused(edge: &Running, token: &str) -> Vec<String> {
    let jwks = VerifyingKeys::from(&edge.key).to_jwks();
    let set: Value = serde_json::from_str(&jwks).expect("JSON");
    let x = set["keys"][0]["x"].as_str().expect("a public key").to_owned();
    let raw = URL_SAFE_NO_PAD.decode(&x).expect("base64");
    [raw, x.into_bytes(), jwks.into_bytes()]
        .iter()
        .map(|secret| Parts::of(token).signed(Algorithm::HS256, &EncodingKey::from_secret(secret)))
        .collect()
}

/// (what, path, status, reason)
pub(crate) type Row = (&'static str, String, u16, &'static str);

pub(crate) fn with_tokens(edge: &Running) -> Vec<(&'static str, String, &'static str)> {
    let good = edge.token(320);
    let signature = good.rfind('.').expect("three parts") + 1;
    let payload = good.find('.').expect("three parts") + 1;
    let stranger = SigningKey::generate().expect("randomness");
    let no_signature = good[..signature].to_owned();
    let none = Parts::with_header(&good, "alg", json!("none"));
    let user = "0190d2a5-7c1e-7bbb-8123-000000000009".parse().expect("a UUID");
    let hour = Duration::from_secs(3_600);
    let session = "0190d2a5-7c1e-7bbb-8123-00000000000a".parse().expect("a UUID");
    let admin = access::mint(&edge.key, user, session, hour, edge.clock.now());
    let container = format!("regex:^https?://[^/]+/{OTHER_SONG}/.*$");
    let mut rows = vec![
        ("one word", "abc".to_owned(), "malformed"),
        ("two parts", good[..signature - 1].to_owned(), "malformed"),
        ("four parts", format!("{good}.{}", &good[signature..]), "malformed"),
        ("dots alone", "..".to_owned(), "malformed"),
        ("not base64url", format!("{}+,=", &good[..good.len() - 3]), "malformed"),
        ("padded", format!("{good}="), "malformed"),
        ("escaped dot", good.replacen('.', "%2e", 1), "malformed"),
        ("too long a token", format!("{good}{}", "A".repeat(2_048)), "malformed"),
        ("no signature", no_signature.clone(), "bad-signature"),
        ("tampered signature", flipped(&good, signature + 9), "bad-signature"),
        ("tampered payload", flipped(&good, payload + 30), "bad-signature"),
        ("tampered cap", tampered(edge, "max_kbps", json!(320)), "bad-signature"),
        ("tampered end", tampered(edge, "exp", json!(NOW * 2)), "bad-signature"),
        ("tampered song", tampered(edge, "cdniuc", json!(container)), "bad-signature"),
        ("alg none", none.unsigned(), "unknown-alg"),
        (
            "alg none, no signature",
            Parts { signature: String::new(), ..none }.unsigned(),
            "unknown-alg",
        ),
        (
            "alg ES256 on our key",
            Parts::with_header(&good, "alg", json!("ES256")).unsigned(),
            "wrong-alg",
        ),
        (
            "alg in lower case",
            Parts::with_header(&good, "alg", json!("eddsa")).unsigned(),
            "unknown-alg",
        ),
        ("unknown kid", Parts::with_header(&good, "kid", json!("x")).unsigned(), "unknown-key"),
        ("crit", Parts::with_header(&good, "crit", json!(["exp"])).unsigned(), "malformed"),
        ("own jwk", Parts::with_header(&good, "jwk", json!({})).unsigned(), "malformed"),
        ("other type", Parts::with_header(&good, "typ", json!("JWT")).unsigned(), "wrong-type"),
        (
            "a stranger's key",
            Parts::of(&good).signed(Algorithm::EdDSA, &ed25519(&stranger)),
            "bad-signature",
        ),
        ("an access token", admin, "wrong-type"),
        ("other audience", resigned(edge, "aud", json!("segue-api")), "wrong-audience"),
        ("other issuer", resigned(edge, "iss", json!("someone")), "wrong-issuer"),
        ("other cdniv", resigned(edge, "cdniv", json!(2)), "malformed"),
        ("a claim we don't know", resigned(edge, "cdniip", json!("10.0.0.1")), "malformed"),
        ("a pattern for a folder", resigned(edge, "cdniuc", json!("regex:.*")), "malformed"),
        ("expired this second", resigned(edge, "exp", json!(NOW)), "expired"),
        ("expired long ago", resigned(edge, "exp", json!(1)), "expired"),
        ("early", resigned(edge, "nbf", json!(NOW + 61)), "not-yet-valid"),
        ("issued tomorrow", resigned(edge, "iat", json!(NOW + 86_400)), "not-yet-valid"),
        ("other song's", edge.token_for(OTHER_SONG, 320), "wrong-path"),
        ("other version's", edge.token_for(OTHER_VERSION, 320), "wrong-path"),
        ("capped at 128", edge.token(128), "over-cap"),
        ("capped at 64", edge.token(64), "over-cap"),
    ];
    rows.extend(of_headers(edge));
    rows.extend(of_claims(edge));
    rows.extend(confused(edge, &good).into_iter().map(|token| ("HS256", token, "unknown-alg")));
    rows
}

/// Headers that we signed and would never write.
fn of_headers(edge: &Running) -> Vec<(&'static str, String, &'static str)> {
    let kid = edge.key.kid();
    let header = |text: &str| reheaded(edge, |_| text.to_owned());
    let with = |name: &str, value: &str| {
        header(&format!(
            "{{\"alg\":\"EdDSA\",\"kid\":\"{kid}\",\"typ\":\"play+jwt\",\"{name}\":{value}}}"
        ))
    };
    vec![
        ("no header", header(""), "malformed"),
        ("a header of null", header("null"), "malformed"),
        ("a header in a list", reheaded(edge, |it| format!("[{it}]")), "malformed"),
        (
            "a header of values in a list",
            header(&format!("[\"EdDSA\",\"{kid}\",\"play+jwt\"]")),
            "malformed",
        ),
        ("two headers", reheaded(edge, |it| format!("{it}{it}")), "malformed"),
        ("alg twice", reheaded(edge, |it| it.replacen('{', "{\"alg\":\"none\",", 1)), "malformed"),
        ("kid twice", with("kid", "\"x\""), "malformed"),
        ("typ twice", with("typ", "\"play+jwt\""), "malformed"),
        ("alg a number", reheaded(edge, |it| it.replace("\"EdDSA\"", "1")), "malformed"),
        ("alg null", reheaded(edge, |it| it.replace("\"EdDSA\"", "null")), "malformed"),
        ("no alg", header(&format!("{{\"kid\":\"{kid}\",\"typ\":\"play+jwt\"}}")), "malformed"),
        ("no kid", header("{\"alg\":\"EdDSA\",\"typ\":\"play+jwt\"}"), "malformed"),
        ("no typ", header(&format!("{{\"alg\":\"EdDSA\",\"kid\":\"{kid}\"}}")), "malformed"),
        ("empty kid", reheaded(edge, |it| it.replace(kid, "")), "unknown-key"),
        ("kid and more", reheaded(edge, |it| it.replace(kid, &format!("{kid}x"))), "unknown-key"),
        ("kid a path", reheaded(edge, |it| it.replace(kid, "../../dev/null")), "unknown-key"),
        ("alg RS256", reheaded(edge, |it| it.replace("EdDSA", "RS256")), "unknown-alg"),
        (
            "alg HS256, our signature",
            reheaded(edge, |it| it.replace("EdDSA", "HS256")),
            "unknown-alg",
        ),
        ("alg with a blank", reheaded(edge, |it| it.replace("EdDSA", "EdDSA ")), "unknown-alg"),
        ("a key to fetch", with("jku", "\"https://evil.example/jwks\""), "malformed"),
        ("a certificate", with("x5c", "[]"), "malformed"),
        ("unencoded", with("b64", "false"), "malformed"),
        ("zipped", with("zip", "\"DEF\""), "malformed"),
    ]
}

/// Claims that we signed and would never write.
fn of_claims(edge: &Running) -> Vec<(&'static str, String, &'static str)> {
    let re = |name: &str, value: Value| resigned(edge, name, value);
    let header = Parts::of(&edge.token(320)).header.to_string();
    let raw = |claims: &[u8]| signed_raw(&edge.key, &header, claims);
    let container = |rest: &str| json!(format!("regex:^https?://[^/]+/{rest}"));
    let cap = "\"max_kbps\":320";
    let mut rows = vec![
        ("no claims", raw(b""), "malformed"),
        ("claims of null", raw(b"null"), "malformed"),
        ("claims of no text", raw(b"{\"iss\":\"\xff\"}"), "malformed"),
        ("claims cut short", rewritten(edge, "}", ""), "malformed"),
        ("claims and more", rewritten(edge, "}", "}}"), "malformed"),
        ("cap twice", rewritten(edge, cap, "\"max_kbps\":64,\"max_kbps\":320"), "malformed"),
        ("exp twice", rewritten(edge, "{", "{\"exp\":9999999999,"), "malformed"),
        ("cap below nothing", re("max_kbps", json!(-1)), "malformed"),
        ("cap a fraction", re("max_kbps", json!(320.5)), "malformed"),
        ("cap in words", re("max_kbps", json!("320")), "malformed"),
        ("cap beyond all", re("max_kbps", json!(65_536)), "malformed"),
        ("cap null", re("max_kbps", json!(null)), "malformed"),
        ("cap of nothing", re("max_kbps", json!(0)), "over-cap"),
        ("end below nothing", re("exp", json!(-1)), "malformed"),
        ("end a fraction", re("exp", json!(NOW as f64 + 0.5)), "malformed"),
        ("end in words", re("exp", json!("2000000000")), "malformed"),
        ("end in floating point", re("exp", json!(1e12)), "malformed"),
        ("end beyond 64 bits", rewritten(edge, "\"exp\":", "\"exp\":99999999999"), "malformed"),
        ("end in a hundred years", re("exp", json!(NOW + 3_155_760_000)), "malformed"),
        ("end at the end of numbers", re("exp", json!(u64::MAX)), "malformed"),
        ("end before its start", re("exp", json!(NOW - 1)), "expired"),
        ("start below nothing", re("nbf", json!(-1)), "malformed"),
        ("start at the end of numbers", re("nbf", json!(u64::MAX)), "not-yet-valid"),
        ("issued in a minute and a second", re("iat", json!(NOW + 61)), "not-yet-valid"),
        ("issued a fraction", re("iat", json!(NOW as f64 + 0.5)), "malformed"),
        ("several audiences", re("aud", json!(["segue-edge"])), "malformed"),
        ("empty audience", re("aud", json!("")), "wrong-audience"),
        ("audience in capitals", re("aud", json!("SEGUE-EDGE")), "wrong-audience"),
        ("empty issuer", re("iss", json!("")), "wrong-issuer"),
        ("cdniv in words", re("cdniv", json!("1")), "malformed"),
        ("cdniv of nothing", re("cdniv", json!(0)), "malformed"),
        ("cdnicrit", re("cdnicrit", json!("cdniip")), "malformed"),
        ("cdniets", re("cdniets", json!(30)), "malformed"),
        ("cdnistt", re("cdnistt", json!(1)), "malformed"),
        ("a claim of our own making", re("admin", json!(true)), "malformed"),
        ("a listener who is none", re("sub", json!("everybody")), "malformed"),
        ("a session that is a number", re("sid", json!(1)), "malformed"),
        ("a hash for a folder", re("cdniuc", json!("hash:deadbeef")), "malformed"),
        ("a folder alone", re("cdniuc", json!(FOLDER)), "malformed"),
        ("a folder without an end", re("cdniuc", container(FOLDER)), "malformed"),
        (
            "a wild card in the folder",
            re("cdniuc", container("artist/.*/album/b/c/d/.*$")),
            "malformed",
        ),
        ("the folder above", re("cdniuc", container("artist/.*$")), "malformed"),
        ("dots in the folder", re("cdniuc", container("artist/a/album/b/../d/.*$")), "malformed"),
        (
            "two folders",
            re("cdniuc", container(&format!("({FOLDER}|{OTHER_SONG})/.*$"))),
            "malformed",
        ),
        ("folders in a list", re("cdniuc", json!([FOLDER])), "malformed"),
    ];
    for claim in
        ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "cdniv", "cdniuc", "max_kbps", "sid"]
    {
        rows.push(("a claim is missing", without(edge, claim), "malformed"));
    }
    rows
}

pub(crate) fn with_paths(edge: &Running) -> Vec<Row> {
    let (good, low) = (edge.token(320), edge.token(64));
    let own = |rest: &str| format!("/t/{good}/{FOLDER}/{rest}");
    let any = |rest: &str| format!("/t/{good}/{rest}");
    let capped = |rest: &str| format!("/t/{low}/{FOLDER}/{rest}");
    let package = format!("URISigningPackage={good}");
    let twice = format!("/{FOLDER}/{SEGMENT}?{package}&{package}");
    let both = format!("/t/x/{FOLDER}/{SEGMENT}?{package}");
    let crooked = format!("/{FOLDER}/aac/../{SEGMENT}?{package}");
    vec![
        ("no prefix", format!("/{FOLDER}/{SEGMENT}"), 401, "missing"),
        ("empty token", format!("/t//{FOLDER}/{SEGMENT}"), 401, "missing"),
        ("nothing after /t/", "/t/".to_owned(), 401, "missing"),
        ("token in the query", format!("/{FOLDER}/{SEGMENT}?token={good}"), 401, "missing"),
        ("two tokens in the query", twice, 403, "malformed"),
        ("a bad token in the path, a good one in the query", both, 403, "malformed"),
        ("crooked, token in the query", crooked, 403, "bad-path"),
        (
            "an empty token in the query",
            format!("/{FOLDER}/{SEGMENT}?URISigningPackage="),
            401,
            "missing",
        ),
        (
            "the query's name in lower case",
            format!("/{FOLDER}/{SEGMENT}?urisigningpackage={good}"),
            401,
            "missing",
        ),
        (
            "an escape in the query's name",
            format!("/{FOLDER}/{SEGMENT}?URISigning%50ackage={good}"),
            401,
            "missing",
        ),
        (
            "an escape in the query's token",
            format!("/{FOLDER}/{SEGMENT}?{}", package.replace('.', "%2E")),
            403,
            "malformed",
        ),
        (
            "a semicolon in the query",
            format!("/{FOLDER}/{SEGMENT}?{package};x=1"),
            403,
            "malformed",
        ),
        (
            "a token behind a token",
            format!("/t/{good}/t/{good}/{FOLDER}/{SEGMENT}"),
            403,
            "wrong-path",
        ),
        ("a path before the folder", any(&format!("x/{FOLDER}/{SEGMENT}")), 403, "wrong-path"),
        ("no file", any(FOLDER), 403, "wrong-path"),
        ("no file but a slash", any(&format!("{FOLDER}/")), 403, "bad-path"),
        ("a file in capitals", capped("AAC/320/00000.M4S"), 404, ""),
        ("a blank in the path", own("%20index.m3u8"), 403, "bad-path"),
        ("a plus in the path", own("index+.m3u8"), 403, "bad-path"),
        ("a colon in the path", own("c:index.m3u8"), 403, "bad-path"),
        ("a backslash", own("aac\\index.m3u8"), 403, "bad-path"),
        ("a star", own("*"), 403, "bad-path"),
        ("three dots", own(".../index.m3u8"), 404, ""),
        ("dots at the end", own(".."), 403, "bad-path"),
        ("dots and an encoded slash", own("..%2findex.m3u8"), 403, "bad-path"),
        ("triply encoded dots", own("%25252e%25252e/index.m3u8"), 403, "bad-path"),
        ("a line end", own("index.m3u8%0d%0aX:%20y"), 403, "bad-path"),
        ("a lone percent", own("index%.m3u8"), 403, "bad-path"),
        ("an IIS escape", own("%u002e%u002e/index.m3u8"), 403, "bad-path"),
        ("token without a path", format!("/t/{good}"), 403, "wrong-path"),
        ("dots", own("../00112233445566778899aabbccddeeff/index.m3u8"), 403, "bad-path"),
        ("dots to the top", own("../../../../../../masters/x"), 403, "bad-path"),
        ("one dot", own("./index.m3u8"), 403, "bad-path"),
        ("encoded dots", own("%2e%2e/index.m3u8"), 403, "bad-path"),
        ("encoded in capitals", own("%2E%2E/index.m3u8"), 403, "bad-path"),
        ("doubly encoded dots", own("%252e%252e/index.m3u8"), 403, "bad-path"),
        ("encoded slash", own("aac%2f320%2f00000.m4s"), 403, "bad-path"),
        ("doubly encoded slash", own("aac%252f320%252f00000.m4s"), 403, "bad-path"),
        ("encoded backslash", own("..%5cindex.m3u8"), 403, "bad-path"),
        ("encoded zero", own("index.m3u8%00"), 403, "bad-path"),
        ("needless encoding", own("inde%78.m3u8"), 403, "bad-path"),
        ("overlong UTF-8", own("%c0%ae%c0%ae/index.m3u8"), 403, "bad-path"),
        ("two slashes", own("/index.m3u8"), 403, "bad-path"),
        ("two slashes within", own("aac//320/00000.m4s"), 403, "bad-path"),
        ("a slash at the end", own("index.m3u8/"), 403, "bad-path"),
        ("a parameter", own("index.m3u8;x=y"), 403, "bad-path"),
        ("over-long", own(&"a".repeat(5_000)), 414, "too-long"),
        ("over-long, no token", format!("/artist/x/album/{}", "a".repeat(5_000)), 414, "too-long"),
        ("a master", any(&format!("masters/{}", "ab".repeat(32))), 403, "wrong-path"),
        ("an upload", any("uploads/0190d2a5-7c1e-7bbb-8123-000000000003"), 403, "wrong-path"),
        ("other song", any(&format!("{OTHER_SONG}/index.m3u8")), 403, "wrong-path"),
        ("other version", any(&format!("{OTHER_VERSION}/index.m3u8")), 403, "wrong-path"),
        ("the folder's name drawn out", any(&format!("{FOLDER}0/index.m3u8")), 403, "wrong-path"),
        ("the folder in capitals", any(&FOLDER.to_uppercase()), 403, "wrong-path"),
        ("uncapped playlist", capped("index.m3u8"), 403, "over-cap"),
        ("uncapped Ogg playlist", capped("ogg.m3u8"), 403, "over-cap"),
        ("playlist above the cap", capped("aac/128/playlist.m3u8"), 403, "over-cap"),
        ("init above the cap", capped("aac/128/init.mp4"), 403, "over-cap"),
        ("Ogg above the cap", capped("ogg/128.ogg"), 403, "over-cap"),
    ]
}

#[tokio::test]
async fn refusals() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let (good, mut wrong) = (edge.token(320), Vec::new());
    let tokens = with_tokens(&edge)
        .into_iter()
        .map(|(what, token, reason)| (what, format!("/t/{token}/{FOLDER}/{SEGMENT}"), 403, reason));
    for (what, path, status, reason) in tokens.chain(with_paths(&edge)) {
        for method in ["GET", "HEAD"] {
            let answer = send(edge.address, method, &path, "").await;
            let got = (answer.status, answer.header("segue-refusal"));
            if got != (status, reason) {
                wrong.push(format!("{method}, {what}: {got:?} for {:?}", (status, reason)));
            }
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{what}");
            let exposed = answer.header("access-control-expose-headers");
            assert!(exposed.contains("Segue-Refusal"), "{what}");
            assert_eq!(answer.header("cache-control"), "no-store", "{what}");
            assert_eq!(answer.header("www-authenticate").is_empty(), status != 401, "{what}");
            assert!(!answer.body.windows(5).any(|at| at == b"sound"), "{what}");
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(edge.store.reads(), 0, "nobody without the right token reaches the origin");
    let path = format!("/t/{good}/{FOLDER}/{SEGMENT}");
    assert_eq!(send(edge.address, "GET", &path, "").await.body, b"sound");
}

/// Query and cookie carry what the path carries, and are refused for the same reasons.
#[tokio::test]
async fn tokens_in_query_and_cookie() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let path = format!("/{FOLDER}/{SEGMENT}");
    let ask = async |token: &str| {
        let query = format!("{path}?x=1&URISigningPackage={token}");
        let cookie = format!("Cookie: x=1; URISigningPackage={token}\r\n");
        [
            send(edge.address, "GET", &query, "").await,
            send(edge.address, "GET", &path, &cookie).await,
        ]
    };
    for (what, token, reason) in with_tokens(&edge) {
        for answer in ask(&token).await {
            assert_eq!((answer.status, answer.header("segue-refusal")), (403, reason), "{what}");
        }
    }
    assert_eq!(edge.store.reads(), 0);
    for answer in ask(&edge.token(320)).await {
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"sound"[..]));
        assert!(answer.header("cache-control").contains("private"), "{:?}", answer.headers);
    }
}

#[tokio::test]
async fn cookies_that_are_none() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let (good, path) = (edge.token(320), format!("/{FOLDER}/{SEGMENT}"));
    let named = format!("URISigningPackage={good}");
    for (what, cookie, status, reason) in [
        ("nothing", String::new(), 401, "missing"),
        ("no pair", "URISigningPackage".to_owned(), 401, "missing"),
        ("no name", format!("={good}"), 401, "missing"),
        ("semicolons", ";;; ; ;".to_owned(), 401, "missing"),
        ("another name", format!("X{named}"), 401, "missing"),
        ("a prefixed name", format!("__Host-{named}"), 401, "missing"),
        ("another case", named.to_lowercase(), 401, "missing"),
        ("commas", format!("a=b, {named}"), 401, "missing"),
        ("an empty token", "URISigningPackage=".to_owned(), 401, "missing"),
        ("quoted", format!("URISigningPackage=\"{good}\""), 403, "malformed"),
        ("a blank before the token", format!("URISigningPackage= {good}"), 403, "malformed"),
        ("two", format!("{named}; {named}"), 403, "malformed"),
        ("two in two headers", format!("{named}\r\nCookie: {named}"), 403, "malformed"),
        ("a good one and an empty one", format!("{named}; URISigningPackage="), 403, "malformed"),
        ("cut short", named[..named.len() - 9].to_owned(), 403, "malformed"),
        ("bytes that are no text", "URISigningPackage=\u{ff}".to_owned(), 401, "missing"),
        ("long", format!("URISigningPackage={}", "A".repeat(3_000)), 403, "malformed"),
    ] {
        let header = format!("Cookie: {cookie}\r\n");
        let answer = send(edge.address, "GET", &path, &header).await;
        assert_eq!((answer.status, answer.header("segue-refusal")), (status, reason), "{what}");
    }
    assert_eq!(edge.store.reads(), 0);
    let among = format!("Cookie: a=b; c; {named}; d=\"e\"\r\n");
    assert_eq!(send(edge.address, "GET", &path, &among).await.status, 200);
}

/// What hyper never lets through to us: bytes that no request line may have.
#[tokio::test]
async fn bytes_that_no_path_has() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    for byte in ["\0", "\t", "\u{1}", "\u{7f}", "\n", "\r"] {
        let path = format!("/t/{}/{FOLDER}/{SEGMENT}{byte}x", edge.token(320));
        let answer = send(edge.address, "GET", &path, "").await;
        assert_eq!((answer.status, answer.body.len()), (400, 0), "{byte:?}");
    }
    assert_eq!(edge.store.reads(), 0);
}

/// The minter's clock may be ahead by a minute at the start; the end is the end, to the second.
#[tokio::test]
async fn the_bounds_of_time_are_exact() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let ask = async |token: &str| {
        let answer = send(edge.address, "GET", &format!("/t/{token}/{FOLDER}/{SEGMENT}"), "").await;
        (answer.status, answer.header("segue-refusal").to_owned())
    };
    let early = |name| resigned(&edge, name, json!(NOW + 61));
    for token in [early("nbf"), early("iat")] {
        assert_eq!(ask(&token).await, (403, "not-yet-valid".to_owned()));
    }
    let short = resigned(&edge, "exp", json!(NOW + 62));
    edge.clock.advance(Duration::from_millis(999));
    assert_eq!(ask(&early("nbf")).await, (403, "not-yet-valid".to_owned()));
    edge.clock.advance(Duration::from_millis(1));
    for token in [early("nbf"), early("iat")] {
        assert_eq!(ask(&token).await, (200, String::new()));
    }
    edge.clock.advance(Duration::from_millis(60_999));
    assert_eq!(ask(&short).await, (200, String::new()));
    edge.clock.advance(Duration::from_millis(1));
    assert_eq!(ask(&short).await, (403, "expired".to_owned()));
}

#[tokio::test]
async fn a_remembered_token_still_expires_and_still_opens_one_song_at_one_rate() {
    let edge = Running::start().await;
    edge.store("aac/64/init.mp4", "sound").await;
    let token = edge.token(64);
    let ask = async |folder: &str, file: &str| {
        let path = format!("/t/{token}/{folder}/{file}");
        let answer = send(edge.address, "GET", &path, "").await;
        (answer.status, answer.header("segue-refusal").to_owned())
    };
    assert_eq!(ask(FOLDER, "aac/64/init.mp4").await, (200, String::new()));
    assert_eq!(ask(FOLDER, "aac/128/init.mp4").await, (403, "over-cap".to_owned()));
    assert_eq!(ask(OTHER_SONG, "aac/64/init.mp4").await, (403, "wrong-path".to_owned()));
    edge.clock.advance(Duration::from_secs(12 * 3_600 - 1));
    assert_eq!(ask(FOLDER, "aac/64/init.mp4").await, (200, String::new()));
    edge.clock.advance(Duration::from_secs(1));
    assert_eq!(ask(FOLDER, "aac/64/init.mp4").await, (403, "expired".to_owned()));
}

#[tokio::test]
async fn a_capped_listener_gets_all_up_to_the_cap() {
    let edge = Running::start().await;
    let token = edge.token(128);
    for file in
        ["index-128.m3u8", "index-64.m3u8", "aac/64/init.mp4", "ogg/128.ogg", "waveform.json"]
    {
        edge.store(file, "something").await;
        let path = format!("/t/{token}/{FOLDER}/{file}");
        assert_eq!(send(edge.address, "GET", &path, "").await.status, 200, "{file}");
    }
}

#[tokio::test]
async fn other_paths_are_the_fallbacks() {
    let edge = Running::start().await;
    for path in ["/", "/v1/songs", "/artist/0190d2a5-7c1e-7bbb-8123-000000000001/songs", "/t"] {
        let answer = send(edge.address, "GET", path, "").await;
        assert_eq!((answer.status, answer.body.as_slice()), (418, path.as_bytes()));
    }
}
