//! The version of the protocol, and what of it there is.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::Problem;

use super::checksum;

const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSIONS: HeaderName = HeaderName::from_static("tus-version");
const EXTENSIONS: &str =
    "creation,creation-with-upload,expiration,checksum,termination,concatenation";

/// Lets through what speaks our version (412 for others), and says it on every answer. `GET` is ours alone, for people.
pub(super) async fn speak(request: Request, next: Next) -> Response {
    let speaks = request.headers().get(&RESUMABLE) == Some(&VERSION);
    let mut response = if speaks || request.method() == Method::GET {
        next.run(request).await
    } else {
        another_version().into_response()
    };
    response.headers_mut().insert(RESUMABLE, VERSION);
    response
}

fn another_version() -> Problem {
    let detail = "Uploads are spoken of in tus 1.0.0; each request says so: Tus-Resumable: 1.0.0.";
    Problem::new(StatusCode::PRECONDITION_FAILED, "unsupported-tus-version", detail)
        .with_header(VERSIONS, VERSION)
}

/// What there is of tus, and the largest file that is accepted.
#[utoipa::path(options, path = "/v1/uploads", tag = "uploads",
    responses((status = 204, description = "`Tus-Version`, `Tus-Extension`, `Tus-Max-Size`, `Tus-Checksum-Algorithm`.")))]
pub(super) async fn capabilities(State(limit): State<u64>) -> Response {
    let headers = [
        (RESUMABLE, VERSION),
        (VERSIONS, VERSION),
        (HeaderName::from_static("tus-extension"), HeaderValue::from_static(EXTENSIONS)),
        (HeaderName::from_static("tus-max-size"), HeaderValue::from(limit)),
        (
            HeaderName::from_static("tus-checksum-algorithm"),
            HeaderValue::from_static(checksum::ALGORITHMS),
        ),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
