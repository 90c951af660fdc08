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

const SEGMENT: &str = "aac/320/00000.m4s";
const OTHER_SONG: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
    0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-0000000000ff/\
    00112233445566778899aabbccddeeff";
const OTHER_VERSION: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
    0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
    ffeeddccbbaa99887766554433221100";

/// A token's three parts, taken apart to be tampered with.
struct Parts {
    header: Value,
    claims: Value,
    signature: String,
}

impl Parts {
    fn of(token: &str) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        let json = |part: &str| {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
        };
        Self { header: json(parts[0]), claims: json(parts[1]), signature: parts[2].to_owned() }
    }

    /// Put together again with the signature that it had.
    fn unsigned(&self) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{}", part(&self.header), part(&self.claims), self.signature)
    }

    /// Signed by `key` under an algorithm of the forger's choice.
    fn signed(&self, algorithm: Algorithm, key: &EncodingKey) -> String {
        let mut header = Header::new(algorithm);
        header.kid = self.header["kid"].as_str().map(str::to_owned);
        header.typ = self.header["typ"].as_str().map(str::to_owned);
        jsonwebtoken::encode(&header, &self.claims, key).expect("a token")
    }

    fn with_claim(token: &str, name: &str, value: Value) -> Self {
        let mut parts = Self::of(token);
        parts.claims[name] = value;
        parts
    }

    fn with_header(token: &str, name: &str, value: Value) -> Self {
        let mut parts = Self::of(token);
        parts.header[name] = value;
        parts
    }
}

fn ed25519(key: &SigningKey) -> EncodingKey {
    let pem = key.to_pem();
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).expect("PEM");
    EncodingKey::from_ed_der(der.secret_pkcs8_der())
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
type Row = (&'static str, String, u16, &'static str);

fn with_tokens(edge: &Running) -> Vec<(&'static str, String, &'static str)> {
    let good = edge.token(320);
    let signature = good.rfind('.').expect("three parts") + 1;
    let payload = good.find('.').expect("three parts") + 1;
    let stranger = SigningKey::generate().expect("randomness");
    let no_signature = good[..signature].to_owned();
    let none = Parts::with_header(&good, "alg", json!("none"));
    let user = "0190d2a5-7c1e-7bbb-8123-000000000009".parse().expect("a UUID");
    let hour = Duration::from_secs(3_600);
    let admin = access::mint(&edge.key, user, access::Role::Admin, hour, edge.clock.now());
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
    rows.extend(confused(edge, &good).into_iter().map(|token| ("HS256", token, "unknown-alg")));
    rows
}

fn with_paths(edge: &Running) -> Vec<Row> {
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
    for file in ["index-128.m3u8", "index-64.m3u8", "aac/64/init.mp4", "ogg/128.ogg", "asset.json"]
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
