//! Whom hooks tell, and how each wants to be told: from a batch to HTTP requests, without sending them.

pub mod akamai;
pub mod bunny;
pub mod cloudflare;
pub mod cloudfront;
pub mod fastly;
pub mod node;
pub mod webhook;

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{Method, Request, Uri};
use origin::Object;
use serde_json::Value;

use crate::batch::Batch;
use crate::secret::SecretError;

pub use akamai::Akamai;
pub use bunny::Bunny;
pub use cloudflare::Cloudflare;
pub use cloudfront::CloudFront;
pub use fastly::Fastly;
pub use node::Node;
pub use webhook::Webhook;

/// What a batch comes to.
pub type Requests = Vec<Request<Bytes>>;

/// Why a target cannot be told of a batch at all.
#[derive(Debug, thiserror::Error)]
pub enum Unable {
    /// What it proves itself with is missing or wrong.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It has no way to do that, or was not told how.
    #[error("{0}")]
    Cannot(&'static str),
    /// What was configured or named is no HTTP.
    #[error("no request can be made of it")]
    Http(#[from] http::Error),
    /// AWS's signature could not be made.
    #[error("the request cannot be signed")]
    Signing,
}

/// Somebody who keeps what we serve, or wants to know what is not to be kept.
#[derive(Debug, Clone)]
pub enum Target {
    /// Fastly.
    Fastly(Fastly),
    /// Cloudflare.
    Cloudflare(Cloudflare),
    /// Amazon CloudFront.
    CloudFront(CloudFront),
    /// Akamai.
    Akamai(Akamai),
    /// bunny.net.
    Bunny(Bunny),
    /// A node of `infra/cdn`: Varnish or nginx.
    Node(Node),
    /// Whoever takes a webhook.
    Webhook(Webhook),
}

impl Target {
    /// The requests that tell it, to be sent in their order.
    ///
    /// # Errors
    /// [`Unable`]: none of it can be told.
    pub fn requests(&self, batch: &Batch, now: SystemTime) -> Result<Requests, Unable> {
        match self {
            Self::Fastly(fastly) => fastly.requests(batch),
            Self::Cloudflare(cloudflare) => cloudflare.requests(batch),
            Self::CloudFront(cloudfront) => cloudfront.requests(batch, now),
            Self::Akamai(akamai) => akamai.requests(batch, now),
            Self::Bunny(bunny) => bunny.requests(batch),
            Self::Node(node) => node.requests(batch),
            Self::Webhook(webhook) => webhook.requests(batch, now),
        }
    }

    /// How many purges it is told of at once.
    #[must_use]
    pub fn at_once(&self) -> u32 {
        match self {
            // A webhook's message is one event, with the event's id.
            Self::Webhook(_) => 1,
            // So many wildcards may be under way at a time.
            Self::CloudFront(_) => 15,
            // It takes a request for each key.
            Self::Bunny(_) => 16,
            _ => 256,
        }
    }

    /// Whether it must know the [folders](Batch::found) of a batch's keys.
    #[must_use]
    pub fn knows_paths_alone(&self) -> bool {
        matches!(self, Self::CloudFront(_))
    }

    /// Whether an answer with a good status says that it went wrong.
    #[must_use]
    pub fn denies(&self, body: &[u8]) -> bool {
        match self {
            Self::Cloudflare(_) => cloudflare::denies(body),
            _ => false,
        }
    }

    /// Whether its secret is there and of the right kind.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&self) -> Result<(), SecretError> {
        match self {
            Self::Fastly(Fastly { token, .. }) | Self::Cloudflare(Cloudflare { token, .. }) => {
                token.token().map(drop)
            }
            Self::Bunny(Bunny { access_key, .. }) => access_key.token().map(drop),
            Self::Node(Node { secret, .. }) => secret.token().map(drop),
            Self::CloudFront(cloudfront) => cloudfront.credentials().map(drop),
            Self::Akamai(akamai) => akamai.credentials().map(drop),
            Self::Webhook(webhook) => webhook.keys().map(drop),
        }
    }
}

/// A POST of JSON. `header` proves who asks.
fn post_json(
    url: impl AsRef<str>,
    (name, value): (HeaderName, &str),
    body: &Value,
) -> Result<Request<Bytes>, http::Error> {
    Request::builder()
        .method(Method::POST)
        .uri(url.as_ref())
        .header(name, value)
        .header(CONTENT_TYPE, "application/json")
        .body(Bytes::from(body.to_string()))
}

/// An API's URL and a path below it.
fn below(api: &Uri, path: &str) -> String {
    format!("{}{path}", api.to_string().trim_end_matches('/'))
}

/// The URL of an object on the site that viewers see.
fn on_site(site: Option<&Uri>, object: &Object) -> Result<String, Unable> {
    let site = site.ok_or(Unable::Cannot(
        "what has no surrogate key, such as a cover, is purged by its URL, for which the hook's site must be set",
    ))?;
    Ok(below(site, &format!("/{object}")))
}
