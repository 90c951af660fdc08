//! JSON bodies: what type they are of, how large, how slow, and what is wrong with them.

use std::time::Duration;

use axum::body::{self, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;
use service::Problem;
use tokio::time::timeout;

use crate::json_reader;

/// The most bytes of a JSON body.
pub(crate) const LARGEST: usize = 1_024 * 1_024;

/// How long a JSON body may take to arrive: whoever dawdles holds memory.
const TIME: Duration = Duration::from_secs(10);

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(not_json_type());
        }
        let json = parsed(&received(request.into_body()).await?)?;
        json_reader::read(&json).map(Self).map_err(json_reader::Wrong::told)
    }
}

/// The whole body, if it is not too large; where it says so itself, none of it is read.
pub(crate) async fn received(body: body::Body) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > LARGEST as u64 {
        return Err(too_large());
    }
    match timeout(TIME, body::to_bytes(body, LARGEST)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_large(&error) => Err(too_large()),
        Ok(Err(_)) => Err(cut_off()),
        Err(_) => Err(too_slow()),
    }
}

/// `application/json`, or what is built on it (RFC 6839 3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else {
        return false;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn parsed(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let what = match error.classify() {
            Category::Eof => "It ends too early".to_owned(),
            _ => format!("See line {}, column {}", error.line(), error.column()),
        };
        let detail = format!("The body is not JSON (RFC 8259). {what}.");
        Problem::new(StatusCode::BAD_REQUEST, "not-json", detail)
    })
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

fn not_json_type() -> Problem {
    let detail = "The body must be JSON, and its Content-Type application/json.";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
}

fn too_large() -> Problem {
    let detail = format!("The body is larger than {LARGEST} bytes, the most that is accepted.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
}

fn cut_off() -> Problem {
    let detail = "The body ended before all of it had arrived.";
    Problem::new(StatusCode::BAD_REQUEST, "unreadable-body", detail)
}

fn too_slow() -> Problem {
    let detail = format!("The body did not arrive within {} seconds.", TIME.as_secs());
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail)
}
