//! Refusals before the body: whoever still sends must be able to read the answer.
//!
//! A connection that is closed on bytes which nobody has read is reset, and the answer is lost with it (RFC 9112 9.6). So what
//! still comes after a refusal is read for a while, and thrown away.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures::{Stream, StreamExt};
use tokio::time::timeout;

/// How long it is read.
const LONGEST: Duration = Duration::from_secs(10);

/// How much of it.
const MOST: u64 = 64 << 20;

/// A body that is there after whoever read it has dropped it.
#[derive(Clone)]
struct Lent(Arc<Mutex<BodyDataStream>>);

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // One at a time polls it.
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.poll_next_unpin(context)
    }
}

/// Lets a handler refuse before it has read the body.
pub(crate) async fn linger(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = Lent(Arc::new(Mutex::new(body.into_data_stream())));
    let lent = Body::from_stream(body.clone());
    let response = next.run(Request::from_parts(parts, lent)).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        tokio::spawn(timeout(LONGEST, drain(body)));
    }
    response
}

async fn drain(mut body: Lent) {
    let mut left = MOST;
    while let Some(Ok(bytes)) = body.next().await {
        match left.checked_sub(bytes.len() as u64) {
            Some(less) => left = less,
            None => return,
        }
    }
}
