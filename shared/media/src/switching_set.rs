//! What players may switch between.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::codec::Codec;

/// The renditions of a song that a player may switch between in mid-song: CMAF's switching set
/// (ISO 23000-19 7.3.4.1), and one multivariant playlist. Within a set, codec and container are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SwitchingSet {
    /// AAC-LC in fMP4: plays everywhere.
    Aac,
    /// Opus in Ogg: mpv, VLC, ffmpeg, and plain download.
    Ogg,
    /// The same Opus packets in fMP4: better than AAC at equal rate where it plays.
    Opus,
    /// HE-AAC in fMP4, alone in its set: switching between it and AAC-LC is heard.
    Saver,
}

/// How a rendition's access units are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// CMAF fMP4 (ISO 23000-19): an init section and segments.
    Fmp4,
    /// Ogg (RFC 3533): one progressive file, whose segments are ranges of pages.
    Ogg,
}

impl SwitchingSet {
    /// Every set, in the order of playlists and listings.
    pub const ALL: [Self; 4] = [Self::Aac, Self::Ogg, Self::Opus, Self::Saver];

    /// What its renditions are encoded with.
    #[must_use]
    pub fn codec(self) -> Codec {
        match self {
            Self::Aac => Codec::AacLc,
            Self::Ogg | Self::Opus => Codec::Opus,
            Self::Saver => Codec::HeAac,
        }
    }

    /// What holds its renditions.
    #[must_use]
    pub fn container(self) -> Container {
        match self {
            Self::Aac | Self::Opus | Self::Saver => Container::Fmp4,
            Self::Ogg => Container::Ogg,
        }
    }

    /// The folder of its renditions under a version.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Aac => "aac",
            Self::Ogg => "ogg",
            Self::Opus => "opus",
            Self::Saver => "saver",
        }
    }

    /// What its multivariant playlists' names begin with.
    #[must_use]
    pub fn stem(self) -> &'static str {
        match self {
            Self::Aac => "index",
            other => other.folder(),
        }
    }
}

impl fmt::Display for SwitchingSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.folder())
    }
}

/// Not a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a switching set; accepted are aac, ogg, opus and saver")]
pub struct UnknownSet(String);

impl FromStr for SwitchingSet {
    type Err = UnknownSet;

    fn from_str(text: &str) -> Result<Self, UnknownSet> {
        Self::ALL
            .into_iter()
            .find(|set| set.folder() == text)
            .ok_or_else(|| UnknownSet(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for set in SwitchingSet::ALL {
            assert_eq!(set.to_string().parse(), Ok(set));
        }
        assert!("index".parse::<SwitchingSet>().is_err());
    }
}
