//! The streams of a bus: what they are called, and what they keep.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::stream::Config;

use super::nats;
use crate::bus::BusError;
use crate::message::{Identity, KEPT, MessageId, Name};

/// How long a receipt is kept, and a follower waited for that was heard of no more.
const RECEIPTS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Words under one key that are kept though later ones hold. A server that is started again knows what was said by what it
/// keeps: were only the last word known, an older one that is said again would come after it, and hold.
pub(super) const OLDER_WORDS: i64 = 63;

/// How long words are known by their ids, so that they can be said again: whoever said them may come back late.
const KNOWN: Duration = Duration::from_secs(24 * 60 * 60);

/// The streams of the bus that is called `prefix`. Cloning shares what is known of them.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    prefix: String,
    names: [String; 4],
    made: Arc<AtomicBool>,
}

impl Streams {
    pub(super) fn of(prefix: &Name) -> Self {
        let prefix = prefix.to_string();
        let names =
            ["passing", "standing", "receipts", "followers"].map(|it| format!("{prefix}-{it}"));
        Self { prefix, names, made: Arc::default() }
    }

    pub(super) fn passing(&self) -> &str {
        &self.names[0]
    }

    pub(super) fn standing(&self) -> &str {
        &self.names[1]
    }

    pub(super) fn receipts(&self) -> &str {
        &self.names[2]
    }

    pub(super) fn followers(&self) -> &str {
        &self.names[3]
    }

    pub(super) fn passing_subject(&self) -> String {
        format!("{}.passing", self.prefix)
    }

    /// What is said there is in no stream.
    pub(super) fn remarks_subject(&self) -> String {
        format!("{}.remarks", self.prefix)
    }

    pub(super) fn standing_subject(&self, key: &Name) -> String {
        format!("{}.standing.{key}", self.prefix)
    }

    pub(super) fn all_standing(&self) -> String {
        format!("{}.standing.>", self.prefix)
    }

    /// What a standing message is about.
    pub(super) fn key_of(&self, subject: &str) -> Option<Name> {
        let rest = subject.strip_prefix(&self.prefix)?.strip_prefix(".standing.")?;
        rest.parse().ok()
    }

    /// Where it is noted that a message was said at all.
    pub(super) fn said_subject(&self, id: MessageId) -> String {
        format!("{}.receipts.{id}", self.prefix)
    }

    pub(super) fn receipt_subject(&self, id: MessageId, by: &Identity) -> String {
        format!("{}.receipts.{id}.{}.{}", self.prefix, by.name, by.run)
    }

    pub(super) fn receipts_of(&self, id: MessageId) -> String {
        format!("{}.receipts.{id}.*.*", self.prefix)
    }

    pub(super) fn follower_subject(&self, who: &Identity) -> String {
        format!("{}.followers.{}.{}", self.prefix, who.name, who.run)
    }

    pub(super) fn all_followers(&self) -> String {
        format!("{}.followers.>", self.prefix)
    }

    /// Makes the streams where they are missing; asks the server only where that is not known to have gone well.
    pub(super) async fn ensure(&self, context: &Context) -> Result<(), BusError> {
        if !self.made.load(Ordering::Acquire) {
            for config in self.configs() {
                context.get_or_create_stream(config).await.map_err(nats)?;
            }
            self.made.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Something went wrong: perhaps the server has forgotten them.
    pub(super) fn doubt(&self) {
        self.made.store(false, Ordering::Release);
    }

    fn configs(&self) -> [Config; 4] {
        let stream = |name: &str, subjects: String, per_subject: i64, max_age: Duration| Config {
            name: name.to_owned(),
            subjects: vec![subjects],
            max_messages_per_subject: per_subject,
            max_age,
            ..Config::default()
        };
        let all = |kind: &str| format!("{}.{kind}.>", self.prefix);
        [
            stream(self.passing(), self.passing_subject(), -1, KEPT),
            Config {
                duplicate_window: KNOWN,
                ..stream(self.standing(), all("standing"), 1 + OLDER_WORDS, Duration::ZERO)
            },
            stream(self.receipts(), all("receipts"), 1, RECEIPTS_KEPT),
            stream(self.followers(), all("followers"), 1, RECEIPTS_KEPT),
        ]
    }
}
