//! A block on its way: what has arrived of it, and who waits for more.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use media::asset::PIECE_SIZE;

use crate::block::{BLOCK_SIZE, Block, BlockKey};
use crate::digest::{Hash, Promise, hash};
use crate::epochs::{Epoch, Stamp};
use crate::facts::Facts;
use crate::fill_error::FillError;
use crate::waiting::Waiting;

/// What a fill comes to.
pub(crate) type Outcome = Result<Block, FillError>;

/// A fill under way, shared by the task that reads the origin and by everybody who waits.
#[derive(Debug)]
pub(crate) struct Filling {
    pub(crate) key: BlockKey,
    /// The purges that came before the origin was asked, and those found since not to concern it.
    pub(crate) stamp: Stamp,
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// What the origin says of the object.
    told: Option<Facts>,
    /// What the origin says and what `asset.json` does, once both have and agree.
    facts: Option<Arc<Facts>>,
    promise: Option<Promise>,
    /// What has arrived, each with the offset at which it ends.
    chunks: Vec<(u64, Bytes)>,
    /// What the pieces that have arrived hash to.
    hashes: Vec<Hash>,
    end: Option<Outcome>,
    waiting: Waiting,
}

impl Filling {
    /// A fill that begins in `epoch`.
    pub(crate) fn new(key: BlockKey, epoch: Epoch) -> Arc<Self> {
        Arc::new(Self { key, stamp: Stamp::new(epoch), progress: Mutex::default() })
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and wakes whoever waits, if there is something to be had now.
    fn advance<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        let (result, waiting): (T, Vec<Waker>) = {
            let mut progress = self.progress();
            let result = change(&mut progress);
            let ready = progress.end.is_some() || progress.visible(&self.key) > 0;
            (result, if ready { progress.waiting.take() } else { Vec::new() })
        };
        waiting.into_iter().for_each(Waker::wake);
        result
    }

    /// What the origin says of the object, once it has.
    pub(crate) fn told(&self) -> Option<Facts> {
        self.progress().told.clone()
    }

    /// What is true of the object: nothing before all is known, nor where `asset.json` disagrees.
    pub(crate) fn facts(&self) -> Option<Arc<Facts>> {
        self.progress().facts.clone()
    }

    /// How many bytes have arrived.
    pub(crate) fn arrived(&self) -> u64 {
        self.progress().arrived()
    }

    /// Notes what the origin says of the object, which must not differ from what it said before.
    pub(crate) fn learn(&self, told: Facts) -> Result<(), FillError> {
        self.advance(|progress| match &progress.told {
            Some(known) if !progress.may_go_on(&self.key, known, &told) => Err(FillError::Changed),
            Some(_) => Ok(()),
            None => {
                progress.told = Some(told);
                progress.put_together();
                Ok(())
            }
        })
    }

    /// Notes what `asset.json` says of the object.
    pub(crate) fn expect(&self, promise: Promise) {
        self.advance(|progress| {
            progress.promise = Some(promise);
            progress.put_together();
        });
    }

    /// How many bytes are still to come, as far as is known.
    pub(crate) fn missing(&self) -> u64 {
        let progress = self.progress();
        let length = progress.told.as_ref().map_or(0, |told| self.key.length(told.size));
        length.saturating_sub(progress.arrived())
    }

    /// Takes what has arrived, no more than is [missing](Self::missing), and what the pieces that it completes
    /// hash to.
    ///
    /// # Errors
    /// [`FillError::Corrupt`] where that is known to be wrong.
    pub(crate) fn push(&self, chunk: Bytes, hashes: Vec<Hash>) -> Result<(), FillError> {
        self.advance(|progress| {
            if !chunk.is_empty() {
                progress.chunks.push((progress.arrived() + chunk.len() as u64, chunk));
            }
            progress.hashes.extend(hashes);
            if progress.is_spoilt(&self.key) { Err(FillError::Corrupt) } else { Ok(()) }
        })
    }

    /// Whether a whole block is what it must be, as far as that can be told.
    ///
    /// # Errors
    /// [`FillError::Corrupt`] where it isn't.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<(), FillError> {
        let progress = self.progress();
        let Some(digest) = progress.promise.as_ref().and_then(Option::as_ref) else {
            return Ok(());
        };
        let good = match digest.pieces_of(&self.key) {
            Some(pieces) => progress.hashes == pieces,
            None => digest.whole().is_none_or(|whole| *whole == hash(bytes)),
        };
        if good { Ok(()) } else { Err(FillError::Corrupt) }
    }

    /// Forgets all that has arrived, to begin anew; false where some was handed out already.
    pub(crate) fn start_over(&self) -> bool {
        let mut progress = self.progress();
        let may = progress.visible(&self.key) == 0;
        if may {
            progress.chunks.clear();
            progress.hashes.clear();
            progress.told = None;
            progress.facts = None;
        }
        may
    }

    /// Forgets what `asset.json` says, to be told anew.
    pub(crate) fn forget_promise(&self) {
        let mut progress = self.progress();
        progress.promise = None;
        progress.facts = None;
    }

    /// The whole block in one piece. A copy, unless it came in one.
    pub(crate) fn gather(&self) -> Bytes {
        let chunks = self.progress().chunks.clone();
        match &chunks[..] {
            [] => Bytes::new(),
            [(_, whole)] => whole.clone(),
            [.., (length, _)] => {
                let mut whole = BytesMut::with_capacity(*length as usize);
                chunks.iter().for_each(|(_, chunk)| whole.extend_from_slice(chunk));
                whole.freeze()
            }
        }
    }

    /// Ends it. Only the first end counts.
    pub(crate) fn finish(&self, outcome: Outcome) {
        self.advance(|progress| {
            progress.end.get_or_insert(outcome);
            progress.chunks = Vec::new();
        });
    }
}

impl Progress {
    fn arrived(&self) -> u64 {
        self.chunks.last().map_or(0, |(end, _)| *end)
    }

    /// Whether the rest may come from what the origin tells of now: where the whole will be checked, its
    /// length is enough.
    fn may_go_on(&self, key: &BlockKey, known: &Facts, told: &Facts) -> bool {
        let checked = self.promise.as_ref().and_then(Option::as_ref);
        let checked = checked.is_some_and(|digest| digest.checks(key));
        if checked { known.size == told.size } else { known.agree_with(told) }
    }

    fn put_together(&mut self) {
        if let (Some(told), Some(promise)) = (&self.told, &self.promise) {
            let kept = promise.as_ref().is_none_or(|digest| digest.size() == told.size);
            self.facts = kept.then(|| Arc::new(told.promised(promise.clone())));
        }
    }

    /// How many bytes may be handed out before the end: the pieces that were checked. What can't be checked in
    /// pieces waits for the end where it is one block, and streams where it is a part of more.
    fn visible(&self, key: &BlockKey) -> u64 {
        let Some(facts) = &self.facts else { return 0 };
        let pieces = facts.promise.as_ref().and_then(|digest| digest.pieces_of(key));
        match pieces {
            Some(pieces) => {
                let good = self.hashes.iter().zip(pieces).take_while(|(is, must)| is == must);
                self.arrived().min(good.count() as u64 * PIECE_SIZE)
            }
            None if facts.size > BLOCK_SIZE => self.arrived(),
            None => 0,
        }
    }

    /// Whether a piece is known to be wrong.
    fn is_spoilt(&self, key: &BlockKey) -> bool {
        let digest = self.promise.as_ref().and_then(Option::as_ref);
        let pieces = digest.and_then(|digest| digest.pieces_of(key));
        pieces.is_some_and(|pieces| self.hashes.iter().zip(pieces).any(|(is, must)| is != must))
    }

    /// What may be handed out from where `wanted` begins; empty where nothing is there yet.
    fn part(&self, key: &BlockKey, wanted: &Range<u64>) -> Result<Bytes, FillError> {
        match &self.end {
            Some(Ok(block)) => block.part(wanted).ok_or(FillError::Changed),
            Some(Err(error)) => Err(error.clone()),
            None => {
                let end = wanted.end.min(self.visible(key));
                Ok(self.arrived_part(&(wanted.start..end)))
            }
        }
    }

    /// The bytes of a range that one chunk holds, from the range's start on.
    fn arrived_part(&self, wanted: &Range<u64>) -> Bytes {
        let chunk = self.chunks.partition_point(|(end, _)| *end <= wanted.start);
        match self.chunks.get(chunk) {
            Some((end, chunk)) if !wanted.is_empty() => {
                // Where the wanted begins and ends, counted from the chunk's end.
                let (start, beyond) = (end - wanted.start, end.saturating_sub(wanted.end));
                chunk.slice(chunk.len() - start as usize..chunk.len() - beyond as usize)
            }
            _ => Bytes::new(),
        }
    }
}

/// A place among those who wait for a fill. Dropping it leaves; the fill goes on.
#[derive(Debug)]
pub(crate) struct Waiter {
    filling: Arc<Filling>,
    place: Option<usize>,
}

impl Waiter {
    pub(crate) fn new(filling: Arc<Filling>) -> Self {
        Self { filling, place: None }
    }

    fn poll<T>(
        &mut self,
        context: &Context<'_>,
        ready: impl FnOnce(&Progress) -> Option<T>,
    ) -> Poll<T> {
        let mut progress = self.filling.progress();
        match ready(&progress) {
            Some(value) => Poll::Ready(value),
            None => {
                progress.waiting.wait(&mut self.place, context);
                Poll::Pending
            }
        }
    }

    /// Waits until the object is known and the first of its bytes may be handed out.
    pub(crate) fn poll_facts(
        &mut self,
        context: &Context<'_>,
    ) -> Poll<Result<Arc<Facts>, FillError>> {
        let key = self.filling.key;
        self.poll(context, |progress| match &progress.end {
            Some(outcome) => {
                Some(outcome.as_ref().map_err(Clone::clone).map(|block| Arc::clone(block.facts())))
            }
            None if progress.visible(&key) == 0 => None,
            None => progress.facts.clone().map(Ok),
        })
    }

    /// Waits for the end.
    pub(crate) fn poll_end(&mut self, context: &Context<'_>) -> Poll<Outcome> {
        self.poll(context, |progress| progress.end.clone())
    }

    /// Waits for the first bytes of `wanted`, which must lie within the block. There is one at least.
    pub(crate) fn poll_part(
        &mut self,
        context: &Context<'_>,
        wanted: &Range<u64>,
    ) -> Poll<Result<(Bytes, Arc<Facts>), FillError>> {
        let key = self.filling.key;
        self.poll(context, |progress| match (progress.part(&key, wanted), &progress.end) {
            (Err(error), _) => Some(Err(error)),
            (Ok(part), Some(Ok(block))) => Some(Ok((part, Arc::clone(block.facts())))),
            (Ok(part), _) if part.is_empty() => None,
            (Ok(part), _) => progress.facts.clone().map(|facts| Ok((part, facts))),
        })
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.filling.progress().waiting.leave(place);
        }
    }
}
