//! One read of a block from the origin, in as many attempts as it takes.

use std::ops::ControlFlow;
use std::time::Duration;

use futures::StreamExt;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload, ObjectStore};
use origin::Object;
use tokio::time::timeout;

use crate::budget::Share;
use crate::facts::Facts;
use crate::fill_error::FillError;
use crate::filling::Filling;
use crate::settings::Settings;

/// How long to wait before the second attempt; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(50);

/// Reads a block into `filling` until it is whole.
pub(crate) async fn read(
    store: &dyn ObjectStore,
    filling: &Filling,
    share: Share,
    settings: &Settings,
) -> Result<(), FillError> {
    let fill = Fill { store, filling, idle: settings.timeout / 2 };
    timeout(settings.timeout, fill.read(share, settings.attempts))
        .await
        .unwrap_or(Err(FillError::TimedOut(settings.timeout)))
}

struct Fill<'a> {
    store: &'a dyn ObjectStore,
    filling: &'a Filling,
    /// How long the origin may say nothing.
    idle: Duration,
}

impl Fill<'_> {
    async fn read(&self, mut share: Share, attempts: u32) -> Result<(), FillError> {
        let mut pause = PAUSE;
        for _ in 1..attempts {
            match self.attempt(&mut share).await {
                Err(error) if self.may_go_on_after(&error) => {
                    tracing::debug!(object = %self.filling.key.object, %error, "trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                done => return done,
            }
        }
        self.attempt(&mut share).await
    }

    /// What changed between two attempts may still be had whole, if nobody has any of it yet.
    fn may_go_on_after(&self, error: &FillError) -> bool {
        error.is_passing() || (matches!(error, FillError::Changed) && self.filling.start_over())
    }

    /// Asks for what is missing, and takes what comes.
    async fn attempt(&self, share: &mut Share) -> Result<(), FillError> {
        let (key, known) = (self.filling.key, self.filling.told());
        let (whole, arrived) = (key.range(), self.filling.arrived());
        let end = known.as_ref().map_or(whole.end, |facts| whole.start + key.length(facts.size));
        let options = GetOptions {
            range: Some(GetRange::Bounded(whole.start + arrived..end)),
            if_match: known.as_ref().and_then(|facts| facts.strong_tag()),
            ..GetOptions::default()
        };
        let path = Path::from(key.object.to_string());
        let answer = self.in_time(self.store.get_opts(&path, options)).await??;
        let expected = key.length(answer.meta.size);
        self.filling.learn(Facts::of(&answer.meta))?;
        share.shrink(expected);
        self.take(answer).await?;
        match self.filling.arrived() {
            got if got < expected => Err(FillError::Truncated { expected, got }),
            _ => Ok(()),
        }
    }

    async fn take(&self, answer: GetResult) -> Result<(), FillError> {
        if matches!(answer.payload, GetResultPayload::File(..)) {
            // One read of the disk rather than one for every few kilobytes.
            let whole = self.in_time(answer.bytes()).await??;
            let _ = self.filling.push(whole);
            return Ok(());
        }
        let mut chunks = answer.into_stream();
        while let Some(chunk) = self.in_time(chunks.next()).await? {
            if self.filling.push(chunk?) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, FillError> {
        timeout(self.idle, work).await.map_err(|_| FillError::TimedOut(self.idle))
    }
}

/// Asks what the object is now, without its bytes.
pub(crate) async fn ask_again(
    store: &dyn ObjectStore,
    object: &Object,
    wait: Duration,
) -> Result<Facts, FillError> {
    let options = GetOptions { head: true, ..GetOptions::default() };
    let path = Path::from(object.to_string());
    let answer = timeout(wait, store.get_opts(&path, options)).await;
    let answer = answer.map_err(|_| FillError::TimedOut(wait))??;
    Ok(Facts::of(&answer.meta))
}
