//! What somebody pays for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::user::Role;

/// What somebody pays for. Each plan hears what the one before it hears.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// Nothing.
    Free,
    /// The whole ladder.
    Premium,
}

impl Plan {
    /// What an account of `role` begins with: whoever runs it hears everything.
    #[must_use]
    pub fn at_first(role: Role) -> Self {
        if role == Role::Admin { Self::Premium } else { Self::Free }
    }
}

impl Plan {
    /// At how many places it plays at a time.
    #[must_use]
    pub fn streams(self) -> u32 {
        match self {
            Self::Free => 1,
            Self::Premium => 3,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Free => "free",
            Self::Premium => "premium",
        })
    }
}

/// Not a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a plan; accepted are free and premium")]
pub struct UnknownPlan(String);

impl FromStr for Plan {
    type Err = UnknownPlan;

    fn from_str(text: &str) -> Result<Self, UnknownPlan> {
        [Self::Free, Self::Premium]
            .into_iter()
            .find(|plan| plan.to_string() == text)
            .ok_or_else(|| UnknownPlan(text.to_owned()))
    }
}
