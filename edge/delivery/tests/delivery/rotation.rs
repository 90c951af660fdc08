//! Keys and certificates that change while the edge runs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use segue_delivery::{KeySource, Limits, Tls, TlsFiles};
use service::Reload;
use token::{SigningKey, VerifyingKeys};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::answer::send;
use crate::site::{FOLDER, Running};

const SEGMENT: &str = "aac/64/init.mp4";

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn generated() -> SigningKey {
    SigningKey::generate().expect("randomness")
}

fn jwks(keys: &[&SigningKey]) -> String {
    keys.iter().map(|key| VerifyingKeys::from(*key)).collect::<VerifyingKeys>().to_jwks()
}

async fn reason(edge: &Running, token: &str) -> String {
    let path = format!("/t/{token}/{FOLDER}/{SEGMENT}");
    let answer = send(edge.address, "GET", &path, "").await;
    match answer.status {
        200 => "passed".to_owned(),
        _ => answer.header("segue-refusal").to_owned(),
    }
}

/// Asks until the answer is `expected`: what is awaited is an event, not a time.
async fn until(edge: &Running, token: &str, expected: &str) {
    let asked = async {
        while reason(edge, token).await != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("never {expected}"));
}

async fn edge() -> Running {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    edge
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("segue-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[tokio::test]
async fn a_key_set_in_a_file_is_read_again_when_it_changes() {
    let (edge, folder, new) = (edge().await, Folder::new("jwks"), generated());
    let file = folder.write("jwks.json", &jwks(&[&edge.key]));
    let source: KeySource = file.display().to_string().parse().expect("a path");
    assert_eq!(source.read().await.expect("keys").kids(), [edge.key.kid()]);
    let (by_old, by_new) = (edge.token(64), edge.token_by(&new, 64));
    let (reloader, reload) = Reload::by_hand();
    let following = tokio::spawn(source.clone().follow(edge.edge.clone(), reload));
    assert_eq!(reason(&edge, &by_old).await, "passed");

    folder.write("jwks.json", &jwks(&[&edge.key, &new]));
    until(&edge, &by_new, "passed").await;
    assert_eq!(reason(&edge, &by_old).await, "passed");

    // By a rename, as careful people and orchestrators do, and asked for by hand.
    let draft = folder.write("new.json", &jwks(&[&new]));
    std::fs::rename(draft, &file).expect("renamed");
    reloader.ask();
    until(&edge, &by_old, "unknown-key").await;
    assert_eq!(reason(&edge, &by_new).await, "passed");

    for broken in ["", "{\"keys\":[]}", "{\"keys\":[", "no JSON"] {
        folder.write("jwks.json", broken);
        assert!(source.read().await.is_err(), "{broken}");
    }
    std::fs::remove_file(&file).expect("removed");
    assert!(source.read().await.is_err());
    reloader.ask();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(reason(&edge, &by_new).await, "passed", "what was there before stays in force");
    folder.write("jwks.json", &jwks(&[&edge.key]));
    reloader.ask();
    until(&edge, &by_new, "unknown-key").await;
    following.abort();
}

/// A server of one key set, by hand.
struct KeyServer {
    url: String,
    set: Arc<Mutex<String>>,
    broken: Arc<AtomicBool>,
    /// How many got the set, and how many were told that they have it.
    sent: Arc<AtomicUsize>,
    held: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl KeyServer {
    async fn start(set: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (set, broken) = (Arc::new(Mutex::new(set)), Arc::new(AtomicBool::new(false)));
        let (sent, held) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let shared = (set.clone(), broken.clone(), sent.clone(), held.clone());
        let task = tokio::spawn(async move {
            let (set, broken, sent, held) = shared;
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4_096];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).to_ascii_lowercase();
                let set = set.lock().expect("no panic").clone();
                let etag = format!("\"{}\"", set.len());
                let head = format!("Connection: close\r\nCache-Control: max-age=5\r\nETag: {etag}");
                let answer = if broken.load(Ordering::SeqCst) {
                    "HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned()
                } else if request.contains(&format!("if-none-match: {etag}")) {
                    held.fetch_add(1, Ordering::SeqCst);
                    format!("HTTP/1.1 304 Not Modified\r\n{head}\r\n\r\n")
                } else {
                    sent.fetch_add(1, Ordering::SeqCst);
                    let length = set.len();
                    format!("HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: {length}\r\n\r\n{set}")
                };
                stream.write_all(answer.as_bytes()).await.ok();
            }
        });
        Self { url: format!("http://{address}/jwks.json"), set, broken, sent, held, task }
    }

    fn serve(&self, set: String) {
        *self.set.lock().expect("no panic") = set;
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn a_key_set_behind_a_url_is_polled() {
    let (edge, new) = (edge().await, generated());
    let server = KeyServer::start(jwks(&[&edge.key])).await;
    let source: KeySource = server.url.parse().expect("a URL");
    assert_eq!(source.read().await.expect("keys").kids(), [edge.key.kid()]);
    let (by_old, by_new) = (edge.token(64), edge.token_by(&new, 64));
    let (reloader, reload) = Reload::by_hand();
    let following = tokio::spawn(source.clone().follow(edge.edge.clone(), reload));

    // Its max-age is over after five seconds: it is asked for with its tag, then has changed.
    let polled = async {
        while server.held.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, polled).await.expect("it is asked again");
    assert_eq!(server.sent.load(Ordering::SeqCst), 2, "once by hand, once by the follower");
    assert_eq!(reason(&edge, &by_old).await, "passed");

    server.broken.store(true, Ordering::SeqCst);
    assert!(source.read().await.expect_err("broken").to_string().contains("500"));
    server.serve(jwks(&[&new]));
    reloader.ask();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(reason(&edge, &by_old).await, "passed", "what was there before stays in force");

    server.broken.store(false, Ordering::SeqCst);
    reloader.ask();
    until(&edge, &by_old, "unknown-key").await;
    assert_eq!(reason(&edge, &by_new).await, "passed");
    following.abort();
}

#[tokio::test]
async fn an_endless_key_set_is_none() {
    let server = KeyServer::start(" ".repeat(1 << 20)).await;
    let source: KeySource = server.url.parse().expect("a URL");
    assert!(source.read().await.expect_err("too long").to_string().contains("longer than"));
}

/// The serial number of the certificate that a new connection is shown.
async fn shown(edge: &Running, trusted: &[rcgen::Certificate]) -> Option<Vec<u8>> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate.der().clone()).expect("a certificate");
    }
    let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(edge.address).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    stream.get_ref().1.peer_certificates()?.first().map(|it| it.to_vec())
}

#[tokio::test]
async fn a_certificate_is_shown_from_the_next_handshake_on() {
    let make = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let (one, two) = (make(), make());
    let folder = Folder::new("tls");
    let chain = folder.write("chain.pem", &one.cert.pem());
    let key = folder.write("key.pem", &one.signing_key.serialize_pem());
    let read = |path: &Path| std::fs::read(path).expect("readable");
    let tls = Tls::from_pem(&read(&chain), &read(&key)).expect("usable");
    let edge = Running::start_with(Some(tls.clone()), Limits::default()).await;
    let (reloader, reload) = Reload::by_hand();
    let files = TlsFiles { chain, key, client_authorities: None };
    let following = tokio::spawn(files.follow(tls, reload));
    let ders = [one.cert.der().to_vec(), two.cert.der().to_vec()];
    let trusted = [one.cert, two.cert];
    assert_eq!(shown(&edge, &trusted).await.as_ref(), Some(&ders[0]));

    // The new certificate stands there before its key: nothing changes until both do.
    folder.write("chain.pem", &trusted[1].pem());
    reloader.ask();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(shown(&edge, &trusted).await.as_ref(), Some(&ders[0]));
    folder.write("key.pem", &two.signing_key.serialize_pem());
    let changed = async {
        while shown(&edge, &trusted).await.as_ref() != Some(&ders[1]) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, changed).await.expect("it is shown");
    following.abort();
}
