//! Ways to come without the right token, and what they are answered. The whole table is the edge's
//! (edge/delivery/tests/delivery/tokens.rs), whose code decides here, too; this one has each reason in each carrier, and what another
//! server's reading of a path might let through.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use token::{SigningKey, VerifyingKeys, access};

use crate::node::{Kind, Node};
use crate::world::{ANNA, EDGE_SECRET, World, minted};

const SEGMENT: &str = "aac/320/00000.m4s";

#[test]
fn nginx_refuses_what_an_edge_refuses() {
    refuses(Kind::Nginx);
}

#[test]
fn varnish_refuses_what_an_edge_refuses() {
    refuses(Kind::Varnish);
}

fn refuses(kind: Kind) {
    let world = World::with_songs(&[1, 1]);
    let node = Node::start(kind, &world);
    let plain = format!("/{}/{SEGMENT}", world.songs[0].prefix);
    let good = world.token(&world.songs[0], ANNA, 320);
    // It is in the cache: whoever slips by gets it.
    assert_eq!(node.verdict(&format!("/t/{good}{plain}"), ""), (200, String::new()));
    let tokens = wrong_tokens(&world);
    assert!(tokens.len() > 50, "{}", tokens.len());
    for (what, token, reason) in tokens {
        for (target, headers) in [
            (format!("/t/{token}{plain}"), String::new()),
            (format!("{plain}?URISigningPackage={token}"), String::new()),
            (plain.clone(), format!("Cookie: URISigningPackage={token}\r\n")),
        ] {
            let answer = node.ask("GET", &target, &headers);
            let got = (answer.status, answer.header("segue-refusal"));
            assert_eq!(got, (403, reason), "{what}: {target} {headers}");
            assert_eq!(answer.header("cache-control"), "no-store", "{what}");
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{what}");
            let exposed = answer.header("access-control-expose-headers");
            assert!(exposed.contains("Segue-Refusal"), "{what}");
            assert_eq!(answer.body, reason.as_bytes(), "{what}");
            assert_eq!(node.ask("HEAD", &target, &headers).status, 403, "{what}");
        }
    }
    for (what, target, headers, status, reason) in wrong_paths(&world, &good) {
        let got = node.verdict(&target, &headers);
        // What nginx itself cannot read it does not even show us.
        let unread = kind == Kind::Nginx && reason == "bad-path" && got == (400, String::new());
        assert!(unread || got == (status, reason.to_owned()), "{what}: {got:?} for {target}");
    }
    // Nobody has asked the edge for anything but that one file.
    let asked: Vec<String> = world.log().lines().map(str::to_owned).collect();
    let media = asked.iter().filter(|line| line.contains("\"access\"")).count();
    assert_eq!(media, 1, "{asked:#?}");
}

fn ed25519(key: &SigningKey) -> EncodingKey {
    let pem = key.to_pem();
    let body = pem.lines().nth(1).expect("a body");
    EncodingKey::from_ed_der(&STANDARD.decode(body).expect("base64"))
}

fn signed(key: &EncodingKey, algorithm: Algorithm, header: &Value, claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", part(&header.to_string()), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm);
    format!("{message}.{}", signature.expect("a signature"))
}

/// (what, token, reason)
type Wrong = (&'static str, String, &'static str);

/// A good token's parts, to be made wrong.
struct Good {
    key: SigningKey,
    token: String,
    header: Value,
    claims: Value,
}

impl Good {
    fn of(world: &World) -> Self {
        let token = world.token(&world.songs[0], ANNA, 320);
        let parts: Vec<&str> = token.split('.').collect();
        let json = |part: &str| {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
        };
        let (header, claims) = (json(parts[0]), json(parts[1]));
        Self { key: world.key.clone(), token, header, claims }
    }

    /// Another claim, signed by us: only the minter's own mistakes.
    fn claiming(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        self.signed(&claims.to_string())
    }

    fn signed(&self, claims: &str) -> String {
        signed(&ed25519(&self.key), Algorithm::EdDSA, &self.header, claims)
    }

    fn without(&self, name: &str) -> String {
        let mut claims = self.claims.clone();
        claims.as_object_mut().expect("an object").remove(name);
        self.signed(&claims.to_string())
    }

    /// Another header, signed by us.
    fn headed(&self, name: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header[name] = value;
        signed(&ed25519(&self.key), Algorithm::EdDSA, &header, &self.claims.to_string())
    }

    /// Another claim under the signature that there was.
    fn tampered(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        let parts: Vec<&str> = self.token.split('.').collect();
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2])
    }
}

fn wrong_tokens(world: &World) -> Vec<Wrong> {
    let good = Good::of(world);
    let mut rows = of_signatures(&good, world);
    rows.extend(of_headers(&good));
    rows.extend(of_claims(&good, world));
    rows
}

fn of_signatures(good: &Good, world: &World) -> Vec<Wrong> {
    let token = &good.token;
    let end = token.rfind('.').expect("three parts") + 1;
    let stranger = SigningKey::generate().expect("randomness");
    let by_stranger =
        signed(&ed25519(&stranger), Algorithm::EdDSA, &good.header, &good.claims.to_string());
    let jwks = VerifyingKeys::from(&world.key).to_jwks();
    let confused = signed(
        &EncodingKey::from_secret(jwks.as_bytes()),
        Algorithm::HS256,
        &json!({"alg": "HS256", "kid": world.key.kid(), "typ": "play+jwt"}),
        &good.claims.to_string(),
    );
    let mut flipped = token.clone().into_bytes();
    flipped[end + 9] = if flipped[end + 9] == b'A' { b'B' } else { b'A' };
    vec![
        ("one word", "abc".to_owned(), "malformed"),
        ("dots alone", "..".to_owned(), "malformed"),
        ("two parts", token[..end - 1].to_owned(), "malformed"),
        ("four parts", format!("{token}.{}", &token[end..]), "malformed"),
        ("padded", format!("{token}="), "malformed"),
        ("an escaped dot", token.replacen('.', "%2e", 1), "malformed"),
        ("too long", format!("{token}{}", "A".repeat(2_048)), "malformed"),
        ("no signature", token[..end].to_owned(), "bad-signature"),
        ("another signature", String::from_utf8(flipped).expect("ASCII"), "bad-signature"),
        ("another listener", good.tampered("sub", json!(ANNA.replace('a', "c"))), "bad-signature"),
        ("another cap", good.tampered("max_kbps", json!(321)), "bad-signature"),
        ("another end", good.tampered("exp", json!(9_999_999_999_u64)), "bad-signature"),
        ("a stranger's signature", by_stranger, "bad-signature"),
        ("the key set as a secret", confused, "unknown-alg"),
    ]
}

fn of_headers(good: &Good) -> Vec<Wrong> {
    let user = ANNA.parse().expect("a UUID");
    let hour = Duration::from_secs(3_600);
    let session = "0190d2a5-7c1e-7bbb-8123-00000000000a".parse().expect("a UUID");
    let admin = access::mint(&good.key, user, session, hour, SystemTime::now());
    vec![
        ("alg none", good.headed("alg", json!("none")), "unknown-alg"),
        ("alg RS256", good.headed("alg", json!("RS256")), "unknown-alg"),
        ("alg in lower case", good.headed("alg", json!("eddsa")), "unknown-alg"),
        ("alg ES256 on our key", good.headed("alg", json!("ES256")), "wrong-alg"),
        ("alg null", good.headed("alg", json!(null)), "malformed"),
        ("an unknown kid", good.headed("kid", json!("x")), "unknown-key"),
        ("an empty kid", good.headed("kid", json!("")), "unknown-key"),
        ("kid a path", good.headed("kid", json!("../../dev/null")), "unknown-key"),
        ("another type", good.headed("typ", json!("JWT")), "wrong-type"),
        ("an access token", admin, "wrong-type"),
        ("crit", good.headed("crit", json!(["exp"])), "malformed"),
        ("its own key", good.headed("jwk", json!({})), "malformed"),
        ("a key to fetch", good.headed("jku", json!("http://127.0.0.1/jwks")), "malformed"),
        ("unencoded", good.headed("b64", json!(false)), "malformed"),
    ]
}

fn of_claims(good: &Good, world: &World) -> Vec<Wrong> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let container = |rest: &str| json!(format!("regex:^https?://[^/]+/{rest}"));
    let text = good.claims.to_string();
    let (song, other) = (&world.songs[0].prefix, &world.songs[1].prefix);
    let re = |name: &str, value: Value| good.claiming(name, value);
    let mut rows = vec![
        ("another issuer", re("iss", json!("someone")), "wrong-issuer"),
        ("another audience", re("aud", json!("segue-api")), "wrong-audience"),
        ("several audiences", re("aud", json!(["segue-edge"])), "malformed"),
        ("expired", re("exp", json!(now - 1)), "expired"),
        ("expired long ago", re("exp", json!(1)), "expired"),
        ("good for a hundred years", re("exp", json!(now + 3_155_760_000)), "malformed"),
        ("an end of a fraction", re("exp", json!(1e12)), "malformed"),
        ("an end in words", re("exp", json!("9999999999")), "malformed"),
        ("early", re("nbf", json!(now + 3_600)), "not-yet-valid"),
        ("issued tomorrow", re("iat", json!(now + 86_400)), "not-yet-valid"),
        ("another version", re("cdniv", json!(2)), "malformed"),
        ("a claim we don't know", re("cdniip", json!("10.0.0.1")), "malformed"),
        ("critical claims", re("cdnicrit", json!("cdniip")), "malformed"),
        ("the other song", minted(&good.key, other, ANNA, 320), "wrong-path"),
        ("any song", re("cdniuc", json!("regex:.*")), "malformed"),
        ("the folder above", re("cdniuc", container("artist/.*$")), "malformed"),
        ("a folder without an end", re("cdniuc", container(song)), "malformed"),
        ("two songs", re("cdniuc", container(&format!("({song}|{other})/.*$"))), "malformed"),
        ("capped at 128", minted(&good.key, song, ANNA, 128), "over-cap"),
        ("capped at 64", minted(&good.key, song, ANNA, 64), "over-cap"),
        ("a cap of nothing", re("max_kbps", json!(0)), "over-cap"),
        ("a cap in words", re("max_kbps", json!("320")), "malformed"),
        ("a cap of a fraction", re("max_kbps", json!(320.5)), "malformed"),
        ("a cap beyond all", re("max_kbps", json!(65_536)), "malformed"),
        ("a listener who is none", re("sub", json!("everybody")), "malformed"),
        ("no claims", good.signed(""), "malformed"),
        ("claims of null", good.signed("null"), "malformed"),
        ("a claim twice", good.signed(&text.replacen('{', "{\"exp\":9999999999,", 1)), "malformed"),
    ];
    for claim in
        ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "cdniv", "cdniuc", "max_kbps", "sid"]
    {
        rows.push(("a claim is missing", good.without(claim), "malformed"));
    }
    rows
}

/// (what, target, headers, status, reason)
type Row = (&'static str, String, String, u16, &'static str);

fn wrong_paths(world: &World, good: &str) -> Vec<Row> {
    let (song, other) = (&world.songs[0].prefix, &world.songs[1].prefix);
    let low = world.token(&world.songs[0], ANNA, 64);
    let plain = format!("/{song}/{SEGMENT}");
    let named = format!("URISigningPackage={good}");
    let secret = format!("Segue-Edge-Secret: {EDGE_SECRET}\r\n");
    let none = String::new;
    let mut rows = vec![
        ("no token", plain.clone(), none(), 401, "missing"),
        ("no token for a proxy", format!("http://cdn{plain}"), none(), 401, "missing"),
        ("around for a proxy", format!("http://cdn/t/{good}/x/..{plain}"), none(), 403, "bad-path"),
        ("an empty token", format!("/t/{plain}"), none(), 401, "missing"),
        ("an edge's secret for a token", plain.clone(), secret, 401, "missing"),
        ("another parameter", format!("{plain}?token={good}"), none(), 401, "missing"),
        ("two tokens", format!("{plain}?{named}&{named}"), none(), 403, "malformed"),
        (
            "two cookies",
            plain.clone(),
            format!("Cookie: {named}\r\nCookie: {named}\r\n"),
            403,
            "malformed",
        ),
        (
            "a bad token in the path, a good one beside",
            format!("/t/x{plain}?{named}"),
            format!("Cookie: {named}\r\n"),
            403,
            "malformed",
        ),
        ("a token behind a token", format!("/t/{good}/t/{good}{plain}"), none(), 403, "wrong-path"),
        ("a fragment for a path", format!("/t/{good}#{plain}"), none(), 403, "wrong-path"),
        ("a query for a path", format!("/t/{good}?{plain}"), none(), 403, "wrong-path"),
        ("nobody's path", "/v1/songs".to_owned(), none(), 404, ""),
        ("the key set", "/.well-known/jwks.json".to_owned(), none(), 404, ""),
        ("no such object", format!("/t/{good}/{song}/no-such-file"), none(), 404, ""),
        ("an object in capitals", format!("/t/{low}/{song}/AAC/320/00000.M4S"), none(), 404, ""),
    ];
    for path in [
        "../index.m3u8",
        "./index.m3u8",
        "aac/../index.m3u8",
        "%2e%2e/index.m3u8",
        "aac%2f320%2f00000.m4s",
        "aac%252f320%252f00000.m4s",
        "..%5cindex.m3u8",
        "inde%78.m3u8",
        "/index.m3u8",
        "aac//320/00000.m4s",
        "index.m3u8/",
        "index.m3u8;x=y",
        "index.m3u8%00",
        "index.m3u8%0d%0aX:%20y",
        "index%.m3u8",
        "%c0%ae%c0%ae/index.m3u8",
        "../../../../../../../../../etc/passwd",
    ] {
        let target = format!("/t/{good}/{song}/{path}");
        rows.push(("a crooked path", target, none(), 403, "bad-path"));
    }
    for (folder, file) in [(other, "index.m3u8"), (&format!("{song}0"), "index.m3u8")] {
        let target = format!("/t/{good}/{folder}/{file}");
        rows.push(("another folder", target, none(), 403, "wrong-path"));
    }
    // The same by way of the good one's folder, for a server that tidies up paths.
    let around = format!("/t/{good}/{song}/../../../../../{other}/index.m3u8");
    rows.push(("around", around, none(), 403, "bad-path"));
    for file in ["index.m3u8", "ogg.m3u8", "aac/128/init.mp4", "ogg/128.ogg", "manifest.mpd"] {
        rows.push(("above the cap", format!("/t/{low}/{song}/{file}"), none(), 403, "over-cap"));
    }
    rows.push(("too long", format!("/t/{good}/{}", "a".repeat(5_000)), none(), 414, "too-long"));
    rows
}
