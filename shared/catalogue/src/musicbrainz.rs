//! What recordings, releases and artists are called by MusicBrainz (<https://musicbrainz.org/doc/MusicBrainz_Identifier>).

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use uuid::Uuid;

/// The most artists that one song names.
pub const MOST_ARTIST_IDS: usize = 50;

/// A MusicBrainz identifier: a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Mbid(Uuid);

/// Why a text is none, or not a list of some.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMbid {
    /// Not a UUID.
    #[error("'{0}' is no id of MusicBrainz; accepted is a UUID with hyphens")]
    Id(String),
    /// None, or more than a song has.
    #[error("accepted are 1 to {MOST_ARTIST_IDS} ids of MusicBrainz with spaces between")]
    Count,
}

impl fmt::Display for Mbid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Mbid {
    type Err = InvalidMbid;

    fn from_str(text: &str) -> Result<Self, InvalidMbid> {
        let text = text.trim();
        let uuid = text.parse().ok().filter(|_| text.len() == 36).map(Self);
        uuid.ok_or_else(|| InvalidMbid::Id(text.chars().take(40).collect()))
    }
}

/// The ids of a song's artists, in their order: one at least, each once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ArtistIds(Vec<Mbid>);

impl ArtistIds {
    /// These, each once; `None` where they are none or too many.
    #[must_use]
    pub fn of(ids: impl IntoIterator<Item = Mbid>) -> Option<Self> {
        let mut kept: Vec<Mbid> = Vec::new();
        for id in ids {
            if !kept.contains(&id) {
                kept.push(id);
            }
        }
        (1..=MOST_ARTIST_IDS).contains(&kept.len()).then_some(Self(kept))
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Mbid> {
        self.0.iter()
    }
}

impl fmt::Display for ArtistIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.0.iter().map(Mbid::to_string).collect();
        f.write_str(&ids.join(" "))
    }
}

impl FromStr for ArtistIds {
    type Err = InvalidMbid;

    fn from_str(text: &str) -> Result<Self, InvalidMbid> {
        let ids: Vec<Mbid> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        Self::of(ids).ok_or(InvalidMbid::Count)
    }
}

/// What MusicBrainz calls a song.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MusicBrainz {
    /// The recording.
    pub recording: Option<Mbid>,
    /// The release that it is on.
    pub release: Option<Mbid>,
    /// Who made it.
    pub artists: Option<ArtistIds>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_in_any_case_and_lists_have_each_once() {
        let id = "8f6bd1e4-fbe1-4f50-aa9b-94c450ec0f11";
        assert_eq!(id.to_uppercase().parse::<Mbid>().map(|id| id.to_string()), Ok(id.to_owned()));
        let ids = format!("{id} {id}").parse::<ArtistIds>().expect("a list");
        assert_eq!(ids.to_string(), id);
        for wrong in ["", "x", &id.replace('-', ""), &format!("{{{id}}}")] {
            assert!(wrong.parse::<Mbid>().is_err(), "{wrong:?}");
        }
        assert_eq!("".parse::<ArtistIds>(), Err(InvalidMbid::Count));
    }
}
