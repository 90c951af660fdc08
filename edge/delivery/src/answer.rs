//! Answers that need no more than their reason, and what each answer came to.

use bytes::Bytes;
use cache::{FillError, Source};
use http::header::{CONTENT_RANGE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::body::Body;
use crate::head;
use crate::pull::Caller;
use crate::refused::Refused;

/// An answer, and how it came about.
pub(crate) struct Answer<B> {
    pub(crate) response: Response<Body<B>>,
    pub(crate) source: Option<Source>,
    pub(crate) refused: Option<Refused>,
}

impl<B> From<Response<Body<B>>> for Answer<B> {
    fn from(response: Response<Body<B>>) -> Self {
        Self { response, source: None, refused: None }
    }
}

/// A follower believes an absence; any other refusal would send it past us to the origin.
pub(crate) fn withdrawn<B>(caller: Caller) -> Answer<B> {
    match caller {
        Caller::Puller => failure(StatusCode::NOT_FOUND).into(),
        Caller::Anyone => turned_away(Refused::Withdrawn),
    }
}

pub(crate) fn turned_away<B>(refused: Refused) -> Answer<B> {
    Answer { refused: Some(refused), ..refuse(refused).into() }
}

fn refuse<B>(refused: Refused) -> Response<Body<B>> {
    let (status, reason) = (refused.status(), refused.name());
    explain(status, head::refusal(status, reason), reason)
}

pub(crate) fn failure<B>(status: StatusCode) -> Response<Body<B>> {
    explain(status, head::failure(status), status.canonical_reason().unwrap_or_default())
}

/// The answer where a fill came to nothing.
pub(crate) fn unavailable<B>(error: &FillError) -> Response<Body<B>> {
    let mut response = failure(head::status_of(error));
    if let FillError::Overloaded { retry_after } | FillError::Resting { retry_after } = error {
        let seconds = HeaderValue::from(retry_after.as_secs().max(1));
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

pub(crate) fn unsatisfiable<B>(size: u64) -> Response<Body<B>> {
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let mut headers = head::failure(status);
    headers.insert(CONTENT_RANGE, head::text(&format!("bytes */{size}")));
    explain(status, headers, "Range Not Satisfiable")
}

/// An answer of one line for whoever reads it with curl.
fn explain<B>(status: StatusCode, headers: HeaderMap, line: &'static str) -> Response<Body<B>> {
    respond(status, headers, Body::Whole(Bytes::from_static(line.as_bytes())))
}

pub(crate) fn respond<B>(
    status: StatusCode,
    headers: HeaderMap,
    body: Body<B>,
) -> Response<Body<B>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
