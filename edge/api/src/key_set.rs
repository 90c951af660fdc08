//! The public keys that edges are to believe, where edges and CDNs poll for them (RFC 7517 8.5.2).

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

use crate::api::Api;

/// As long as this, an edge may believe a key that was taken away, and not know one that was added.
const FRESH: &str = "public, max-age=300";

/// The public keys that edges are to believe (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "edges",
    responses((status = 200, description = "A JWKS.", body = Object, content_type = "application/jwk-set+json")))]
pub(crate) async fn show(State(api): State<Api>) -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, FRESH)];
    (headers, api.key_set().clone())
}
