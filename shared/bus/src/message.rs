//! What is said over the bus.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// How long a passing message is kept: who was away for longer is told that it has missed some.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long a follower may be silent at most, as long as it is well.
pub(crate) const SILENT: Duration = Duration::from_secs(60);

/// A message's own id, by which one that was sent twice is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(Uuid);

impl MessageId {
    /// A new one (UUIDv7).
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// When it was made.
    #[must_use]
    pub fn made_at(&self) -> SystemTime {
        made_at(&self.0)
    }
}

/// When a UUIDv7 was made.
fn made_at(id: &Uuid) -> SystemTime {
    let (seconds, nanoseconds) = id.get_timestamp().map_or((0, 0), |at| at.to_unix());
    SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds)
}

impl From<Uuid> for MessageId {
    /// An id that a message has elsewhere already: it must be a UUIDv7, made with the message.
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl From<MessageId> for Uuid {
    fn from(MessageId(id): MessageId) -> Self {
        id
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for MessageId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// What a follower, or what a standing message is about, is called: 1 to 128 letters, digits, `-`, `_` and `:`,
/// so that it is one token of a NATS subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no name: it has 1 to 128 letters, digits, '-', '_' and ':'")]
pub struct InvalidName(String);

impl Name {
    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':');
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidName(text.to_owned())) }
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// What a follower is told.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A passing message, in the order of sending.
    Passed {
        /// Its own id.
        id: MessageId,
        /// What was said.
        body: Value,
    },
    /// The last word under a key.
    Set {
        /// What it is about.
        key: Name,
        /// The id of the message.
        id: MessageId,
        /// What was said; `Null` where the key was cleared.
        body: Value,
    },
    /// Passing messages were dropped before this follower read them: what it keeps because of passing messages is
    /// no longer to be trusted.
    Missed,
    /// Everything that had been said when the follower last connected has been handed over.
    CaughtUp,
    /// The bus cannot be reached: something may be said that this follower does not hear yet.
    CutOff,
}

/// One that follows the bus: a name, and the run of whoever has it, since two may have one name by mistake.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// What it is called.
    pub name: Name,
    /// Made anew with every start.
    pub run: Uuid,
}

impl Identity {
    /// A new run under a name.
    #[must_use]
    pub(crate) fn of(name: Name) -> Self {
        Self { name, run: Uuid::now_v7() }
    }

    /// When the run began.
    fn began(&self) -> SystemTime {
        made_at(&self.run)
    }
}

/// A follower that has not said goodbye, and when it was last heard of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The follower.
    pub who: Identity,
    /// As JSON, milliseconds since 1970.
    #[serde(rename = "at_ms", with = "milliseconds")]
    pub at: SystemTime,
}

/// Who has taken a message to heart, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The follower.
    pub by: Identity,
    /// When it said so. As JSON, milliseconds since 1970.
    #[serde(rename = "at_ms", with = "milliseconds")]
    pub at: SystemTime,
}

/// How far a message has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipts {
    /// Who has it, in the order of their names.
    pub acknowledged: Vec<Receipt>,
    /// Who follows the bus, and has not said so: also who was cut off from it, or died, within the last day.
    pub pending: Vec<Presence>,
}

impl Receipts {
    /// The receipts of a message, of which `acknowledged` are there, where these follow the bus or did.
    pub(crate) fn new(
        id: MessageId,
        mut acknowledged: Vec<Receipt>,
        present: Vec<Presence>,
    ) -> Self {
        acknowledged.sort_by(|a, b| a.by.cmp(&b.by));
        let mut pending = without_former(present);
        // Who started afterwards has heard it, or what took its place, before it began to serve. Clocks may differ.
        pending.retain(|present| present.who.began() <= id.made_at() + SILENT);
        pending.retain(|present| !acknowledged.iter().any(|receipt| receipt.by == present.who));
        pending.sort_by(|a, b| a.who.cmp(&b.who));
        Self { acknowledged, pending }
    }
}

/// Without the former lives of those who have started again: a run that fell silent long before another of its name
/// was last heard of.
fn without_former(present: Vec<Presence>) -> Vec<Presence> {
    let is_later = |one: &Presence, other: &Presence| {
        one.who.name == other.who.name
            && one.at.duration_since(other.at).is_ok_and(|silence| silence > SILENT)
    };
    let is_former = |it: &Presence| present.iter().any(|other| is_later(other, it));
    present.iter().filter(|it| !is_former(it)).cloned().collect()
}

/// Times as milliseconds since 1970.
pub(crate) mod milliseconds {
    use std::time::{Duration, SystemTime};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &SystemTime, out: S) -> Result<S::Ok, S::Error> {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        out.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(read: D) -> Result<SystemTime, D::Error> {
        let milliseconds = Duration::from_millis(u64::deserialize(read)?);
        let time = SystemTime::UNIX_EPOCH.checked_add(milliseconds);
        time.ok_or_else(|| serde::de::Error::custom("a time beyond all clocks"))
    }

    /// The same for times that may not be there.
    pub(crate) mod optional {
        use std::time::SystemTime;

        use serde::{Deserializer, Serializer};

        pub(crate) fn serialize<S: Serializer>(
            at: &Option<SystemTime>,
            out: S,
        ) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => super::serialize(at, out),
                None => out.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'a, D: Deserializer<'a>>(
            read: D,
        ) -> Result<Option<SystemTime>, D::Error> {
            super::deserialize(read).map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_token_of_a_subject() {
        for name in ["edge-1", "song:0190d2a5-7c1e-7bbb-8123-000000000003", "A_b"] {
            assert_eq!(name.parse::<Name>().expect("a name").to_string(), name);
        }
        let long = "x".repeat(129);
        for text in ["", "a b", "a.b", "*", ">", "ä", &long] {
            assert!(text.parse::<Name>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_former_life_is_not_waited_for() {
        let at = |name: &str, seconds: u64| Presence {
            who: Identity::of(name.parse().expect("a name")),
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
        };
        let present =
            [at("a", 100), at("a", 161), at("b", 100), at("b", 160), at("silent", 1), at("c", 500)];
        let receipt = Receipt { by: present[5].who.clone(), at: present[5].at };
        let Receipts { acknowledged, mut pending } =
            Receipts::new(MessageId::generate(), vec![receipt.clone()], present.to_vec());
        pending.sort_by_key(|it| it.at);
        let waited_for = [4, 2, 3, 1].map(|it: usize| present[it].clone());
        assert_eq!((acknowledged, pending), (vec![receipt], waited_for.to_vec()));
    }

    #[test]
    fn who_started_long_after_is_not_waited_for() {
        let at = SystemTime::now();
        let who = Identity::of("edge".parse().expect("a name"));
        let began_late = |seconds: u64| {
            let made = at - Duration::from_secs(seconds);
            let since = made.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
            let stamp = uuid::Timestamp::from_unix(uuid::NoContext, since.as_secs(), 0);
            let present = vec![Presence { who: who.clone(), at }];
            Receipts::new(MessageId(Uuid::new_v7(stamp)), Vec::new(), present).pending.len()
        };
        assert_eq!((began_late(0), began_late(50), began_late(70)), (1, 1, 0));
    }

    #[test]
    fn a_receipt_reads_back() {
        let json = r#"{"by":{"name":"edge-1","run":"0190d2a5-7c1e-7bbb-8123-000000000003"},"at_ms":1790000000123}"#;
        let receipt: Receipt = serde_json::from_str(json).expect("a receipt");
        assert_eq!(serde_json::to_string(&receipt).expect("JSON"), json);
        assert!(serde_json::from_str::<Receipt>(r#"{"by":"a","at_ms":-1}"#).is_err());
    }
}
