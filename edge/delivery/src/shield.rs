//! Another edge as an origin: the other end of [`pull`](crate::pull).

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use object_store::http::HttpBuilder;
use object_store::{Certificate, ClientOptions, ObjectStore, RetryConfig};

use crate::pull::EDGE_SECRET;

/// How long a shield may take to accept a connection: one that is down must not hold up its followers.
const CONNECT: Duration = Duration::from_secs(1);

/// Another edge, which this one asks before the origin.
#[derive(Clone)]
pub struct Shield<'a> {
    /// Where it is: `https://shield.example`.
    pub url: &'a str,
    /// What it knows us by, one of its [`PullSecrets`](crate::PullSecrets).
    pub secret: &'a str,
    /// A certificate in PEM that signs its own, where no public authority does.
    pub authority: Option<&'a [u8]>,
}

/// A shield that can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum UnusableShield {
    /// The secret can't stand in a header.
    #[error("the shield's secret is not visible ASCII")]
    Secret,
    /// The URL or the authority is none.
    #[error("the shield needs an http:// or https:// URL, and an authority in PEM if any: {0}")]
    Settings(#[from] object_store::Error),
}

impl Shield<'_> {
    /// The shield as a store, for [`cache::Cache::behind`]. It tries nothing twice and bounds no body: the
    /// cache does both.
    ///
    /// # Errors
    /// [`UnusableShield`] where it could never be asked.
    pub fn store(&self) -> Result<Arc<dyn ObjectStore>, UnusableShield> {
        let mut secret = HeaderValue::from_str(self.secret).map_err(|_| UnusableShield::Secret)?;
        secret.set_sensitive(true);
        let mut options = ClientOptions::new()
            .with_default_headers(HeaderMap::from_iter([(EDGE_SECRET, secret)]))
            .with_allow_http(true)
            .with_allow_http2()
            .with_connect_timeout(CONNECT)
            .with_timeout_disabled();
        if let Some(pem) = self.authority {
            options = options.with_root_certificate(Certificate::from_pem(pem)?);
        }
        let once = RetryConfig { max_retries: 0, ..RetryConfig::default() };
        let builder = HttpBuilder::new().with_url(self.url).with_client_options(options);
        Ok(Arc::new(builder.with_retry(once).build()?))
    }
}
