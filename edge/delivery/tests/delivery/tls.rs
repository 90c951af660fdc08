//! The same edge over TLS, with a certificate made for the test.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{CipherSuite, ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use segue_delivery::{Limits, Tls};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::answer::exchange;
use crate::site::{FOLDER, Running};

fn client(
    certificate: &rcgen::Certificate,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&[u8]],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a certificate");
    let mut config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_protocol_versions(versions)
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn tls_1_3_and_1_2() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let tls =
        Tls::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes())
            .expect("a certificate and its key");
    let edge = Running::start_with(Some(tls), Limits::default()).await;
    edge.store("ogg/64.ogg", vec![7; 100_000]).await;
    let path = format!("/t/{}/{FOLDER}/ogg/64.ogg", edge.token(64));
    for (version, offered) in [
        (ProtocolVersion::TLSv1_3, &rustls::version::TLS13),
        (ProtocolVersion::TLSv1_2, &rustls::version::TLS12),
    ] {
        let stream = TcpStream::connect(edge.address).await.expect("a connection");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = client(&made.cert, &[offered], &[b"http/1.1"]).connect(name, stream).await;
        let stream = stream.expect("a handshake");
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(version));
        assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
        let answer = exchange(stream, "GET", &path, "").await.expect("an answer");
        assert_eq!((answer.status, answer.body.len()), (200, 100_000));
    }
}

#[tokio::test]
async fn alpn_settles_on_http_2_and_the_suite_is_ours_to_choose() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let tls =
        Tls::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes())
            .expect("a certificate and its key");
    let edge = Running::start_with(Some(tls), Limits::default()).await;
    for (version, suite) in [
        (&rustls::version::TLS13, CipherSuite::TLS13_AES_128_GCM_SHA256),
        (&rustls::version::TLS12, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ] {
        for (offered, expected) in [
            (&[&b"http/1.1"[..], b"h2"][..], Some(&b"h2"[..])),
            (&[b"http/1.1"], Some(b"http/1.1")),
            (&[], None),
        ] {
            let stream = TcpStream::connect(edge.address).await.expect("a connection");
            let name = ServerName::try_from("localhost").expect("a name");
            let stream = client(&made.cert, &[version], offered).connect(name, stream).await;
            let stream = stream.expect("a handshake");
            let session = stream.get_ref().1;
            assert_eq!(session.alpn_protocol(), expected);
            assert_eq!(session.negotiated_cipher_suite().map(|it| it.suite()), Some(suite));
        }
        let stream = TcpStream::connect(edge.address).await.expect("a connection");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = client(&made.cert, &[version], &[b"spdy/3"]).connect(name, stream).await;
        assert!(stream.is_err(), "nothing in common (RFC 7301 3.2)");
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let make = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let (one, other) = (make(), make());
    let (chain, key) = (one.cert.pem(), other.signing_key.serialize_pem());
    assert!(Tls::from_pem(chain.as_bytes(), key.as_bytes()).is_err());
    assert!(Tls::from_pem(chain.as_bytes(), b"nothing").is_err());
    assert!(Tls::from_pem(b"nothing", key.as_bytes()).is_err());
}
