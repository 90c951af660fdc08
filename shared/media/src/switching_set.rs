//! What players may switch between.

use std::collections::BTreeSet;
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

/// Not a set, or a list of none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a switching set; accepted are aac, ogg, opus and saver, joined by commas")]
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

/// The sets of one version: at least one. Written as `aac,ogg`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<SwitchingSet>")]
pub struct SwitchingSets(BTreeSet<SwitchingSet>);

impl SwitchingSets {
    /// The sets in their order.
    pub fn iter(&self) -> impl Iterator<Item = SwitchingSet> + '_ {
        self.0.iter().copied()
    }

    /// Whether a set is among them.
    #[must_use]
    pub fn contains(&self, set: SwitchingSet) -> bool {
        self.0.contains(&set)
    }

    /// The same, and `set`.
    #[must_use]
    pub fn and(mut self, set: SwitchingSet) -> Self {
        self.0.insert(set);
        self
    }
}

impl Default for SwitchingSets {
    /// What every song gets.
    fn default() -> Self {
        Self(BTreeSet::from([SwitchingSet::Aac, SwitchingSet::Ogg]))
    }
}

impl TryFrom<BTreeSet<SwitchingSet>> for SwitchingSets {
    type Error = UnknownSet;

    fn try_from(sets: BTreeSet<SwitchingSet>) -> Result<Self, UnknownSet> {
        if sets.is_empty() { Err(UnknownSet(String::new())) } else { Ok(Self(sets)) }
    }
}

impl fmt::Display for SwitchingSets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(SwitchingSet::folder).collect();
        f.pad(&names.join(","))
    }
}

impl FromStr for SwitchingSets {
    type Err = UnknownSet;

    fn from_str(text: &str) -> Result<Self, UnknownSet> {
        text.split(',').map(|name| name.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_back_in_their_order() {
        let sets: SwitchingSets = "opus, aac".parse().unwrap();
        assert_eq!(sets.to_string(), "aac,opus");
        assert_eq!(sets.to_string().parse(), Ok(sets));
        assert_eq!(SwitchingSets::default().to_string(), "aac,ogg");
        for wrong in ["", ",", "aac,", "aac opus", "mp3"] {
            assert!(wrong.parse::<SwitchingSets>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn names_read_back() {
        for set in SwitchingSet::ALL {
            assert_eq!(set.to_string().parse(), Ok(set));
        }
        assert!("index".parse::<SwitchingSet>().is_err());
    }
}
