//! The admin listener: probes and metrics, for those who run Segue and nobody else.

use std::io;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use service::health::Health;
use service::{Metrics, Problem, Shutdown, metrics};
use tokio::net::TcpListener;

/// Serves `/healthz`, `/readyz` and `/metrics` on `listener` until the shutdown begins.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    health: Health,
    metrics: Metrics,
    shutdown: Shutdown,
) -> io::Result<()> {
    let router = Router::new().fallback(answer).with_state((health, metrics));
    let ended = async move { shutdown.begun().await };
    axum::serve(listener, router).with_graceful_shutdown(ended).await
}

async fn answer(State((health, metrics)): State<(Health, Metrics)>, uri: Uri) -> Response {
    if uri.path() == "/metrics" {
        return ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics.encode()).into_response();
    }
    match health.answer(uri.path()) {
        Some(answer) => answer.into_response(),
        None => Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here.")
            .into_response(),
    }
}
