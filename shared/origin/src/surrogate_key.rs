//! What objects have in common, and may be purged by.

use std::fmt;
use std::str::FromStr;

use media::ids::{AlbumId, ArtistId, SongId, Version};
use serde::{Deserialize, Serialize};

use crate::object::Object;

/// A surrogate key, as it stands in `Surrogate-Key` and in a purge: `song:{id}`, `album:{id}`,
/// `artist:{id}` or `version:{hash}`. It has this one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum SurrogateKey {
    /// A song in all its versions.
    Song(SongId),
    /// The songs that were packaged under an album.
    Album(AlbumId),
    /// The songs that were packaged under an artist.
    Artist(ArtistId),
    /// One packaging of one master.
    Version(Version),
}

/// Not a surrogate key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no surrogate key: it is song:, album: or artist: and a UUID in lower case, or version: and 32 hex digits"
)]
pub struct InvalidSurrogateKey(String);

impl SurrogateKey {
    /// Whether the object has the key.
    #[must_use]
    pub fn covers(&self, object: &Object) -> bool {
        match object {
            Object::Song(folder, _) => folder.surrogate_keys().contains(self),
            Object::Master(_) | Object::Artwork(_) => false,
        }
    }
}

impl fmt::Display for SurrogateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Song(id) => write!(f, "song:{id}"),
            Self::Album(id) => write!(f, "album:{id}"),
            Self::Artist(id) => write!(f, "artist:{id}"),
            Self::Version(hash) => write!(f, "version:{hash}"),
        }
    }
}

impl FromStr for SurrogateKey {
    type Err = InvalidSurrogateKey;

    fn from_str(text: &str) -> Result<Self, InvalidSurrogateKey> {
        read(text).ok_or_else(|| InvalidSurrogateKey(text.to_owned()))
    }
}

fn read(text: &str) -> Option<SurrogateKey> {
    let (kind, id) = text.split_once(':')?;
    match kind {
        "song" => id.parse().ok().map(SurrogateKey::Song),
        "album" => id.parse().ok().map(SurrogateKey::Album),
        "artist" => id.parse().ok().map(SurrogateKey::Artist),
        "version" => id.parse().ok().map(SurrogateKey::Version),
        _ => None,
    }
}

impl From<SurrogateKey> for String {
    fn from(key: SurrogateKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for SurrogateKey {
    type Error = InvalidSurrogateKey;

    fn try_from(text: String) -> Result<Self, InvalidSurrogateKey> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190d2a5-7c1e-7bbb-8123-000000000003";

    #[test]
    fn keys_read_back() {
        for kind in ["song", "album", "artist"] {
            let text = format!("{kind}:{ID}");
            assert_eq!(text.parse::<SurrogateKey>().expect("a key").to_string(), text);
        }
        let version = format!("version:{}", "0f".repeat(16));
        assert_eq!(version.parse::<SurrogateKey>().expect("a key").to_string(), version);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            String::new(),
            "song".to_owned(),
            ID.to_owned(),
            format!("song: {ID}"),
            format!("song:{}", ID.to_uppercase()),
            format!("Song:{ID}"),
            format!("master:{ID}"),
            format!("version:{ID}"),
            format!("song:{}", "0f".repeat(16)),
            format!("song:{ID},album:{ID}"),
            "song:*".to_owned(),
        ] {
            assert!(text.parse::<SurrogateKey>().is_err(), "{text:?}");
        }
    }
}
