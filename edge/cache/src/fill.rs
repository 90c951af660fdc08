//! One read from the origin, shared by everybody who waits for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::Shared;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use tokio::sync::oneshot;

use crate::block::{Block, BlockKey};

/// Why a block did not come. Whoever asks next tries again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FillError {
    /// The origin has no such object.
    #[error("the origin has no such object")]
    NotFound,
    /// The origin did not deliver in time.
    #[error("the origin did not deliver within {0:?}")]
    TimedOut(Duration),
    /// The origin delivered other than it promised.
    #[error("the origin delivered {got} bytes of {expected}")]
    Truncated {
        /// The bytes that the object has in the block.
        expected: u64,
        /// The bytes that came.
        got: u64,
    },
    /// The object's length differs from what an earlier block said.
    #[error("the object changed under its key: {before} bytes before, {after} now")]
    Changed {
        /// The length in bytes that an earlier block stated.
        before: u64,
        /// The length in bytes now.
        after: u64,
    },
    /// The origin failed.
    #[error("the origin failed: {0}")]
    Origin(#[source] Arc<object_store::Error>),
    /// The fill itself was ended, by a shutdown or a panic.
    #[error("the fill was ended")]
    Lost,
}

/// What a fill comes to.
pub(crate) type Outcome = Result<Block, FillError>;

/// A fill under way. Cloning joins it; dropping leaves it, and the fill goes on.
#[derive(Debug, Clone)]
pub(crate) struct Fill(Shared<oneshot::Receiver<Outcome>>);

impl Fill {
    /// A fill and the end by which it is completed.
    pub(crate) fn new() -> (oneshot::Sender<Outcome>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver.shared()))
    }
}

impl Future for Fill {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        self.0.poll_unpin(context).map(|outcome| outcome.unwrap_or(Err(FillError::Lost)))
    }
}

/// Reads one block, whole or not at all.
pub(crate) async fn read(store: &dyn ObjectStore, key: BlockKey, timeout: Duration) -> Outcome {
    tokio::time::timeout(timeout, read_unbounded(store, key))
        .await
        .unwrap_or(Err(FillError::TimedOut(timeout)))
}

async fn read_unbounded(store: &dyn ObjectStore, key: BlockKey) -> Outcome {
    let wanted = key.range();
    let range = Some(GetRange::Bounded(wanted.clone()));
    let options = GetOptions { range, ..GetOptions::default() };
    let path = Path::from(key.object.to_string());
    let result = store.get_opts(&path, options).await.map_err(origin_error)?;
    let object_size = result.meta.size;
    let bytes = result.bytes().await.map_err(origin_error)?;
    let (expected, got) =
        (wanted.end.min(object_size).saturating_sub(wanted.start), bytes.len() as u64);
    if expected == got {
        Ok(Block { bytes, object_size })
    } else {
        Err(FillError::Truncated { expected, got })
    }
}

fn origin_error(error: object_store::Error) -> FillError {
    match error {
        object_store::Error::NotFound { .. } => FillError::NotFound,
        other => FillError::Origin(Arc::new(other)),
    }
}
