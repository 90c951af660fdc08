//! Whom purges are told beside our own edges, and how.

use std::str::FromStr;
use std::sync::Arc;

use crate::pace::Rate;
use crate::targets::Target;

/// How often something is tried before it is a dead letter, where nobody says otherwise: for about an hour.
pub const ATTEMPTS: u32 = 20;

/// What a hook is called: 1 to 64 lower-case letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HookName(Arc<str>);

/// Not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hook's name is 1 to 64 lower-case letters, digits, '-' and '_'")]
pub struct InvalidHookName;

impl HookName {
    /// Itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HookName {
    type Err = InvalidHookName;

    fn from_str(text: &str) -> Result<Self, InvalidHookName> {
        let is_fine =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(is_fine);
        if fits { Ok(Self(text.into())) } else { Err(InvalidHookName) }
    }
}

/// Somebody who is told of purges.
#[derive(Debug, Clone)]
pub struct Hook {
    /// What it is called.
    pub name: HookName,
    /// How far out it lies: those with a lower number are told first, since those with a higher one fetch from them.
    pub stage: u8,
    /// Who it is.
    pub target: Target,
    /// How many requests it may be sent.
    pub rate: Rate,
    /// How often something is tried.
    pub attempts: u32,
    /// Whether it may be an address that is not of the public internet, or without TLS.
    pub allow_private: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert_eq!("fastly-eu_1".parse::<HookName>().expect("a name").as_str(), "fastly-eu_1");
        for wrong in ["", "Fastly", "a b", "ä", &"a".repeat(65)] {
            assert!(wrong.parse::<HookName>().is_err(), "{wrong}");
        }
    }
}
