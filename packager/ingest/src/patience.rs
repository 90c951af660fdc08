//! What an upload's body may cost before it gives anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use tokio::time::timeout;

/// Bytes that the parser may swallow without giving a part or a piece of one: more than any
/// network read, far more than any header of a part.
const APPETITE: usize = 2 << 20;

/// How long a sender may say nothing.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// Counts what the parser has swallowed. Cloning shares the count.
///
/// The parser keeps a part's header in memory until it is complete, and sets no bound on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patience(Arc<AtomicUsize>);

/// Why patience ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Impatience {
    #[error("{APPETITE} bytes without a part or a piece of one")]
    Greedy,
    #[error("nothing came for {SILENCE:?}")]
    Silent,
    #[error(transparent)]
    Body(#[from] axum::Error),
}

impl Patience {
    /// The body as the parser may have it.
    pub(crate) fn guard(&self, body: Body) -> Body {
        Body::from_stream(guarded(body.into_data_stream(), self.clone()))
    }

    /// The parser gave something.
    pub(crate) fn renew(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn take(&self, bytes: Bytes) -> Result<Bytes, Impatience> {
        let swallowed = self.0.fetch_add(bytes.len(), Ordering::Relaxed);
        if swallowed > APPETITE { Err(Impatience::Greedy) } else { Ok(bytes) }
    }
}

fn guarded(
    body: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin,
    patience: Patience,
) -> impl Stream<Item = Result<Bytes, Impatience>> {
    stream::unfold((body, patience), |(mut body, patience)| async {
        let item = match timeout(SILENCE, body.next()).await {
            Ok(Some(chunk)) => chunk.map_err(Impatience::from).and_then(|it| patience.take(it)),
            Ok(None) => return None,
            Err(_) => Err(Impatience::Silent),
        };
        Some((item, (body, patience)))
    })
}
