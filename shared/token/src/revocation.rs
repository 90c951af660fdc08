//! What ends playback tokens before their time.

use std::time::SystemTime;

use media::UserId;
use serde::{Deserialize, Serialize};

use crate::numeric_date;

/// Whose tokens are opened no more. As JSON: `{"session": "…", "until": 1790000000}` or `{"user": "…", "until": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Revocation {
    /// Whose.
    #[serde(flatten)]
    pub of: Revoked,
    /// When it may be forgotten: no token that was minted before it lives longer
    /// ([`playback::longest_life`](crate::playback::longest_life)). As JSON, whole seconds since 1970.
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
        let until = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let user = "0190d2a5-7c1e-7bbb-8123-000000000009";
        for (of, json) in [
            (Revoked::Session("a".to_owned()), r#"{"session":"a","until":1790000000}"#.to_owned()),
            (
                Revoked::User(user.parse().expect("a UUID")),
                format!(r#"{{"user":"{user}","until":1790000000}}"#),
            ),
        ] {
            let revocation = Revocation { of, until };
            assert_eq!(serde_json::to_string(&revocation).expect("JSON"), json);
            assert_eq!(serde_json::from_str::<Revocation>(&json).expect("it"), revocation);
        }
        for wrong in [r#"{"until":1}"#, r#"{"session":"a"}"#, r#"{"session":"a","until":-1}"#] {
            assert!(serde_json::from_str::<Revocation>(wrong).is_err(), "{wrong}");
        }
    }
}
