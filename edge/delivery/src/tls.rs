//! TLS 1.3 and 1.2 (RFC 8446, RFC 5246) on rustls.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{CipherSuite, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use service::Reload;
use tokio_rustls::TlsAcceptor;

use crate::watched;

/// What a TLS listener shows to its clients. Cloning shares it, what it is replaced by included.
#[derive(Clone)]
pub struct Tls(Arc<RwLock<Arc<ServerConfig>>>);

/// What a listener shows and whom it knows, all of it PEM.
#[derive(Clone, Copy)]
pub struct Pem<'a> {
    /// The certificate chain, leaf first.
    pub chain: &'a [u8],
    /// Its private key.
    pub key: &'a [u8],
    /// Who vouches for pullers (mTLS). A client without a certificate is as welcome as before; one with a
    /// certificate that none of these signed gets no connection.
    pub client_authorities: Option<&'a [u8]>,
}

/// The files that a listener's TLS is read from, all of them PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain, leaf first.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Who vouches for pullers; see [`Pem::client_authorities`].
    pub client_authorities: Option<PathBuf>,
}

impl TlsFiles {
    /// Gives `tls` what the files hold, whenever that changes or it is asked for. What cannot be used changes
    /// nothing, and a line says so. It ends with whoever drops it.
    pub async fn follow(self, tls: Tls, reload: Reload) {
        let files: Vec<PathBuf> =
            [self.chain, self.key].into_iter().chain(self.client_authorities).collect();
        let apply = |contents: &[Vec<u8>]| {
            let at = |index: usize| contents.get(index).map(Vec::as_slice);
            let (chain, key) = (at(0).unwrap_or_default(), at(1).unwrap_or_default());
            tls.replace(&Pem { chain, key, client_authorities: at(2) })
        };
        watched::follow("the certificate", &files, reload, apply).await;
    }
}

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
    /// The authorities are not PEM.
    #[error("the file of client authorities is not PEM: {0}")]
    Authorities(#[source] rustls_pki_types::pem::Error),
    /// Nobody could be known by them.
    #[error("the file of client authorities holds no certificate that can vouch: {0}")]
    NoAuthority(#[from] VerifierBuilderError),
}

impl Tls {
    /// Reads a certificate chain (leaf first) and its private key, both PEM.
    ///
    /// # Errors
    /// Where one of them is no PEM, or the two don't fit.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, UnusableCertificate> {
        Self::new(&Pem { chain, key, client_authorities: None })
    }

    /// Reads what a listener shows and whom it knows.
    ///
    /// # Errors
    /// Where one of them is no PEM, or certificate and key don't fit.
    pub fn new(pem: &Pem<'_>) -> Result<Self, UnusableCertificate> {
        Ok(Self(Arc::new(RwLock::new(configured(pem)?.into()))))
    }

    /// Shows something else from the next handshake on. Nobody resumes a session from before, so a
    /// client that is vouched for no more has to be.
    ///
    /// # Errors
    /// As [`Tls::new`]; what was shown before stays.
    pub fn replace(&self, pem: &Pem<'_>) -> Result<(), UnusableCertificate> {
        let config = configured(pem)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config.into();
        Ok(())
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

fn configured(pem: &Pem<'_>) -> Result<ServerConfig, UnusableCertificate> {
    let chain = certificates(pem.chain).map_err(UnusableCertificate::Chain)?;
    let key = PrivateKeyDer::from_pem_slice(pem.key).map_err(UnusableCertificate::Key)?;
    // Named rather than the process's default, which nobody may have set.
    let provider = Arc::new(provider());
    let clients = clients(pem.client_authorities, &provider)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)?;
    config.ignore_client_order = true;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// AES-128-GCM first: of what is safe it costs the least on machines that have AES in hardware.
fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| match suite.suite() {
        CipherSuite::TLS13_AES_128_GCM_SHA256
        | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => 0,
        _ => 1,
    });
    provider
}

fn clients(
    authorities: Option<&[u8]>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, UnusableCertificate> {
    let Some(pem) = authorities else { return Ok(WebPkiClientVerifier::no_client_auth()) };
    let mut roots = RootCertStore::empty();
    for authority in certificates(pem).map_err(UnusableCertificate::Authorities)? {
        roots.add(authority)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    Ok(verifier.allow_unauthenticated().build()?)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, rustls_pki_types::pem::Error> {
    CertificateDer::pem_slice_iter(pem).collect()
}

/// Shows nothing of the key.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
