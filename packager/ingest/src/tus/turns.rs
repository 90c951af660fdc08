//! One writer of an upload at a time.
//!
//! Whoever writes goes on undisturbed while bytes come. A writer that has heard nothing for [`SILENT`] makes room for the next:
//! its connection is most likely gone without a word, and its client is the one that asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use media::UploadId;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

/// A writer that has heard nothing for so long makes room.
pub(super) const SILENT: Duration = Duration::from_secs(5);

/// How long somebody who makes room may take.
const LEAVING: Duration = Duration::from_secs(5);

/// Who writes what. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<UploadId, Seat>>>);

#[derive(Debug)]
struct Seat {
    heard: Instant,
    leave: Arc<Notify>,
    /// Ends with the turn.
    taken: watch::Receiver<()>,
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    id: UploadId,
    leave: Arc<Notify>,
    _taken: watch::Sender<()>,
}

impl Turns {
    /// The turn to write `id`; none while another writes.
    pub(super) async fn take(&self, id: UploadId) -> Option<Turn> {
        self.follow(id, |seat| seat.heard.elapsed() >= SILENT).await
    }

    /// The same, of whoever writes whatever they hear.
    pub(super) async fn end(&self, id: UploadId) -> Option<Turn> {
        self.follow(id, |_| true).await
    }

    /// The turn once whoever has it is done, within `longest`.
    pub(super) async fn wait(&self, id: UploadId, longest: Duration) -> Option<Turn> {
        let waiting = async {
            loop {
                match self.sit(id) {
                    Ok(turn) => return turn,
                    Err(mut taken) => while taken.changed().await.is_ok() {},
                }
            }
        };
        timeout(longest, waiting).await.ok()
    }

    async fn follow(&self, id: UploadId, may: impl FnOnce(&Seat) -> bool) -> Option<Turn> {
        let mut taken = match self.sit(id) {
            Ok(turn) => return Some(turn),
            Err(taken) => taken,
        };
        if let Some(seat) = self.seats().get(&id) {
            if !may(seat) {
                return None;
            }
            seat.leave.notify_one();
        }
        let left = async { while taken.changed().await.is_ok() {} };
        timeout(LEAVING, left).await.ok()?;
        self.sit(id).ok()
    }

    /// The turn, or what ends with the one of whoever has it.
    fn sit(&self, id: UploadId) -> Result<Turn, watch::Receiver<()>> {
        let mut seats = self.seats();
        if let Some(seat) = seats.get(&id) {
            return Err(seat.taken.clone());
        }
        let (sender, taken) = watch::channel(());
        let leave = Arc::new(Notify::new());
        seats.insert(id, Seat { heard: Instant::now(), leave: Arc::clone(&leave), taken });
        Ok(Turn { turns: self.clone(), id, leave, _taken: sender })
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<UploadId, Seat>> {
        // Nothing that holds it can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Bytes have come.
    pub(super) fn heard(&self) {
        if let Some(seat) = self.turns.seats().get_mut(&self.id) {
            seat.heard = Instant::now();
        }
    }

    /// Returns when another is to write.
    pub(super) async fn told_to_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.seats().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_writes_and_the_silent_make_room() {
        let (turns, id) = (Turns::default(), UploadId::new(Uuid::from_u128(7)));
        let turn = turns.take(id).await.expect("free");
        assert!(turns.take(id).await.is_none(), "it is taken");
        assert!(turns.take(UploadId::new(Uuid::from_u128(8))).await.is_some(), "another's is not");
        tokio::time::advance(SILENT).await;
        turn.heard();
        assert!(turns.take(id).await.is_none(), "bytes come");
        tokio::time::advance(SILENT).await;
        let leaving = tokio::spawn(async move { turn.told_to_leave().await });
        let turn = turns.take(id).await.expect("the silent one left");
        leaving.await.unwrap();
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.wait(id, LEAVING).await.is_some() }
        });
        tokio::task::yield_now().await;
        drop(turn);
        assert!(waiting.await.unwrap());
    }
}
