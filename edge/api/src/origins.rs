//! Whose web pages may call the API from a browser (the Fetch standard's CORS).

use std::str::FromStr;
use std::time::Duration;

use axum::http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION,
    RETRY_AFTER,
};
use axum::http::{Method, Uri};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::idempotency::{IDEMPOTENCY_KEY, REPLAYED};
use crate::rates::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::request_id::REQUEST_ID;

/// How long a browser need not ask again. Chromium believes no more than two hours.
const REMEMBERED: Duration = Duration::from_secs(2 * 60 * 60);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

const ASKED_WITH: [HeaderName; 6] =
    [AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH, IDEMPOTENCY_KEY, LAST_EVENT_ID];

const TOLD: [HeaderName; 7] =
    [ETAG, LOCATION, RETRY_AFTER, REQUEST_ID, RATE_LIMIT, RATE_LIMIT_POLICY, REPLAYED];

/// What uploads in pieces are asked for with, beside the rest (tus 1.0).
const OF_UPLOADS: [HeaderName; 7] = [
    HeaderName::from_static("tus-resumable"),
    HeaderName::from_static("upload-length"),
    HeaderName::from_static("upload-offset"),
    HeaderName::from_static("upload-metadata"),
    HeaderName::from_static("upload-checksum"),
    HeaderName::from_static("upload-concat"),
    HeaderName::from_static("x-http-method-override"),
];

/// What is told of them.
const TOLD_OF_UPLOADS: [HeaderName; 11] = [
    HeaderName::from_static("segue-song"),
    HeaderName::from_static("tus-checksum-algorithm"),
    HeaderName::from_static("tus-extension"),
    HeaderName::from_static("tus-max-size"),
    HeaderName::from_static("tus-resumable"),
    HeaderName::from_static("tus-version"),
    HeaderName::from_static("upload-concat"),
    HeaderName::from_static("upload-expires"),
    HeaderName::from_static("upload-length"),
    HeaderName::from_static("upload-metadata"),
    HeaderName::from_static("upload-offset"),
];

/// The origins whose pages may call the API: with tokens, never with cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Everybody's.
    All,
    /// Those.
    These(Vec<HeaderValue>),
}

/// Not a list of origins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an origin such as https://music.example")]
pub struct InvalidOrigin(String);

impl FromStr for Origins {
    type Err = InvalidOrigin;

    /// `*`, or origins as browsers send them, with commas between them.
    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        if text.trim() == "*" {
            return Ok(Self::All);
        }
        text.split(',').map(str::trim).map(origin).collect::<Result<_, _>>().map(Self::These)
    }
}

/// Scheme, host and perhaps a port (RFC 6454 6.2): what is compared is its bytes.
fn origin(text: &str) -> Result<HeaderValue, InvalidOrigin> {
    let invalid = || InvalidOrigin(text.to_owned());
    let uri: Uri = text.parse().map_err(|_| invalid())?;
    let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme));
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
    let (scheme, authority) = scheme.zip(authority).ok_or_else(invalid)?;
    let bare = text == format!("{scheme}://{authority}");
    let lower = !text.contains(|c: char| c.is_ascii_uppercase());
    let value = HeaderValue::from_str(text).ok().filter(|_| bare && lower);
    value.ok_or_else(invalid)
}

impl Origins {
    /// Answers preflights, and says on every answer whose pages may read it.
    pub(crate) fn layer(&self) -> CorsLayer {
        let origins = match self {
            Self::All => AllowOrigin::any(),
            Self::These(origins) => AllowOrigin::list(origins.iter().cloned()),
        };
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ])
            .allow_headers(ASKED_WITH.into_iter().chain(OF_UPLOADS).collect::<Vec<_>>())
            .expose_headers(TOLD.into_iter().chain(TOLD_OF_UPLOADS).collect::<Vec<_>>())
            .max_age(REMEMBERED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_are_origins() {
        assert_eq!("*".parse(), Ok(Origins::All));
        let two: Origins = "https://a.example, http://localhost:5173".parse().expect("origins");
        let values = ["https://a.example", "http://localhost:5173"];
        assert_eq!(two, Origins::These(values.map(HeaderValue::from_static).to_vec()));
        for wrong in
            ["", "a.example", "https://a.example/", "https://A.example", "ftp://a", "null", "*, *"]
        {
            assert!(wrong.parse::<Origins>().is_err(), "{wrong}");
        }
    }
}
