//! What a song is called in its object keys.

use std::str::FromStr;

use media::{AlbumId, ArtistId, MasterHash, SongId};
use origin::SongFolder;
use transcode::Parameters;

/// Ids that somebody chose: `artist=UUID,album=UUID,song=UUID`, each at most once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) artist: Option<ArtistId>,
    pub(crate) album: Option<AlbumId>,
    pub(crate) song: Option<SongId>,
}

/// Not a list of ids.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidIds {
    #[error("'{0}' is none of artist=UUID, album=UUID and song=UUID")]
    Unknown(String),
    #[error("the {0} is given twice")]
    Twice(String),
    #[error(transparent)]
    Id(#[from] media::ids::InvalidId),
}

impl FromStr for Ids {
    type Err = InvalidIds;

    fn from_str(text: &str) -> Result<Self, InvalidIds> {
        let mut ids = Self::default();
        for part in text.split(',') {
            let (name, id) =
                part.split_once('=').ok_or_else(|| InvalidIds::Unknown(part.to_owned()))?;
            let twice = match name.trim() {
                "artist" => ids.artist.replace(id.trim().parse()?).is_some(),
                "album" => ids.album.replace(id.trim().parse()?).is_some(),
                "song" => ids.song.replace(id.trim().parse()?).is_some(),
                _ => return Err(InvalidIds::Unknown(part.to_owned())),
            };
            if twice {
                return Err(InvalidIds::Twice(name.trim().to_owned()));
            }
        }
        Ok(ids)
    }
}

impl Ids {
    /// Where a master's package belongs. Without a catalogue, ids that nobody chose follow from the
    /// master alone: the same file is the same song.
    pub(crate) fn folder(&self, master: &MasterHash, parameters: &Parameters) -> SongFolder {
        SongFolder {
            artist: self.artist.unwrap_or_else(|| ArtistId::derived_from(master)),
            album: self.album.unwrap_or_else(|| AlbumId::derived_from(master)),
            song: self.song.unwrap_or_else(|| SongId::derived_from(master)),
            version: transcode::version_of(master, parameters),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0190d2a5-7c1e-7bbb-8123-000000000001";
    const B: &str = "0190d2a5-7c1e-7bbb-8123-000000000002";

    #[test]
    fn chosen_ids_are_taken_and_the_others_follow_from_the_master() {
        let master = MasterHash::new([7; 32]);
        let ids: Ids = format!("artist={A}, album={B}").parse().unwrap();
        let folder = ids.folder(&master, &Parameters::default());
        assert_eq!((folder.artist.to_string(), folder.album.to_string()), (A.into(), B.into()));
        assert_eq!(folder.song, SongId::derived_from(&master));
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in ["", "artist", "artist=", "artist=x", "label=x", &format!("song={A},song={B}")]
        {
            assert!(wrong.parse::<Ids>().is_err(), "{wrong}");
        }
    }
}
