//! The same edge over TLS, with a certificate made for the test.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use segue_delivery::{Limits, Tls};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::answer::exchange;
use crate::site::{FOLDER, Running};

fn client(
    certificate: &rcgen::Certificate,
    versions: &[&'static SupportedProtocolVersion],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a certificate");
    let mut config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_protocol_versions(versions)
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
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
        let stream =
            client(&made.cert, &[offered]).connect(name, stream).await.expect("a handshake");
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(version));
        assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
        let answer = exchange(stream, "GET", &path, "").await.expect("an answer");
        assert_eq!((answer.status, answer.body.len()), (200, 100_000));
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
