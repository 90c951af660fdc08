//! Conditional requests (RFC 9110 13): an entity tag is the number of a version in quotes.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;

/// The entity tag of a version.
pub(crate) fn tag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).expect("digits and quotes are ASCII")
}

/// The version of what a change has made, as a header.
pub(crate) fn told(version: u64) -> [(HeaderName, HeaderValue); 1] {
    [(ETAG, tag(version))]
}

/// The versions on which a request insists, if it does.
pub(crate) struct Wanted(pub(crate) Option<Vec<u64>>);

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(wanted(&parts.headers)))
    }
}

/// The versions on which the request insists: any where it does not (RFC 9110 13.1.1). Tags are compared strongly, so
/// weak ones name no version.
pub(crate) fn wanted(headers: &HeaderMap) -> Option<Vec<u64>> {
    if !headers.contains_key(IF_MATCH) || tags(headers, &IF_MATCH).any(|tag| tag == "*") {
        return None;
    }
    Some(tags(headers, &IF_MATCH).filter_map(version).collect())
}

/// Whether the caller has that version already (RFC 9110 13.1.2). Tags are compared weakly.
pub(crate) fn has(headers: &HeaderMap, version_now: u64) -> bool {
    let mut tags = tags(headers, &IF_NONE_MATCH);
    tags.any(|tag| {
        tag == "*" || version(tag.strip_prefix("W/").unwrap_or(tag)) == Some(version_now)
    })
}

fn tags<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn version(tag: &str) -> Option<u64> {
    tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn if_match_is_strong_and_if_none_match_weak() {
        assert_eq!(wanted(&HeaderMap::new()), None);
        for (value, versions) in [
            ("*", None),
            ("\"3\"", Some(vec![3])),
            ("\"3\", \"4\"", Some(vec![3, 4])),
            ("W/\"3\"", Some(vec![])),
            ("nonsense", Some(vec![])),
        ] {
            assert_eq!(wanted(&headers(IF_MATCH, value)), versions, "{value}");
        }
        for (value, has_it) in [("\"3\"", true), ("W/\"3\"", true), ("*", true), ("\"4\"", false)] {
            assert_eq!(has(&headers(IF_NONE_MATCH, value), 3), has_it, "{value}");
        }
        assert!(!has(&HeaderMap::new(), 3));
    }
}
