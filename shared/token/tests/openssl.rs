//! OpenSSL as the other minter: the same key, the same claims, the same token.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use media::Kbps;
use segue_token::{SigningKey, VerifyingKeys, playback};

fn openssl(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("openssl");
    let output = command.current_dir(folder).args(arguments).output().expect("openssl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn openssl_signs_what_we_sign() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    openssl(folder.path(), &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);
    let pem = std::fs::read_to_string(folder.path().join("key.pem")).expect("a key");
    let key = SigningKey::from_pem(&pem).expect("its key is one of ours");
    let now = UNIX_EPOCH + Duration::from_secs(1_795_000_000);
    let grant = playback::Grant {
        user: "0190d2a5-7c1e-7bbb-8123-000000000009".parse().expect("a UUID"),
        prefix: "artist/a/album/b/c/d".parse().expect("a folder"),
        max_kbps: Kbps(128),
        duration: Duration::from_secs(210),
    };
    let token = playback::mint(&key, &grant, now).token;

    let (message, _) = token.rsplit_once('.').expect("three parts");
    std::fs::write(folder.path().join("message"), message).expect("written");
    let sign = ["pkeyutl", "-sign", "-inkey", "key.pem", "-rawin", "-in", "message"];
    openssl(folder.path(), &[&sign[..], &["-out", "signature"]].concat());
    let signature = std::fs::read(folder.path().join("signature")).expect("a signature");
    // Ed25519 is deterministic (RFC 8032 5.1.6).
    assert_eq!(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)), token);
    assert!(playback::open(&VerifyingKeys::from(&key), &token, now).is_ok());
}
