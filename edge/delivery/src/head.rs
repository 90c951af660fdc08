//! Response heads.

use std::time::Duration;

use cache::{FillError, Source};
use http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, AGE, ALLOW,
    CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use origin::{Object, SongFile, SongFolder};

use crate::encoding::Encoding;
use crate::pull::Caller;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");
const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");
const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");
/// Akamai's; its tags have no colons.
const EDGE_CACHE_TAG: HeaderName = HeaderName::from_static("edge-cache-tag");
/// bunny.net's.
const CDN_TAG: HeaderName = HeaderName::from_static("cdn-tag");
const REFUSAL: HeaderName = HeaderName::from_static("segue-refusal");

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Age, Cache-Status, Content-Encoding, Content-Length, Content-Range, Date, ETag, \
     Repr-Digest, Retry-After, Segue-Refusal, Server-Timing",
);
/// What a player's script may send: conditions, and CMCD (CTA-5004 3.1).
const ASKED: HeaderValue = HeaderValue::from_static(
    "Range, If-Match, If-Range, If-None-Match, CMCD-Object, CMCD-Request, CMCD-Session, CMCD-Status",
);

/// What every answer carries, refusals included, so that a player's script can read it.
pub(crate) fn cors() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.insert(TIMING_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers
}

/// The answer to a preflight.
pub(crate) fn preflight() -> HeaderMap {
    let mut headers = cors();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ASKED);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    headers
}

/// The head of an answer that nobody may keep.
pub(crate) fn failure(status: StatusCode) -> HeaderMap {
    let mut headers = cors();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    match status {
        StatusCode::METHOD_NOT_ALLOWED => headers.insert(ALLOW, METHODS),
        // RFC 9110 15.5.2 wants a challenge; none of the registered schemes is a path prefix.
        StatusCode::UNAUTHORIZED => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("SignedURL realm=\"segue\""))
        }
        _ => None,
    };
    headers
}

/// The head of a refusal for a stable reason.
pub(crate) fn refusal(status: StatusCode, reason: &'static str) -> HeaderMap {
    let mut headers = failure(status);
    headers.insert(REFUSAL, HeaderValue::from_static(reason));
    headers
}

/// The status of a fill that came to nothing.
pub(crate) fn status_of(error: &FillError) -> StatusCode {
    match error {
        FillError::NotFound => StatusCode::NOT_FOUND,
        FillError::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
        FillError::Overloaded { .. } | FillError::Resting { .. } => StatusCode::SERVICE_UNAVAILABLE,
        FillError::Truncated { .. }
        | FillError::Changed
        | FillError::Corrupt
        | FillError::Refused(_)
        | FillError::Origin(_)
        | FillError::Lost => StatusCode::BAD_GATEWAY,
    }
}

/// The entity tag of a file in one encoding. It is strong (RFC 9110 8.8.1): a version is a hash of
/// all that decides the bytes, so version and file name them exactly; the size tells a repaired
/// object from a damaged one, and each encoding has its own tag. Compressing the same text with the same
/// build gives the same bytes.
pub(crate) fn etag(folder: &SongFolder, file: SongFile, size: u64, encoding: Encoding) -> String {
    format!("\"{}/{file}/{size:x}{}\"", folder.version, encoding.suffix())
}

/// How an object came out of the cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came {
    pub(crate) source: Source,
    /// How long the cache has had it.
    pub(crate) age: Duration,
    /// How long the request waited for it.
    pub(crate) waited: Duration,
}

/// What a 200, a 206 and a 304 have in common (RFC 9110 15.4.5).
pub(crate) fn object(
    folder: &SongFolder,
    file: SongFile,
    etag: &str,
    came: Option<Came>,
    caller: Caller,
) -> HeaderMap {
    let mut headers = cors();
    let policy = Object::Song(*folder, file).cache_policy();
    // A viewer's URL holds the viewer's secret; who pulls keeps answers for everybody that it lets pass.
    let policy = match caller {
        Caller::Anyone => policy.personal(),
        Caller::Puller => policy.stored(),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(policy));
    headers.insert(ETAG, text(etag));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(came) = came {
        headers.insert(AGE, HeaderValue::from(came.age.as_secs()));
        headers.insert(CACHE_STATUS, HeaderValue::from_static(cache_status(came.source)));
        headers.insert(SERVER_TIMING, server_timing(came.source, came.waited));
    }
    let keys = folder.surrogate_keys().map(|key| key.to_string());
    headers.insert(SURROGATE_KEY, text(&keys.join(" ")));
    let tags = keys.join(",");
    headers.insert(CACHE_TAG, text(&tags));
    if matches!(caller, Caller::Puller) {
        headers.insert(EDGE_CACHE_TAG, text(&tags.replace(':', "-")));
        headers.insert(CDN_TAG, text(&tags));
    }
    if file.is_text() {
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    headers
}

/// RFC 9211 2.
fn cache_status(source: Source) -> &'static str {
    match source {
        Source::Hit => "segue; hit",
        Source::Stale => "segue; hit; detail=stale",
        Source::Miss => "segue; fwd=miss; stored",
        Source::Collapsed => "segue; fwd=miss; collapsed",
    }
}

/// What of the time until the answer was the origin's, in milliseconds (Server Timing 2).
fn server_timing(source: Source, waited: Duration) -> HeaderValue {
    match source {
        Source::Hit => HeaderValue::from_static("cache;desc=hit"),
        Source::Stale => HeaderValue::from_static("cache;desc=stale"),
        Source::Miss | Source::Collapsed => {
            let said = if source == Source::Miss { "miss" } else { "collapsed" };
            let milliseconds = waited.as_micros() as f64 / 1_000.0;
            text(&format!("cache;desc={said}, origin;dur={milliseconds:.3}"))
        }
    }
}

/// A header of ids, numbers and file names.
pub(crate) fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("ids, numbers and file names are visible ASCII")
}
