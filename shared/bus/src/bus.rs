//! Who says something.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use crate::follower::Follower;
use crate::jetstream::JetStream;
use crate::local::Local;
use crate::message::{MessageId, Name, Receipts};
use crate::remarks::Remarks;

/// Why something could not be said, or asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The journal of a bus in one process.
    #[error("the journal of the bus cannot be written: {0}")]
    Journal(#[from] io::Error),
    /// Where the journal is not one.
    #[error("the journal of the bus is damaged at line {line}: {reason}")]
    Damaged {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// NATS.
    #[error("NATS did not take or answer it: {0}")]
    Nats(#[source] async_nats::Error),
    /// A URL that leads to no server.
    #[error("'{0}' is no URL of a NATS server: it is nats://HOST:PORT or tls://HOST:PORT")]
    Url(String),
}

/// The bus. Cloning shares it.
#[derive(Debug, Clone)]
pub enum Bus {
    /// Everybody is in this process.
    Local(Local),
    /// Everybody reaches a NATS server with JetStream.
    JetStream(Arc<JetStream>),
}

impl Bus {
    /// A bus within this process that remembers in the file at `journal`, which nobody else may have open. Must be
    /// called within a tokio runtime, as all of it must.
    ///
    /// # Errors
    /// [`BusError::Journal`] where the file cannot be read or written, [`BusError::Damaged`] where it is something else.
    pub fn open(journal: &Path) -> Result<Self, BusError> {
        Local::open(journal).map(Self::Local)
    }

    /// A bus within this process that remembers nothing beyond it.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::Local(Local::default())
    }

    /// A bus over the NATS server at `url`, which need not be there yet. Its streams are named after `prefix`, and are
    /// made where they are missing.
    ///
    /// # Errors
    /// [`BusError::Url`] where it is none.
    pub async fn connect(url: &str, prefix: &Name) -> Result<Self, BusError> {
        JetStream::connect(url, prefix).await.map(Arc::new).map(Self::JetStream)
    }

    /// Says something once. The same `id` again within two minutes says nothing.
    ///
    /// # Errors
    /// It may or may not have been said: say it again under the same id.
    pub async fn pass(&self, id: MessageId, body: Value) -> Result<(), BusError> {
        match self {
            Self::Local(local) => local.say(id, None, body, None).await,
            Self::JetStream(jetstream) => jetstream.pass(id, body).await,
        }
    }

    /// Says what holds under `key` from now on; `Null` clears it. It may be forgotten after `until`, where there is an
    /// end. Of several that are said again in their order, the last one holds.
    ///
    /// # Errors
    /// As [`Bus::pass`].
    pub async fn set(
        &self,
        id: MessageId,
        key: &Name,
        body: Value,
        until: Option<SystemTime>,
    ) -> Result<(), BusError> {
        match self {
            Self::Local(local) => local.say(id, Some(key.clone()), body, until).await,
            // A server before 2.11 knows no ends of single messages: it remembers them all.
            Self::JetStream(jetstream) => jetstream.set(id, key, body).await,
        }
    }

    /// Hears everything that is kept, and then all that comes, under a name that no other follower should have.
    #[must_use]
    pub fn follow(&self, name: Name) -> Follower {
        match self {
            Self::Local(local) => Follower::Local(local.follow(name)),
            Self::JetStream(jetstream) => Follower::JetStream(jetstream.follow(name)),
        }
    }

    /// Says something to whoever listens now: it is not kept, may be lost, and is dropped where the bus is away. Never
    /// waits for anybody.
    pub async fn remark(&self, body: Value) {
        match self {
            Self::Local(local) => local.remark(body),
            Self::JetStream(jetstream) => jetstream.remark(&body).await,
        }
    }

    /// Hears remarks from now on.
    ///
    /// # Errors
    /// The bus is closed.
    pub async fn overhear(&self) -> Result<Remarks, BusError> {
        match self {
            Self::Local(local) => Ok(Remarks::Local(local.overhear())),
            Self::JetStream(jetstream) => jetstream.overhear().await.map(Remarks::Nats),
        }
    }

    /// How far a message has come; `None` where no such message was said. Receipts
    /// are kept for a day at least.
    ///
    /// # Errors
    /// The bus cannot be asked.
    pub async fn receipts(&self, id: MessageId) -> Result<Option<Receipts>, BusError> {
        match self {
            Self::Local(local) => Ok(local.receipts(id)),
            Self::JetStream(jetstream) => jetstream.receipts(id).await,
        }
    }
}
