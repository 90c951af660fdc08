//! If-None-Match and If-Range (RFC 9110 13).

use http::HeaderMap;
use http::header::{IF_NONE_MATCH, IF_RANGE};

/// Whether the client already holds the representation `etag`: weak comparison (RFC 9110 13.1.2).
pub(crate) fn is_held(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == etag)
}

/// Whether a Range header counts: there is no If-Range, or it names `etag` by strong comparison
/// (RFC 9110 13.1.5). We state no Last-Modified, so a date never holds.
pub(crate) fn range_holds(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(IF_RANGE).is_none_or(|value| value.as_bytes() == etag.as_bytes())
}
