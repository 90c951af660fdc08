//! Which answers are sent compressed, to whoever takes gzip.

use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// Less than this fits into a packet or two anyhow.
const LEAST_BYTES: u16 = 1_024;

/// Compresses what is text and long enough.
pub(crate) fn layer() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().gzip(true).compress_when(SizeAbove::new(LEAST_BYTES).and(is_text))
}

/// A strong entity tag is of bytes, of which the compressed ones are others (RFC 9110 8.8.3.3): what has one is sent as it
/// is. So are events: each must go out when it happens.
fn is_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let text = ["application/json", "application/problem+json", "text/html", "text/css"];
    let script = ["text/javascript", "application/javascript", "image/svg+xml"];
    !headers.contains_key(ETAG) && (text.contains(&kind) || script.contains(&kind))
}
