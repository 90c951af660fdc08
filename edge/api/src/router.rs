//! Who answers what.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use service::Problem;

use crate::api::Api;
use crate::{bearer, key_set, page, playback, purges, request_id, sessions, songs};

/// The whole HTTP surface beside the media: the API, the page, and `uploads`, the routes of the
/// ingest endpoint, which only callers with an access token reach. Every refusal, axum's own
/// included, is a problem document, and every answer carries `x-request-id`.
pub fn router(api: &Api, uploads: Router) -> Router {
    Router::new()
        .route("/v1/sessions", post(sessions::create))
        .route("/v1/songs", get(songs::list))
        .route("/v1/songs/{id}", get(songs::show))
        .route("/v1/songs/{id}/playback", post(playback::create))
        .route("/v1/purges", post(purges::create))
        .route("/v1/purges/{id}", get(purges::show))
        .route("/v1/revocations", post(purges::revoke))
        .route("/v1/revocations/{id}", get(purges::show))
        .route("/.well-known/jwks.json", get(key_set::show))
        .with_state(api.clone())
        .merge(bearer::required(api, uploads))
        .fallback(page::serve)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(request_id::stamp))
}

async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "This resource does not take this method; the Allow header says which it takes.",
    )
}
