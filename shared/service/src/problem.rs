//! Problem documents (RFC 9457): how every HTTP refusal is told.

use std::borrow::Cow;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

/// The media type of a problem document (RFC 9457 3).
pub const CONTENT_TYPE_PROBLEM: &str = "application/problem+json";

/// A refusal: what kind it is, a sentence that a person understands, and the field it is about.
///
/// As a response it also stands in the response's extensions, so that the layer that knows the
/// request's id can write it again with [`Problem::with_request_id`].
#[derive(Debug, Clone)]
pub struct Problem(Box<Document>);

/// Boxed, since problems are the `Err` of small results.
#[derive(Debug, Clone, Serialize)]
struct Document {
    #[serde(rename = "type")]
    kind: String,
    title: Cow<'static, str>,
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip)]
    headers: HeaderMap,
}

impl Problem {
    /// A problem of the stable kind `urn:segue:problem:{slug}`, titled by its status.
    #[must_use]
    pub fn new(status: StatusCode, slug: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Document {
            kind: format!("urn:segue:problem:{slug}"),
            title: Cow::Borrowed(status.canonical_reason().unwrap_or("Error")),
            status,
            detail: detail.into(),
            field: None,
            request_id: None,
            headers: HeaderMap::new(),
        }))
    }

    /// A field of the request that cannot be used: 422.
    #[must_use]
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-field", detail);
        problem.0.field = Some(field.into());
        problem
    }

    /// Something that is our fault. The log has the reason, the client never sees it.
    #[must_use]
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %chain(error), "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side. The request id leads to the reason in the log.",
        )
    }

    /// The problem with a response header of its own, such as `WWW-Authenticate`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The problem with the id under which the request is logged.
    #[must_use]
    pub fn with_request_id(mut self, id: &str) -> Self {
        self.0.request_id = Some(id.to_owned());
        self
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.0).expect("strings and numbers are always JSON");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.0.status;
        response.headers_mut().extend(self.0.headers.clone());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE_PROBLEM));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(self);
        response
    }
}

fn as_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

/// An error and its sources in one line, for the log.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        line = format!("{line}: {error}");
        source = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_problem_names_kind_status_field_and_request() {
        let problem = Problem::field("release_year", "accepted is a year from 1860 to 2100");
        let response = problem.with_request_id("r1").into_response();
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()[CONTENT_TYPE], CONTENT_TYPE_PROBLEM);
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:segue:problem:invalid-field",
                "title": "Unprocessable Entity",
                "status": 422,
                "detail": "accepted is a year from 1860 to 2100",
                "field": "release_year",
                "request_id": "r1",
            })
        );
    }

    #[tokio::test]
    async fn internal_text_does_not_leak() {
        let error = std::io::Error::other("secret path");
        let body = Problem::internal(&error).into_response().into_body();
        let bytes = body.collect().await.expect("a body").to_bytes();
        assert!(!String::from_utf8_lossy(&bytes).contains("secret"));
    }
}
