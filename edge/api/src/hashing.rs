//! Password hashing, within bounds.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use service::Problem;
use tokio::sync::Semaphore;

/// Passwords that are hashed at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;

/// Logins in hand, those that wait for their turn included: about a second of work.
const IN_HAND: usize = 32;

/// Who may hash now. What a hash holds goes with the hash: its thread works on when the client has
/// gone and the handler is dropped.
#[derive(Debug)]
pub(crate) struct Hashing {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Hashing {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), places: Arc::new(Semaphore::new(IN_HAND)) }
    }

    /// Runs `work` off the threads that serve, when its turn comes; refused where too many wait.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|error| Problem::internal(&error))?;
        let held = (place, turn);
        let worked = tokio::task::spawn_blocking(move || {
            let _held = held;
            work()
        });
        worked.await.map_err(|error| Problem::internal(&error))
    }
}

fn busy() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        "Too many people are logging in at once; please try again in a moment.",
    )
    .with_header(RETRY_AFTER, HeaderValue::from_static("2"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use axum::response::IntoResponse;

    use super::*;

    #[tokio::test]
    async fn a_hash_keeps_its_turn_when_its_caller_goes() {
        let hashing = Arc::new(Hashing::new());
        let (end, wait) = mpsc::channel::<()>();
        let (begin, mut begun) = tokio::sync::mpsc::channel(1);
        let caller = Arc::clone(&hashing);
        let call = tokio::spawn(async move {
            caller.run(move || (begin.try_send(()).is_ok(), wait.recv().is_ok())).await.is_ok()
        });
        begun.recv().await.expect("the work begins");
        call.abort();
        assert!(call.await.expect_err("the caller is gone").is_cancelled());
        assert_eq!(hashing.turns.available_permits(), AT_ONCE - 1);
        drop(end);
        let all = u32::try_from(AT_ONCE).expect("a few");
        let _all = hashing.turns.acquire_many(all).await.expect("the turn comes back");
    }

    #[tokio::test]
    async fn whoever_finds_no_place_is_told_when_to_come_back() {
        let hashing = Hashing::new();
        let all = u32::try_from(IN_HAND).expect("a few");
        let taken = hashing.places.acquire_many(all).await.expect("all places");
        let refused = hashing.run(|| ()).await.expect_err("no place").into_response();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.headers().contains_key(RETRY_AFTER));
        drop(taken);
        assert!(hashing.run(|| ()).await.is_ok());
    }
}
