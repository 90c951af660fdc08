//! A CDN or another edge as a user: no token, an answer for everybody, and known by secret or certificate.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use segue_delivery::tls::Pem;
use segue_delivery::{PullSecrets, Tls};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::answer::{Answer, exchange, send};
use crate::site::{FOLDER, Running};

const SEGMENT: &str = "aac/320/00000.m4s";
const PUBLIC: &str = "public, max-age=31536000, immutable";
const PERSONAL: &str = "private, max-age=31536000, immutable";

fn secrets() -> (String, String, PullSecrets) {
    let (one, two) = ("0f".repeat(16), "f0".repeat(32));
    let both = format!("{one}\n{two}").parse().expect("two secrets");
    (one, two, both)
}

#[tokio::test]
async fn who_has_a_secret_needs_no_token_and_gets_what_everybody_may_keep() {
    let (one, two, both) = secrets();
    let edge = Running::start_pulled(None, both).await;
    edge.store(SEGMENT, "sound").await;
    let path = format!("/{FOLDER}/{SEGMENT}");
    for secret in [&one, &two] {
        for method in ["GET", "HEAD"] {
            let header = format!("Segue-Edge-Secret: {secret}\r\n");
            let answer = send(edge.address, method, &path, &header).await;
            assert_eq!((answer.status, answer.header("cache-control")), (200, PUBLIC));
            assert!(answer.header("surrogate-key").starts_with("song:"), "{:?}", answer.headers);
            assert!(answer.header("cache-tag").starts_with("song:"));
            assert_eq!(answer.header("cdn-tag"), answer.header("cache-tag"));
            let akamais = answer.header("cache-tag").replace(':', "-");
            assert_eq!(answer.header("edge-cache-tag"), akamais);
            assert_eq!(answer.body, if method == "GET" { &b"sound"[..] } else { b"" });
        }
    }
}

#[tokio::test]
async fn a_wrong_secret_is_refused_whatever_else_comes_with_it() {
    let (one, two, both) = secrets();
    let edge = Running::start_pulled(None, both).await;
    edge.store(SEGMENT, "sound").await;
    let (plain, signed) =
        (format!("/{FOLDER}/{SEGMENT}"), format!("/t/{}/{FOLDER}/{SEGMENT}", edge.token(320)));
    for (what, headers) in [
        ("empty", "Segue-Edge-Secret:\r\n".to_owned()),
        ("short", format!("Segue-Edge-Secret: {}\r\n", &one[1..])),
        ("long", format!("Segue-Edge-Secret: {one}0\r\n")),
        ("both at once", format!("Segue-Edge-Secret: {one}, {two}\r\n")),
        ("twice", format!("Segue-Edge-Secret: {one}\r\nSegue-Edge-Secret: {one}\r\n")),
        ("other case", format!("Segue-Edge-Secret: {}\r\n", one.to_uppercase())),
        ("no text", "Segue-Edge-Secret: \u{fffd}\r\n".to_owned()),
    ] {
        for path in [&plain, &signed] {
            let answer = send(edge.address, "GET", path, &headers).await;
            let got = (answer.status, answer.header("segue-refusal"));
            assert_eq!(got, (403, "wrong-edge-secret"), "{what}");
        }
    }
    assert_eq!(edge.store.reads(), 0);
    assert_eq!(send(edge.address, "GET", &signed, "").await.header("cache-control"), PERSONAL);
}

#[tokio::test]
async fn an_edge_without_secrets_knows_none() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let header = format!("Segue-Edge-Secret: {}\r\n", secrets().0);
    let answer = send(edge.address, "GET", &format!("/{FOLDER}/{SEGMENT}"), &header).await;
    assert_eq!((answer.status, answer.header("segue-refusal")), (403, "wrong-edge-secret"));
}

/// A token that a CDN leaves in the path was nobody's to check, and its answer is its viewer's.
#[tokio::test]
async fn a_token_in_the_path_is_checked_for_pullers_too() {
    let (one, _, both) = secrets();
    let edge = Running::start_pulled(None, both).await;
    edge.store(SEGMENT, "sound").await;
    let header = format!("Segue-Edge-Secret: {one}\r\n");
    let ask = async |token: &str| {
        let path = format!("/t/{token}/{FOLDER}/{SEGMENT}");
        let answer = send(edge.address, "GET", &path, &header).await;
        (answer.status, answer.header("cache-control").to_owned())
    };
    assert_eq!(ask(&edge.token(320)).await, (200, PERSONAL.to_owned()));
    assert_eq!(ask(&edge.token(64)).await, (403, "no-store".to_owned()));
    assert_eq!(ask("x").await, (403, "no-store".to_owned()));
}

#[tokio::test]
async fn a_puller_gets_songs_and_nothing_else() {
    let (one, _, both) = secrets();
    let edge = Running::start_pulled(None, both).await;
    edge.store.store(&format!("masters/{}", "ab".repeat(32)), "a master").await;
    let header = format!("Segue-Edge-Secret: {one}\r\n");
    for (path, status) in [
        (format!("/{FOLDER}/no-such-file"), 404),
        (format!("/{FOLDER}/../../x"), 403),
        (format!("/{FOLDER}/%2e%2e/x"), 403),
        (format!("/masters/{}", "ab".repeat(32)), 418),
        (format!("/t//masters/{}", "ab".repeat(32)), 401),
    ] {
        assert_eq!(send(edge.address, "GET", &path, &header).await.status, status, "{path}");
    }
}

/// Somebody who vouches, with a leaf for a server and one for a client.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// A certificate and its key, PEM.
    fn leaf(&self) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let leaf = params.signed_by(&key, &self.0).expect("a certificate");
        (leaf.pem(), key.serialize_pem())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }
}

fn client(server: &Authority, own: Option<(String, String)>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(server.0.der().clone()).expect("a certificate");
    let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let config = match own {
        None => config.with_no_client_auth(),
        Some((chain, key)) => {
            let chain = rustls::pki_types::CertificateDer::from_pem_slice(chain.as_bytes());
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
            config.with_client_auth_cert(vec![chain.expect("a certificate")], key).expect("a pair")
        }
    };
    TlsConnector::from(Arc::new(config))
}

async fn fetch(edge: &Running, client: &TlsConnector, path: &str) -> std::io::Result<Answer> {
    let stream = TcpStream::connect(edge.address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    exchange(client.connect(name, stream).await?, "GET", path, "").await
}

#[tokio::test]
async fn who_is_vouched_for_needs_no_token() {
    let (server, pullers, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let (chain, key) = server.leaf();
    let vouched = pullers.pem();
    let pem = |authorities: &'static str| Pem {
        chain: chain.as_bytes(),
        key: key.as_bytes(),
        client_authorities: Some(authorities.as_bytes()),
    };
    let tls = Tls::new(&pem(vouched.clone().leak())).expect("usable");
    let edge = Running::start_pulled(Some(tls.clone()), PullSecrets::default()).await;
    edge.store(SEGMENT, "sound").await;
    let (plain, signed) =
        (format!("/{FOLDER}/{SEGMENT}"), format!("/t/{}/{FOLDER}/{SEGMENT}", edge.token(320)));

    let puller = client(&server, Some(pullers.leaf()));
    let answer = fetch(&edge, &puller, &plain).await.expect("an answer");
    assert_eq!((answer.status, answer.header("cache-control")), (200, PUBLIC));

    let viewer = client(&server, None);
    let answer = fetch(&edge, &viewer, &plain).await.expect("an answer");
    assert_eq!((answer.status, answer.header("segue-refusal")), (401, "missing"));
    let answer = fetch(&edge, &viewer, &signed).await.expect("an answer");
    assert_eq!((answer.status, answer.header("cache-control")), (200, PERSONAL));

    let stranger = client(&server, Some(strangers.leaf()));
    assert!(fetch(&edge, &stranger, &signed).await.is_err(), "no connection at all");

    // Others are vouched for: the first one's session, which its client would resume, is of no use.
    tls.replace(&pem(strangers.pem().leak())).expect("usable");
    assert!(fetch(&edge, &puller, &plain).await.is_err());
    let answer = fetch(&edge, &stranger, &plain).await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"sound"[..]));
}

#[test]
fn authorities_that_are_none_are_refused() {
    let (chain, key) = Authority::new().leaf();
    for wrong in ["", "nothing", &key] {
        let authorities = Some(wrong.as_bytes());
        let pem =
            Pem { chain: chain.as_bytes(), key: key.as_bytes(), client_authorities: authorities };
        let said = Tls::new(&pem).expect_err(wrong).to_string();
        assert!(said.contains("client authorities"), "{said}");
    }
}
