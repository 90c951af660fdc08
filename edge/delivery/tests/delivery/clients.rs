//! Other people's clients against our TLS listener: curl, nghttp and h2load, and sslyze as its judge.

use std::path::PathBuf;
use std::process::{Command, Output};

use segue_delivery::{Limits, Tls};
use serde_json::Value;

use crate::frames::python;
use crate::site::{FOLDER, Running};

const SEGMENT: &str = "aac/320/00000.m4s";
const PLAYLIST: &str = "aac/128/playlist.m3u8";

/// An edge with a certificate for localhost, which a file tells clients to trust.
struct Secured {
    edge: Running,
    certificate: PathBuf,
}

impl Drop for Secured {
    fn drop(&mut self) {
        std::fs::remove_file(&self.certificate).ok();
    }
}

impl Secured {
    async fn start(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let tls = Tls::from_pem(chain.as_bytes(), key.as_bytes()).expect("usable");
        let edge = Running::start_with(Some(tls), Limits::default()).await;
        edge.store(SEGMENT, sound()).await;
        edge.store(PLAYLIST, playlist()).await;
        let file = format!("segue-{name}-{}.pem", std::process::id());
        let certificate = std::env::temp_dir().join(file);
        std::fs::write(&certificate, chain).expect("written");
        Self { edge, certificate }
    }

    fn url(&self, file: &str) -> String {
        let (port, token) = (self.edge.address.port(), self.edge.token(320));
        format!("https://localhost:{port}/t/{token}/{FOLDER}/{file}")
    }

    /// curl's answer: head and body as they came, the body decoded where that was asked for.
    async fn curl(&self, arguments: &[&str], file: &str) -> (String, Vec<u8>) {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--max-time", "30", "--dump-header", "-"]);
        command.arg("--cacert").arg(&self.certificate).args(arguments).arg(self.url(file));
        let output = run(command).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let end = output.stdout.windows(4).position(|at| at == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&output.stdout[..end]).to_ascii_lowercase();
        (head, output.stdout[end + 4..].to_vec())
    }
}

fn sound() -> Vec<u8> {
    (0..240_000u32).map(|at| (at % 251) as u8).collect()
}

fn playlist() -> String {
    (0..200).map(|index| format!("#EXTINF:5.76,\n{index:05}.m4s\n")).collect()
}

async fn run(mut command: Command) -> Output {
    let run = move || command.output().expect("it runs (tests/tools/test installs it)");
    tokio::task::spawn_blocking(run).await.expect("no panic")
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let prefix = format!("{name}: ");
    head.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_over_both_protocols() {
    let site = Secured::start("curl").await;
    let size = sound().len();
    for (protocol, version) in [("--http1.1", "http/1.1"), ("--http2", "http/2")] {
        let curl = async |arguments: &[&str], file: &str| {
            site.curl(&[&[protocol], arguments].concat(), file).await
        };
        let (head, body) = curl(&[], SEGMENT).await;
        assert!(head.starts_with(&format!("{version} 200")), "{head}");
        assert!(body == sound(), "{version}: {} bytes", body.len());
        assert_eq!(header(&head, "content-length"), size.to_string());
        assert!(!header(&head, "date").is_empty());
        let etag = header(&head, "etag").to_owned();

        for (range, expected) in [
            ("0-0", 0..1),
            ("100-199", 100..200),
            ("239990-", 239_990..size),
            ("-10", size - 10..size),
        ] {
            let (head, body) = curl(&["--range", range], SEGMENT).await;
            let (first, last) = (expected.start, expected.end - 1);
            assert!(head.starts_with(&format!("{version} 206")), "{head}");
            assert_eq!(header(&head, "content-range"), format!("bytes {first}-{last}/{size}"));
            assert!(body == sound()[expected], "{range}");
        }
        let (head, body) = curl(&["--range", "0-1,5-9"], SEGMENT).await;
        assert!(head.starts_with(&format!("{version} 200")) && body.len() == size, "{head}");
        let (head, _) = curl(&["--range", "240000-"], SEGMENT).await;
        assert!(head.starts_with(&format!("{version} 416")), "{head}");
        assert_eq!(header(&head, "content-range"), "bytes */240000");

        for (condition, status) in [
            (format!("If-None-Match: {etag}"), 304),
            ("If-None-Match: \"x\"".to_owned(), 200),
            (format!("If-Match: {etag}"), 200),
            ("If-Match: \"x\"".to_owned(), 412),
        ] {
            let (head, body) = curl(&["--header", &condition], SEGMENT).await;
            assert!(head.starts_with(&format!("{version} {status}")), "{condition}: {head}");
            assert_eq!(body.len() == size, status == 200, "{condition}");
        }
        for (tag, length) in [(etag.as_str(), 10), ("\"x\"", size)] {
            let condition = format!("If-Range: {tag}");
            let (_, body) = curl(&["--header", &condition, "--range", "0-9"], SEGMENT).await;
            assert_eq!(body.len(), length, "{condition}");
        }

        let (head, _) = curl(&["--head", "--output", "/dev/null"], SEGMENT).await;
        assert!(head.starts_with(&format!("{version} 200")), "{head}");
        assert_eq!(header(&head, "content-length"), size.to_string());
        let (head, _) = curl(&["--request", "OPTIONS"], SEGMENT).await;
        assert!(head.starts_with(&format!("{version} 204")), "{head}");
        let (head, _) = curl(&["--request", "DELETE"], SEGMENT).await;
        assert!(head.starts_with(&format!("{version} 405")), "{head}");
        assert_eq!(header(&head, "allow"), "get, head, options");
        let (head, _) = curl(&[], &format!("aac/{}", "a".repeat(5_000))).await;
        assert!(head.starts_with(&format!("{version} 414")), "{head}");
        let long = format!("X-Long: {}", "a".repeat(40_000));
        let (head, _) = curl(&["--header", &long], SEGMENT).await;
        assert!(head.starts_with(&format!("{version} 431")), "{head}");

        for (accepted, name) in [("gzip", "gzip"), ("br", "br"), ("gzip, br", "br")] {
            let accept = format!("Accept-Encoding: {accepted}");
            let (head, body) = curl(&["--compressed", "--header", &accept], PLAYLIST).await;
            assert_eq!((header(&head, "content-encoding"), body), (name, playlist().into_bytes()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nghttp_and_h2load_find_nothing_wrong() {
    let site = Secured::start("h2load").await;
    let mut nghttp = Command::new("nghttp");
    let output = run({
        nghttp.args(["--no-verify-peer", "--stat", "--null-out", "--verbose"]);
        nghttp.args([site.url(SEGMENT), site.url(PLAYLIST)]);
        nghttp
    })
    .await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("The negotiated protocol: h2"), "{said}");
    assert_eq!(said.matches(":status: 200").count(), 2, "{said}");
    assert!(!said.contains("send RST_STREAM"), "{said}");

    for protocol in ["h2", "http/1.1"] {
        let mut h2load = Command::new("h2load");
        h2load.args(["--requests=3000", "--clients=10", "--max-concurrent-streams=20"]);
        h2load.arg(format!("--npn-list={protocol}")).arg(site.url(SEGMENT));
        let output = run(h2load).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(&format!("Application protocol: {protocol}")), "{said}");
        assert!(said.contains("3000 succeeded, 0 failed, 0 errored, 0 timeout"), "{said}");
        assert!(said.contains("status codes: 3000 2xx, 0 3xx, 0 4xx, 0 5xx"), "{said}");
    }
    assert_eq!(site.edge.store.reads(), 3, "each file was read once, and once the version's list");
}

/// No version below TLS 1.2, no suite without forward secrecy and authenticated encryption, and none of the named
/// weaknesses.
#[tokio::test(flavor = "multi_thread")]
async fn sslyze_finds_nothing_weak() {
    let site = Secured::start("sslyze").await;
    let mut sslyze = Command::new(python());
    sslyze.args(["-m", "sslyze", "--json_out=-", "--mozilla_config=disable"]);
    sslyze.args(["--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"]);
    sslyze.args(["--compression", "--reneg", "--robot", "--heartbleed", "--openssl_ccs"]);
    sslyze.args(["--fallback", "--early_data", "--resum", "--ems", "--elliptic_curves"]);
    sslyze.arg(format!("localhost:{}", site.edge.address.port()));
    let output = run(sslyze).await;
    let report: Value = serde_json::from_slice(&output.stdout).expect("its report");
    let scan = &report["server_scan_results"][0]["scan_result"];
    let result = |name: &str| {
        assert_eq!(scan[name]["status"], "COMPLETED", "{name}: {}", scan[name]);
        &scan[name]["result"]
    };
    for version in ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"] {
        assert_eq!(accepted(result(&format!("{version}_cipher_suites"))), [""; 0], "{version}");
    }
    assert_eq!(
        accepted(result("tls_1_2_cipher_suites")),
        [
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        ]
    );
    assert_eq!(
        accepted(result("tls_1_3_cipher_suites")),
        ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
    );
    let yes = |name: &str, what: &str| result(name)[what].as_bool().expect(what);
    assert!(!yes("tls_compression", "supports_compression"));
    assert!(!yes("heartbleed", "is_vulnerable_to_heartbleed"));
    assert!(!yes("openssl_ccs_injection", "is_vulnerable_to_ccs_injection"));
    assert!(!yes("session_renegotiation", "is_vulnerable_to_client_renegotiation_dos"));
    assert!(yes("tls_fallback_scsv", "supports_fallback_scsv"));
    assert!(!yes("tls_1_3_early_data", "supports_early_data"));
    assert!(yes("tls_extended_master_secret", "supports_ems_extension"));
    let robot = result("robot")["robot_result"].as_str().expect("a word");
    assert_eq!(robot, "NOT_VULNERABLE_RSA_NOT_SUPPORTED");
}

/// The names of the suites that were accepted, sorted.
fn accepted(result: &Value) -> Vec<&str> {
    let suites = result["accepted_cipher_suites"].as_array().expect("a list");
    let mut names: Vec<&str> = suites
        .iter()
        .map(|suite| suite["cipher_suite"]["name"].as_str().expect("a name"))
        .collect();
    names.sort_unstable();
    names
}
