//! How an edge takes notices to heart.

use std::time::{Duration, SystemTime};

use bus::{Acknowledging, Follower, MessageId, News};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::notice::Notice;

/// How old a notice may be whose receipt still interests somebody.
const RECENT: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether an edge has heard all that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// It has, up to now.
    CaughtUp,
    /// Something may have been said that it does not know of.
    CutOff,
}

/// Lets `heed` take every notice to heart, in order, and acknowledges each once that has returned; tells `heard`
/// whenever the edge has caught up or is cut off. It goes on until it is dropped.
///
/// A withdrawal stands for as long as the bus remembers it, so an edge that was down hears of it before it has caught
/// up. Where notices were lost that it would have needed, everything cached goes.
pub async fn hear(follower: &mut Follower, heed: impl Fn(Notice), heard: impl Fn(Hearing)) {
    let acknowledging = follower.acknowledging();
    // Receipts go out beside: a bus that does not take them holds up no notice that has come already.
    let mut receipts = FuturesUnordered::new();
    loop {
        let news = tokio::select! {
            news = follower.next() => news,
            Some(()) = receipts.next() => continue,
        };
        match news {
            News::CaughtUp => heard(Hearing::CaughtUp),
            News::CutOff => heard(Hearing::CutOff),
            News::Missed => {
                tracing::warn!("notices were lost: everything cached is dropped");
                heed(Notice::after_missing());
            }
            news => match Notice::of(&news) {
                Some((id, notice)) => {
                    heed(notice);
                    receipts.push(acknowledge(&acknowledging, id));
                }
                None => {
                    tracing::warn!(
                        ?news,
                        "no notice that this version knows: everything cached is dropped"
                    );
                    heed(Notice::after_missing());
                }
            },
        }
    }
}

async fn acknowledge(acknowledging: &Acknowledging, id: MessageId) {
    if SystemTime::now().duration_since(id.made_at()).is_ok_and(|age| age > RECENT) {
        return;
    }
    // The notice holds here whether anybody hears of that or not.
    if let Err(error) = acknowledging.acknowledge(id).await {
        tracing::warn!(%id, %error, "a notice could not be acknowledged");
    }
}
