//! Who hears what is said.

use crate::bus::BusError;
use crate::jetstream::{JetStreamAcknowledging, JetStreamFollower};
use crate::local::{LocalAcknowledging, LocalFollower};
use crate::message::{MessageId, News};

/// One that follows the bus.
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

    /// Follows no more, and says so: nobody waits for its receipts then. Who is merely dropped may have been cut off.
    ///
    /// # Errors
    /// Nobody may know of it.
    pub async fn leave(self) -> Result<(), BusError> {
        match self {
            Self::Local(follower) => {
                drop(follower);
                Ok(())
            }
            Self::JetStream(follower) => follower.leave().await,
        }
    }

    /// What acknowledges on its behalf, while it hears on.
    #[must_use]
    pub fn acknowledging(&self) -> Acknowledging {
        match self {
            Self::Local(follower) => Acknowledging::Local(follower.acknowledging()),
            Self::JetStream(follower) => Acknowledging::JetStream(follower.acknowledging()),
        }
    }

    /// As [`Acknowledging::acknowledge`].
    ///
    /// # Errors
    /// Nobody may know of it yet.
    pub async fn acknowledge(&self, id: MessageId) -> Result<(), BusError> {
        self.acknowledging().acknowledge(id).await
    }
}

/// Who acknowledges messages in a follower's name.
#[derive(Debug, Clone)]
pub enum Acknowledging {
    /// Within this process.
    Local(LocalAcknowledging),
    /// Over NATS.
    JetStream(JetStreamAcknowledging),
}

impl Acknowledging {
    /// Says that the message has been taken to heart: what it asks for holds here.
    ///
    /// # Errors
    /// Nobody may know of it yet.
    pub async fn acknowledge(&self, id: MessageId) -> Result<(), BusError> {
        match self {
            Self::Local(acknowledging) => {
                acknowledging.acknowledge(id);
                Ok(())
            }
            Self::JetStream(acknowledging) => acknowledging.acknowledge(id).await,
        }
    }
}
