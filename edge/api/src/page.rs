//! The web page and its files; everything else is not found.

use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use service::Problem;

pub(crate) async fn serve(method: Method, uri: Uri) -> Result<Response, Problem> {
    let asset = player::asset(uri.path()).ok_or_else(not_found)?;
    if method != Method::GET && method != Method::HEAD {
        let problem = Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "This is a page; it takes GET and HEAD.",
        );
        return Err(problem.with_header(ALLOW, HeaderValue::from_static("GET, HEAD")));
    }
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (CONTENT_TYPE, asset.content_type),
        (CACHE_CONTROL, cache),
        (CONTENT_SECURITY_POLICY, player::CONTENT_SECURITY_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    Ok((headers, asset.bytes).into_response())
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here.")
}
