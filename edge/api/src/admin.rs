//! The admin listener: probes, for those who run Segue and nobody else.

use std::io;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use service::health::Health;
use service::{Problem, Shutdown};
use tokio::net::TcpListener;

/// Serves `/healthz` and `/readyz` on `listener` until the shutdown begins.
///
/// # Errors
/// The listener failed.
pub async fn serve(listener: TcpListener, health: Health, shutdown: Shutdown) -> io::Result<()> {
    let router = Router::new().fallback(probe).with_state(health);
    let ended = async move { shutdown.begun().await };
    axum::serve(listener, router).with_graceful_shutdown(ended).await
}

async fn probe(State(health): State<Health>, uri: Uri) -> Response {
    match health.answer(uri.path()) {
        Some(answer) => answer.into_response(),
        None => Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here.")
            .into_response(),
    }
}
