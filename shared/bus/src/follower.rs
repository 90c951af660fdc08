//! Who hears what is said.

use crate::bus::BusError;
use crate::jetstream::JetStreamFollower;
use crate::local::LocalFollower;
use crate::message::{MessageId, News};

/// One that follows the bus; it is forgotten when it is dropped.
#[derive(Debug)]
pub enum Follower {
    /// Within this process.
    Local(LocalFollower),
    /// Over NATS.
    JetStream(JetStreamFollower),
}

impl Follower {
    /// The next thing that it is told. Nothing is lost where the future is dropped.
    pub async fn next(&mut self) -> News {
        match self {
            Self::Local(follower) => follower.next().await,
            Self::JetStream(follower) => follower.next().await,
        }
    }

    /// Says that the message has been taken to heart: what it asks for holds here.
    ///
    /// # Errors
    /// Nobody may know of it yet.
    pub async fn acknowledge(&self, id: MessageId) -> Result<(), BusError> {
        match self {
            Self::Local(follower) => {
                follower.acknowledge(id);
                Ok(())
            }
            Self::JetStream(follower) => follower.acknowledge(id).await,
        }
    }
}
