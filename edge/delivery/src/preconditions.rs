//! If-Match, If-None-Match and If-Range (RFC 9110 13). The dated ones are ignored, as the RFC asks of those who
//! state no Last-Modified.

use http::HeaderMap;
use http::HeaderName;
use http::header::{IF_MATCH, IF_NONE_MATCH, IF_RANGE};

/// Whether the client does not insist on another representation than `etag`: strong comparison (RFC 9110 13.1.1).
pub(crate) fn is_wanted(headers: &HeaderMap, etag: &str) -> bool {
    !headers.contains_key(IF_MATCH) || listed(headers, IF_MATCH).any(|it| it == "*" || it == etag)
}

/// Whether the client already holds the representation `etag`: weak comparison (RFC 9110 13.1.2).
pub(crate) fn is_held(headers: &HeaderMap, etag: &str) -> bool {
    let opaque = |held: &str| held.strip_prefix("W/").unwrap_or(held) == etag;
    listed(headers, IF_NONE_MATCH).any(|held| held == "*" || opaque(held))
}

/// The members of a list of tags. Ours have no commas, so one that has is none of ours, however it is cut.
fn listed(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).map(str::trim)
}

/// Whether a Range header counts: there is no If-Range, or it names `etag` by strong comparison
/// (RFC 9110 13.1.5). We state no Last-Modified, so a date never holds.
pub(crate) fn range_holds(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(IF_RANGE).is_none_or(|value| value.as_bytes() == etag.as_bytes())
}
