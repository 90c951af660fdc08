//! What an operator sees and changes of a running server: metrics, readiness, certificates, keys, a CDN in front.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use serde_json::Value;
use tempfile::TempDir;
use testkit::server::{Running, Server};
use testkit::{signal, wav};

const SEGUE: &str = env!("CARGO_BIN_EXE_segue");
const RATE: u32 = 48_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A server that also says where its admin listener is.
fn start(server: Server) -> (Running, String) {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    let running = server.admin_listen(&address).start();
    (running, format!("http://{address}"))
}

fn text(url: &str) -> String {
    Client::new().get(url).send().expect("an answer").text().expect("text")
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn published(running: &Running, folder: &TempDir) -> Value {
    let master = folder.path().join("master.wav");
    wav::write(&master, &signal::music(2 * RATE as usize, RATE, 3), RATE);
    running.published(&master, "A song")
}

#[test]
fn what_is_played_is_counted_and_a_cdn_needs_no_token() {
    let folder = TempDir::new().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n{}\n", SECRET.repeat(2))).expect("written");
    let server = Server::of(SEGUE).env("SEGUE_EDGE_SECRET_FILE", &secret.display().to_string());
    let (running, admin) = start(server);
    until("ready", || text(&format!("{admin}/readyz")) == "ready\n");

    let urls = published(&running, &folder);
    let signed = urls["hls"].as_str().expect("hls");
    let client = Client::new();
    assert_eq!(client.get(signed).send().expect("an answer").status(), 200);
    let (_, path) = signed.split_once("/artist/").expect("a path");
    let plain = format!("{}/artist/{path}", running.url());
    for (given, status, control) in [
        (SECRET.to_owned(), 200, "public, max-age=31536000, immutable"),
        (SECRET.repeat(2), 200, "public, max-age=31536000, immutable"),
        ("x".repeat(32), 403, "no-store"),
    ] {
        let request = client.get(&plain).header("segue-edge-secret", given);
        let answer = request.send().expect("an answer");
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["cache-control"].as_bytes()),
            (status, control.as_bytes())
        );
    }
    let told = text(&format!("{admin}/metrics"));
    for line in [
        "segue_edge_answers_total{status=\"200\"} 3",
        "segue_edge_refusals_total{reason=\"wrong-edge-secret\"} 1",
        "segue_edge_lookups_total{result=\"hit\"} 2",
    ] {
        assert!(told.lines().any(|it| it == line), "{line} in\n{told}");
    }
    assert!(told.contains("segue_cache_fill_seconds_bucket"), "{told}");
}

#[test]
fn the_keys_of_tokens_are_published_and_rotated() {
    let (data, folder) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let keys = |running: &Running| -> Value {
        let set = text(&format!("{}/.well-known/jwks.json", running.url()));
        serde_json::from_str(&set).expect("JSON")
    };
    let (first, _) = start(Server::of(SEGUE).on(data.path()));
    let urls = published(&first, &folder);
    let old = keys(&first)["keys"][0]["kid"].clone();
    assert_eq!(first.terminate(), Some(0));
    let kept = |name: &str| data.path().join("keys").join(name);
    std::fs::rename(kept("playback.pem"), kept("playback.old.pem")).expect("renamed");

    let (second, _) = start(Server::of(SEGUE).on(data.path()));
    let set = keys(&second);
    let kids: Vec<&Value> =
        set["keys"].as_array().expect("a list").iter().map(|key| &key["kid"]).collect();
    assert!(kids.len() == 2 && kids.contains(&&old), "{set}");
    let (_, signed) = urls["hls"].as_str().expect("hls").split_once("/t/").expect("a token");
    let ask = |running: &Running| {
        let answer = Client::new().get(format!("{}/t/{signed}", running.url())).send();
        answer.expect("an answer").status().as_u16()
    };
    assert_eq!(ask(&second), 200, "the old key's tokens are still good");
    assert_eq!(second.terminate(), Some(0));
    std::fs::remove_file(kept("playback.old.pem")).expect("removed");

    let (third, _) = start(Server::of(SEGUE).on(data.path()));
    assert_eq!(ask(&third), 403, "until its file is gone");
    assert_eq!(keys(&third)["keys"].as_array().map(Vec::len), Some(1));
}

fn certificate(folder: &Path, days: &str) {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(folder).args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", days]);
    openssl.args(["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost"]);
    openssl.args(["-keyout", "key.pem", "-out", "chain.pem"]);
    let output = openssl.output().expect("openssl runs (tests/tools/test installs it)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_new_certificate_is_shown_without_a_restart() {
    let folder = TempDir::new().expect("a folder");
    certificate(folder.path(), "2");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let server = Server::of(SEGUE)
        .arg(format!("--tls-cert={}", file("chain.pem")))
        .arg(format!("--tls-key={}", file("key.pem")));
    let (running, _) = start(server);
    let url = running.url().replace("127.0.0.1", "localhost");
    // Trusts what the file holds now, and that alone.
    let curl = || {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code} %{http_version}",
        ]);
        let output =
            curl.args(["--cacert", &file("chain.pem"), &format!("{url}/v1/songs")]).output();
        String::from_utf8(output.expect("curl runs").stdout).expect("text")
    };
    assert_eq!(curl(), "200 2", "HTTP/2 by ALPN");
    certificate(folder.path(), "3");
    let hangup = Command::new("kill").args(["-HUP", &running.pid().to_string()]).status();
    assert!(hangup.expect("kill runs").success());
    until("the new certificate is shown", || curl() == "200 2");
}
