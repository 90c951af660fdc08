//! What is said to all edges.

use bus::{Bus, BusError, MessageId, Name, News};
use origin::{Purge, PurgeTarget, SurrogateKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use token::Revocation;
use token::revocation::Revoked;

/// Something that every edge is to take to heart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Forget what is cached.
    Purge(Purge),
    /// Let these tokens open nothing more.
    Revoke(Revocation),
    /// Serve nothing that has this key, whatever the origin has.
    Withdraw(SurrogateKey),
    /// Serve it again.
    Restore(SurrogateKey),
}

/// What is said once.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Passing {
    Purge(Purge),
}

/// What stands until it is said otherwise, or is over.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Standing {
    Withdrawn(SurrogateKey),
    Revoked(Revocation),
}

impl Notice {
    /// Says it to all edges under a new id, by which its receipts are found.
    ///
    /// # Errors
    /// As [`Notice::say_as`].
    pub async fn say(&self, bus: &Bus) -> Result<MessageId, BusError> {
        let id = MessageId::generate();
        self.say_as(id, bus).await.map(|()| id)
    }

    /// The same under an id of the caller's: saying it again under the same id is saying it once.
    ///
    /// # Errors
    /// It may or may not have been said.
    pub async fn say_as(&self, id: MessageId, bus: &Bus) -> Result<(), BusError> {
        match self {
            Self::Purge(purge) => bus.pass(id, json(&Passing::Purge(purge.clone()))).await,
            Self::Revoke(revocation) => {
                let body = json(&Standing::Revoked(revocation.clone()));
                bus.set(id, &revoked(&revocation.of), body, Some(revocation.until)).await
            }
            Self::Withdraw(key) => {
                bus.set(id, &withdrawn(*key), json(&Standing::Withdrawn(*key)), None).await
            }
            Self::Restore(key) => bus.set(id, &withdrawn(*key), Value::Null, None).await,
        }
    }

    /// What the news comes to, and the id to acknowledge it by; nothing where it is none of a notice.
    pub(crate) fn of(news: &News) -> Option<(MessageId, Self)> {
        match news {
            News::Passed { id, body } => Some((*id, Passing::deserialize(body).ok()?.into())),
            News::Set { key, id, body } => Some((*id, standing(key, body)?)),
            News::Missed | News::CaughtUp | News::CutOff => None,
        }
    }

    /// What is to be done where notices were missed: whatever is cached may have been purged.
    pub(crate) fn after_missing() -> Self {
        Self::Purge(Purge::of(PurgeTarget::Everything))
    }
}

impl From<Passing> for Notice {
    fn from(Passing::Purge(purge): Passing) -> Self {
        Self::Purge(purge)
    }
}

/// What is cleared is restored: revocations are never taken back, they end.
fn standing(key: &Name, body: &Value) -> Option<Notice> {
    if body.is_null() {
        return key.as_str().parse().ok().map(Notice::Restore);
    }
    Standing::deserialize(body).ok().map(|standing| match standing {
        Standing::Withdrawn(key) => Notice::Withdraw(key),
        Standing::Revoked(revocation) => Notice::Revoke(revocation),
    })
}

fn json(message: &impl Serialize) -> Value {
    serde_json::to_value(message).expect("notices are plain JSON")
}

fn withdrawn(key: SurrogateKey) -> Name {
    key.to_string().parse().expect("a surrogate key is a kind, a colon and an id")
}

/// A session is whatever an issuer calls it: its hash is a name.
fn revoked(of: &Revoked) -> Name {
    let name = match of {
        Revoked::Session(session) => format!("session:{}", hex::encode(Sha256::digest(session))),
        Revoked::User(user) => format!("user:{user}"),
    };
    name.parse().expect("a kind, a colon and a hash or an id")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const SONG: &str = "song:0190d2a5-7c1e-7bbb-8123-000000000003";

    #[tokio::test]
    async fn what_is_said_is_what_is_heard() {
        let bus = Bus::in_memory();
        let key: SurrogateKey = SONG.parse().expect("a key");
        let until = UNIX_EPOCH + Duration::from_secs(4_000_000_000);
        let at = UNIX_EPOCH + Duration::from_secs(1_780_000_000);
        let revocation = Revocation { of: Revoked::Session("s".to_owned()), at, until };
        let notices = [
            Notice::Purge(Purge::of(PurgeTarget::Key(key))),
            Notice::Revoke(revocation),
            Notice::Withdraw(key),
            Notice::Restore(key),
        ];
        let mut follower = bus.follow("edge".parse().expect("a name"));
        assert_eq!(follower.next().await, News::CaughtUp);
        for notice in notices {
            let id = notice.say(&bus).await.expect("said");
            assert_eq!(Notice::of(&follower.next().await), Some((id, notice)));
        }
    }

    #[test]
    fn what_is_no_notice_is_passed_over() {
        let id = MessageId::generate();
        let passed =
            |text: &str| News::Passed { id, body: serde_json::from_str(text).expect("JSON") };
        for text in ["null", "{}", r#"{"purge":{}}"#, r#"{"later":{"x":1}}"#] {
            assert_eq!(Notice::of(&passed(text)), None, "{text}");
        }
        let set = |key: &str, body: &str| News::Set {
            key: key.parse().expect("a name"),
            id,
            body: serde_json::from_str(body).expect("JSON"),
        };
        assert!(Notice::of(&set(SONG, &format!("{{\"withdrawn\":\"{SONG}\"}}"))).is_some());
        for (key, body) in [("song:1", "null"), (SONG, r#"{"withdrawn":"song:1"}"#), (SONG, "1")] {
            assert_eq!(Notice::of(&set(key, body)), None, "{key} {body}");
        }
    }
}
