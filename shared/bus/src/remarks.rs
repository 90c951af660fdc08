//! What is said in passing by: nobody keeps it, and nobody waits for it.

use async_nats::Subscriber;
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Remarks that one who listens within this process may be behind: the oldest are lost to them then.
pub(crate) const MOST_BEHIND: usize = 1_024;

/// One who hears remarks, those that are made while they listen.
#[derive(Debug)]
pub enum Remarks {
    /// Within this process.
    Local(broadcast::Receiver<Value>),
    /// Over NATS.
    Nats(Subscriber),
}

impl Remarks {
    /// The next one; `None` once nobody can make any. Nothing is lost where the future is dropped.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            match self {
                Self::Local(remarks) => match remarks.recv().await {
                    Ok(body) => return Some(body),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                },
                Self::Nats(remarks) => {
                    // What is no JSON is not one of ours.
                    if let Ok(body) = serde_json::from_slice(&remarks.next().await?.payload) {
                        return Some(body);
                    }
                }
            }
        }
    }
}
