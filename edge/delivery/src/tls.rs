//! TLS 1.3 and 1.2 (RFC 8446, RFC 5246) on rustls.

use std::fmt;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// What a TLS listener shows to its clients. Cloning shares it.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

/// Why a certificate and key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableCertificate {
    /// The chain is not PEM.
    #[error("the certificate file is not PEM: {0}")]
    Chain(#[source] rustls_pki_types::pem::Error),
    /// The key is not PEM.
    #[error("the key file holds no private key in PEM: {0}")]
    Key(#[source] rustls_pki_types::pem::Error),
    /// The two don't fit, or are of a kind that rustls can't use.
    #[error("the certificate and its key can't be used together: {0}")]
    Pair(#[from] rustls::Error),
}

impl Tls {
    /// Reads a certificate chain (leaf first) and its private key, both PEM.
    ///
    /// # Errors
    /// Where one of them is no PEM, or the two don't fit.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, UnusableCertificate> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(UnusableCertificate::Chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(UnusableCertificate::Key)?;
        // Named rather than the process's default, which nobody may have set.
        let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config).into()))
    }

    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.0
    }
}

/// Shows nothing of the key.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
