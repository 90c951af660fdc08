//! One id per request: in the answer, in its problem document, and in the log.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::header::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::Problem;
use tracing::Instrument;
use uuid::Uuid;

/// The response header.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The path, without what would open something to whoever reads the log.
fn logged(request: &Request) -> String {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    route.filter(|route| route.contains("{secret}")).unwrap_or(request.uri().path()).to_owned()
}

/// Gives the request an id, logs it under that id, and tells the caller.
pub(crate) async fn stamp(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let method = request.method().clone();
    let path = logged(&request);
    let span = tracing::info_span!("request", %id, %method, path);
    let start = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took_ms) = (response.status().as_u16(), start.elapsed().as_millis());
    span.in_scope(|| tracing::info!(status, took_ms, "answered"));
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let headers = std::mem::take(response.headers_mut());
        response = problem.with_request_id(&id).into_response();
        let own = response.headers().clone();
        for (name, value) in &headers {
            if !own.contains_key(name) && name != "content-length" {
                response.headers_mut().append(name, value.clone());
            }
        }
    }
    let value = HeaderValue::from_str(&id).expect("a UUID is ASCII");
    response.headers_mut().insert(REQUEST_ID, value);
    response
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_secret_in_a_path_is_not_logged() {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&seen);
        let note = from_fn(move |request: Request, next: Next| {
            log.lock().expect("a log").push(logged(&request));
            next.run(request)
        });
        let router = Router::new()
            .route("/previews/{secret}", get(async || ""))
            .route("/songs/{id}", get(async || ""))
            .layer(note);
        for path in ["/previews/opensesame", "/songs/7"] {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            router.clone().oneshot(request).await.expect("an answer");
        }
        assert_eq!(*seen.lock().expect("a log"), ["/previews/{secret}", "/songs/7"]);
    }
}
