//! How much of a package is checked.

use std::fmt;
use std::str::FromStr;

/// Which rules a package is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Those that read files: what every package passes before it is published.
    #[default]
    Fast,
    /// All: every rendition is decoded, too, and heard beside the others.
    Full,
}

impl fmt::Display for Verify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fast => "fast",
            Self::Full => "full",
        })
    }
}

/// Neither fast nor full.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no way to verify; accepted are fast and full")]
pub struct UnknownVerify(String);

impl FromStr for Verify {
    type Err = UnknownVerify;

    fn from_str(text: &str) -> Result<Self, UnknownVerify> {
        [Self::Fast, Self::Full]
            .into_iter()
            .find(|verify| verify.to_string() == text)
            .ok_or_else(|| UnknownVerify(text.to_owned()))
    }
}
