//! What an operator decides about the API.

use axum::http::HeaderName;

use crate::public_url::PublicUrl;

/// What an operator decides about the API.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the outside reaches the edge.
    pub public_url: PublicUrl,
    /// The header of requests that says from which country they come (ISO 3166-1 alpha-2): whoever stands before this
    /// process sets it, and lets nobody else set it.
    pub country_header: Option<HeaderName>,
}

impl Options {
    /// What nobody decided otherwise, at `public_url`.
    #[must_use]
    pub fn at(public_url: PublicUrl) -> Self {
        Self { public_url, country_header: None }
    }
}
