//! The key set changes while nodes run.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use token::{SigningKey, VerifyingKeys};

use crate::node::{Kind, Node};
use crate::world::{ANNA, World, minted, until};

const FILE: &str = "aac/128/00000.m4s";

#[test]
fn nginx_believes_new_keys_without_a_restart() {
    believes_new_keys(Kind::Nginx);
}

#[test]
fn varnish_believes_new_keys_without_a_restart() {
    believes_new_keys(Kind::Varnish);
}

fn believes_new_keys(kind: Kind) {
    let world = World::with_songs(&[1]);
    let node = Node::start(kind, &world);
    let prefix = &world.songs[0].prefix;
    let file = node.folder.path().join("jwks.json");
    let publish = |sets: &str| {
        fs::write(file.with_extension("new"), sets).expect("written");
        fs::rename(file.with_extension("new"), &file).expect("renamed");
    };
    let verdict = |token: &str| node.verdict(&format!("/t/{token}/{prefix}/{FILE}"), "");
    let (passes, unknown) = ((200, String::new()), (403, "unknown-key".to_owned()));

    let next = SigningKey::generate().expect("randomness");
    let (old, new) = (world.token(&world.songs[0], ANNA, 320), minted(&next, prefix, ANNA, 320));
    assert_eq!((verdict(&old), verdict(&new)), (passes.clone(), unknown.clone()));
    let both: VerifyingKeys = [&world.key, &next].map(VerifyingKeys::from).into_iter().collect();
    publish(&both.to_jwks());
    until("the new key is believed", || (0..8).all(|_| verdict(&new) == passes));
    assert_eq!(verdict(&old), passes, "for the rest of its life");

    publish(&VerifyingKeys::from(&next).to_jwks());
    // Every worker has to see it, and the token was let pass before.
    until("the old key is not", || (0..8).all(|_| verdict(&old) == unknown));
    for broken in ["", "{}", "{\"keys\":[]}", "<html>"] {
        publish(broken);
        sleep(Duration::from_millis(1_200));
        assert!((0..8).all(|_| verdict(&new) == passes), "{broken:?} changes nothing");
    }

    let minter = Minter::new(node.folder.path());
    let by_p256 = minter.mint(prefix);
    assert_eq!(verdict(&by_p256), unknown);
    publish(&minter.keys);
    let believed = || (0..8).all(|_| verdict(&by_p256) == passes);
    until("a minter with P-256 alone is believed by every worker", believed);
    let (rest, last) = by_p256.split_at(by_p256.len() - 8);
    let flipped = format!("{rest}{}", if last.starts_with('A') { "BAAAAAAA" } else { "AAAAAAAA" });
    assert_eq!(verdict(&flipped), (403, "bad-signature".to_owned()));
    let over = format!("/t/{by_p256}/{prefix}/aac/320/00000.m4s");
    assert_eq!(node.verdict(&over, ""), (403, "over-cap".to_owned()));

    // Back to what the API publishes, as an operator's timer would.
    world.fetch_keys(&file);
    until("the API's keys are believed", || verdict(&old) == passes);
}

/// The `jose` command, which is not ours, with a P-256 key.
struct Minter {
    key: String,
    keys: String,
}

impl Minter {
    fn new(folder: &Path) -> Self {
        let key = folder.join("p256.jwk").display().to_string();
        let made = jose(&["jwk", "gen", "-i", r#"{"alg":"ES256","kid":"p-256"}"#, "-o-"], "");
        fs::write(&key, made).expect("written");
        let keys = jose(&["jwk", "pub", "-s", "-i", &key, "-o-"], "");
        Self { key, keys }
    }

    fn mint(&self, prefix: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let claims: Value = json!({
            "iss": "segue", "aud": "segue-edge", "sub": ANNA, "iat": now, "nbf": now,
            "exp": now + 3_600, "jti": "a playback", "cdniv": 1, "sid": "a session",
            "cdniuc": format!("regex:^https?://[^/]+/{prefix}/.*$"), "max_kbps": 128,
        });
        let header = json!({"protected": {"alg": "ES256", "kid": "p-256", "typ": "play+jwt"}});
        let arguments =
            ["jws", "sig", "-I-", "-k", &self.key, "-s", &header.to_string(), "-c", "-o-"];
        jose(&arguments, &claims.to_string())
    }
}

fn jose(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("jose")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("jose runs (tests/tools/test installs it)");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "jose {arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}
