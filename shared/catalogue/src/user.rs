//! Somebody with an account.

use std::fmt;
use std::str::FromStr;

use media::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an account may do. Each role may do what the one before it may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Plays songs.
    Listener,
    /// Uploads songs as well.
    Artist,
    /// Sees everything.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listener => "listener",
            Self::Artist => "artist",
            Self::Admin => "admin",
        })
    }
}

/// Not a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a role; accepted are listener, artist and admin")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        [Self::Listener, Self::Artist, Self::Admin]
            .into_iter()
            .find(|role| role.to_string() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// An account without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The name to log in with.
    pub username: String,
    /// What the account may do.
    pub role: Role,
}

/// Whose request this is. The layer that checks bearer tokens puts it into the extensions of the
/// request, and the handlers behind that layer read it from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticatedUser {
    /// Who.
    pub id: UserId,
    /// What they may do.
    pub role: Role,
}

impl AuthenticatedUser {
    /// Whether they may upload songs.
    #[must_use]
    pub fn may_upload(&self) -> bool {
        self.role >= Role::Artist
    }
}
