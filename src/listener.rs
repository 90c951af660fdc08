//! Who may connect where and how: the settings of the listeners that every serving role has.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use delivery::tls::Pem;
use delivery::{PullSecrets, Tls, TlsFiles};
use service::config::{ConfigError, Key, Said};
use tokio::net::TcpListener;

pub(crate) const ADDRESS: &str =
    "an IP address and a port, such as 127.0.0.1:8080 (port 0 takes a free one)";
const LISTEN: Key = Key::new("listen", ADDRESS);
pub(crate) const ADMIN_LISTEN: Key = Key::new("admin_listen", ADDRESS);
const TLS_CERT: Key = Key::new("tls_cert", "a PEM file with the certificate chain, leaf first");
const TLS_KEY: Key = Key::new("tls_key", "a PEM file with the private key");
const TLS_CLIENT_CA: Key =
    Key::new("tls_client_ca", "a PEM file with the certificates that vouch for CDNs and edges");
const EDGE_SECRET: Key = Key::secret(
    "edge_secret",
    "32 to 256 visible ASCII characters; several, while they are rotated, on a line each",
);

/// What a role's list of keys must contain.
pub(crate) const KEYS: [Key; 6] =
    [LISTEN, ADMIN_LISTEN, TLS_CERT, TLS_KEY, TLS_CLIENT_CA, EDGE_SECRET];

/// The flags of the listeners.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ListenerArgs {
    /// Where players connect [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where /healthz, /readyz and /metrics are [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<String>,
    /// Certificate chain for TLS, in PEM; read again when it changes
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// Its private key, in PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// Who vouches for CDNs and edges that fetch without tokens (mTLS), in PEM; others need no certificate.
    /// Without mTLS, they send SEGUE_EDGE_SECRET as the header Segue-Edge-Secret
    #[arg(long, value_name = "FILE")]
    tls_client_ca: Option<String>,
}

impl ListenerArgs {
    pub(crate) fn flags(self) -> [(&'static str, Option<String>); 5] {
        [
            (LISTEN.name, self.listen),
            (ADMIN_LISTEN.name, self.admin_listen),
            (TLS_CERT.name, self.tls_cert),
            (TLS_KEY.name, self.tls_key),
            (TLS_CLIENT_CA.name, self.tls_client_ca),
        ]
    }

    /// With a certificate and perhaps no key: what tests refuse.
    #[cfg(test)]
    pub(crate) fn with_certificate(file: &str) -> Self {
        Self { tls_cert: Some(file.to_owned()), ..Self::default() }
    }
}

/// What the listeners will do.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) listen: SocketAddr,
    pub(crate) admin_listen: SocketAddr,
    /// In the clear without.
    pub(crate) tls_files: Option<TlsFiles>,
    /// Who fetches without tokens.
    pub(crate) pulls: PullSecrets,
}

impl Listener {
    /// Checks what was said.
    pub(crate) fn decide(said: &Said) -> Result<Self, ConfigError> {
        let client_authorities: Option<PathBuf> = said.get(&TLS_CLIENT_CA)?;
        let tls_files = match (said.get(&TLS_CERT)?, said.get(&TLS_KEY)?) {
            (Some(chain), Some(key)) => Some(TlsFiles { chain, key, client_authorities }),
            (None, None) if client_authorities.is_none() => None,
            (None, None) => {
                let without = "tls_client_ca needs TLS: set tls_cert and tls_key, too";
                return Err(ConfigError::Conflict(without.to_owned()));
            }
            _ => {
                let both = "TLS needs both tls_cert and tls_key; set both or neither";
                return Err(ConfigError::Conflict(both.to_owned()));
            }
        };
        Ok(Self {
            listen: said.get(&LISTEN)?.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            admin_listen: said
                .get(&ADMIN_LISTEN)?
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 9090))),
            tls_files,
            pulls: said.get(&EDGE_SECRET)?.unwrap_or_default(),
        })
    }

    /// The files of TLS, read.
    pub(crate) fn tls(&self) -> anyhow::Result<Option<Tls>> {
        let Some(TlsFiles { chain, key, client_authorities }) = &self.tls_files else {
            return Ok(None);
        };
        let read = |path: &Path| {
            fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
        };
        let authorities = client_authorities.as_deref().map(read).transpose()?;
        let pem = Pem {
            chain: &read(chain)?,
            key: &read(key)?,
            client_authorities: authorities.as_deref(),
        };
        let tls = Tls::new(&pem).with_context(|| {
            format!("{} and {} cannot be used for TLS", chain.display(), key.display())
        })?;
        Ok(Some(tls))
    }

    /// Both listeners, open: the public one first.
    pub(crate) async fn open(&self) -> anyhow::Result<(TcpListener, TcpListener)> {
        let public = listen(LISTEN, self.listen).await?;
        Ok((public, listen(ADMIN_LISTEN, self.admin_listen).await?))
    }

    /// How a browser on this machine reaches the public listener: one that takes all addresses is reached
    /// by name.
    pub(crate) fn url_of(&self, listener: &TcpListener) -> anyhow::Result<String> {
        let address = listener.local_addr().context("the listener has no address")?;
        let scheme = if self.tls_files.is_some() { "https" } else { "http" };
        Ok(url(scheme, address))
    }
}

/// How an address is reached from this machine.
pub(crate) fn url(scheme: &str, address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("{scheme}://localhost:{}", address.port())
    } else {
        format!("{scheme}://{address}")
    }
}

/// A listener on `address`, which `key` names.
pub(crate) async fn listen(key: Key, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address} ({})", key.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_reached_by_name() {
        let url = |address: &str| url("http", address.parse().expect("an address"));
        assert_eq!(url("0.0.0.0:80"), "http://localhost:80");
        assert_eq!(url("[::1]:80"), "http://[::1]:80");
    }
}
