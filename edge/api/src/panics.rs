//! A handler that panics is our fault, and answers like any other fault of ours.

use std::any::Any;

use axum::response::{IntoResponse, Response};
use service::Problem;
use tokio::task::JoinError;

/// Something that a handler did not expect.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

/// The answer in place of the one that will not come: 500. What the panic said is in the log.
pub(crate) fn told(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
    Problem::internal(&Panicked(said.unwrap_or_default())).into_response()
}

/// The same for a task that ended without an answer.
pub(crate) fn problem(ended: &JoinError) -> Problem {
    Problem::internal(ended)
}
