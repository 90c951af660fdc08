//! How long an answer may take to begin. What was begun and not committed has then not happened.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::middleware::Next;
use axum::response::Response;
use service::Problem;
use tokio::time::timeout;

/// The answer, if it begins within `longest`; a stream of events may then go on for as long as it likes.
pub(crate) async fn keep(
    State(longest): State<Duration>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    timeout(longest, next.run(request)).await.map_err(|_| missed(longest))
}

/// It did not begin within `longest`.
pub(crate) fn missed(longest: Duration) -> Problem {
    let detail = format!(
        "This took longer than {} seconds and was given up; please try again.",
        longest.as_secs()
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "took-too-long", detail)
        .with_header(RETRY_AFTER, HeaderValue::from_static("5"))
}
