//! What ends playback tokens before their time.

use std::time::SystemTime;

use media::UserId;
use serde::{Deserialize, Serialize};

use crate::numeric_date;

/// Whose tokens are opened no more. As JSON: `{"session": "…", "at": 1780000000, "until": 1790000000}` or
/// `{"user": "…", "at": …, "until": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Revocation {
    /// Whose.
    #[serde(flatten)]
    pub of: Revoked,
    /// When it was said: tokens that were issued later are others. A token is issued at the start of the window that it is
    /// minted in ([`WINDOW`](crate::playback::WINDOW)), so that those of the same window are revoked with it. As JSON, whole
    /// seconds since 1970.
    #[serde(with = "numeric_date::seconds")]
    pub at: SystemTime,
    /// When it may be forgotten: no token that was minted before it lives longer
    /// ([`playback::LONGEST_LIFE`](crate::playback::LONGEST_LIFE)). As JSON, whole seconds since 1970.
    #[serde(with = "numeric_date::seconds")]
    pub until: SystemTime,
}

/// The tokens that a [`Revocation`] is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revoked {
    /// Those of one session: the claim `sid`.
    Session(String),
    /// Those of one listener: the claim `sub`.
    User(UserId),
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn reads_back_as_json() {
        let at = UNIX_EPOCH + Duration::from_secs(1_780_000_000);
        let until = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let user = "0190d2a5-7c1e-7bbb-8123-000000000009";
        for (of, json) in [
            (
                Revoked::Session("a".to_owned()),
                r#"{"session":"a","at":1780000000,"until":1790000000}"#.to_owned(),
            ),
            (
                Revoked::User(user.parse().expect("a UUID")),
                format!(r#"{{"user":"{user}","at":1780000000,"until":1790000000}}"#),
            ),
        ] {
            let revocation = Revocation { of, at, until };
            assert_eq!(serde_json::to_string(&revocation).expect("JSON"), json);
            assert_eq!(serde_json::from_str::<Revocation>(&json).expect("it"), revocation);
        }
        for wrong in [
            r#"{"at":1,"until":1}"#,
            r#"{"session":"a","until":1}"#,
            r#"{"session":"a","at":1,"until":-1}"#,
        ] {
            assert!(serde_json::from_str::<Revocation>(wrong).is_err(), "{wrong}");
        }
    }
}
