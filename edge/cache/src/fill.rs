//! One read of a block from the origin, in as many attempts as it takes.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use object_store::{GetRange, GetResult, GetResultPayload};
use origin::Object;
use tokio::time::timeout;

use crate::budget::Share;
use crate::facts::Facts;
use crate::fill_error::FillError;
use crate::filling::Filling;
use crate::pieces::Pieces;
use crate::settings::Settings;
use crate::upstreams::{Answer, Rank, Upstreams, Wanted};

/// How long to wait before the second attempt; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(50);

/// Whom to read a block from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Route {
    /// Who is asked last.
    pub(crate) avoid: Option<Rank>,
    /// Whether only the origin itself will do.
    pub(crate) straight: bool,
}

/// Reads a block into `filling` until it is whole.
pub(crate) async fn read(
    upstreams: &Upstreams,
    filling: &Filling,
    share: Share,
    settings: &Settings,
    route: Route,
) -> Result<(), FillError> {
    let Route { avoid, straight } = route;
    let idle = settings.timeout / 2;
    let mut fill =
        Fill { upstreams, filling, idle, failed: avoid, straight, pieces: Pieces::default() };
    timeout(settings.timeout, fill.read(share, settings.attempts))
        .await
        .unwrap_or(Err(FillError::TimedOut(settings.timeout)))
}

struct Fill<'a> {
    upstreams: &'a Upstreams,
    filling: &'a Filling,
    /// How long the origin may say nothing.
    idle: Duration,
    /// Who broke off last.
    failed: Option<Rank>,
    straight: bool,
    pieces: Pieces,
}

impl Fill<'_> {
    async fn read(&mut self, mut share: Share, attempts: u32) -> Result<(), FillError> {
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
    fn may_go_on_after(&mut self, error: &FillError) -> bool {
        if matches!(error, FillError::Changed) && self.filling.start_over() {
            self.pieces = Pieces::default();
            return true;
        }
        error.is_passing()
    }

    /// Asks for what is missing, and takes what comes.
    async fn attempt(&mut self, share: &mut Share) -> Result<(), FillError> {
        let (key, known) = (self.filling.key, self.filling.told());
        let (whole, arrived) = (key.range(), self.filling.arrived());
        let end = known.as_ref().map_or(whole.end, |facts| whole.start + key.length(facts.size));
        let wanted = Wanted {
            object: &key.object,
            range: Some(GetRange::Bounded(whole.start + arrived..end)),
            known: known.as_ref(),
            avoid: self.failed,
            straight: self.straight,
            patience: self.idle,
        };
        let answer = self.upstreams.get(&wanted).await?;
        let Answer { result, from, passage } = self.learn(answer)?;
        let expected = key.length(result.meta.size);
        share.shrink(expected);
        let taken = self.take(result).await;
        let outcome = taken.and_then(|()| match self.filling.arrived() {
            got if got < expected => Err(FillError::Truncated { expected, got }),
            _ => Ok(()),
        });
        self.failed = outcome.is_err().then_some(from);
        if outcome.is_ok() {
            passage.succeeded()
        } else {
            passage.failed(&key.object)
        }
        outcome
    }

    /// Notes what an answer says of the object, before any of its bytes are taken.
    fn learn(&self, answer: Answer) -> Result<Answer, FillError> {
        match self.filling.learn(answer.facts()) {
            Ok(()) => Ok(answer),
            Err(error) => {
                // It is as well as can be: it only has another object.
                answer.passage.succeeded();
                Err(error)
            }
        }
    }

    async fn take(&mut self, answer: GetResult) -> Result<(), FillError> {
        if matches!(answer.payload, GetResultPayload::File(..)) {
            // One read of the disk rather than one for every few kilobytes.
            let whole = self.in_time(answer.bytes()).await??;
            return self.push(whole);
        }
        let mut chunks = answer.into_stream();
        while self.filling.missing() > 0 {
            let Some(chunk) = self.in_time(chunks.next()).await? else { break };
            self.push(chunk?)?;
        }
        Ok(())
    }

    /// Hashes what has arrived and hands it over; what lies beyond the block is dropped.
    fn push(&mut self, mut chunk: Bytes) -> Result<(), FillError> {
        let missing = self.filling.missing();
        chunk.truncate(usize::try_from(missing).unwrap_or(usize::MAX));
        let hashes = self.pieces.take(&chunk, missing);
        self.filling.push(chunk, hashes)
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, FillError> {
        timeout(self.idle, work).await.map_err(|_| FillError::TimedOut(self.idle))
    }
}

/// Asks what the object is now, without its bytes.
pub(crate) async fn ask_again(
    upstreams: &Upstreams,
    object: &Object,
    straight: bool,
    patience: Duration,
) -> Result<Facts, FillError> {
    let wanted = Wanted { object, range: None, known: None, avoid: None, straight, patience };
    let answer = upstreams.get(&wanted).await?;
    let facts = answer.facts();
    answer.passage.succeeded();
    Ok(facts)
}
