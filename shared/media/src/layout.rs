//! How the fMP4 renditions of a version are laid out in the store.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How fMP4 renditions are stored. Ogg renditions are one file each either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// A file for the init section and one per segment.
    #[default]
    Segments,
    /// One file, with a segment index and byte ranges: fewer objects.
    SingleFile,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Segments => "segments",
            Self::SingleFile => "single-file",
        })
    }
}

/// Not a layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a layout; accepted are segments and single-file")]
pub struct UnknownLayout(String);

impl FromStr for Layout {
    type Err = UnknownLayout;

    fn from_str(text: &str) -> Result<Self, UnknownLayout> {
        [Self::Segments, Self::SingleFile]
            .into_iter()
            .find(|layout| layout.to_string() == text)
            .ok_or_else(|| UnknownLayout(text.to_owned()))
    }
}
