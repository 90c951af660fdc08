//! What a song is called in its object keys.

use std::str::FromStr;

use media::{AlbumId, ArtistId, MasterHash, SongId};
use origin::SongFolder;
use transcode::{Parameters, Tags};

use crate::names::spelt_alike;

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
    /// Where a master's package belongs. Without a catalogue, ids that nobody chose follow from what
    /// is there: the song's from the master, so that the same file is the same song; the artist's and
    /// the album's from their names, so that songs of one album share it; without a name, from the
    /// master, too.
    pub(crate) fn folder(
        &self,
        master: &MasterHash,
        tags: &Tags,
        parameters: &Parameters,
    ) -> SongFolder {
        let artist = tags.album_artist.as_ref().or(tags.artist.as_ref());
        let artist_id = artist.map(|name| ArtistId::derived_from_name(&spelt_alike(name)));
        let album_id =
            artist.zip(tags.album.as_ref()).map(|(artist, album)| album_of(artist, album));
        SongFolder {
            artist: self.artist.or(artist_id).unwrap_or_else(|| ArtistId::derived_from(master)),
            album: self.album.or(album_id).unwrap_or_else(|| AlbumId::derived_from(master)),
            song: self.song.unwrap_or_else(|| SongId::derived_from(master)),
            version: transcode::version_of(master, parameters),
        }
    }
}

/// The album of that title by that artist.
pub(crate) fn album_of(artist: &str, title: &str) -> AlbumId {
    AlbumId::derived_from_name(&format!("{}\n{}", spelt_alike(artist), spelt_alike(title)))
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
        let folder = ids.folder(&master, &Tags::default(), &Parameters::default());
        assert_eq!((folder.artist.to_string(), folder.album.to_string()), (A.into(), B.into()));
        assert_eq!(folder.song, SongId::derived_from(&master));
    }

    #[test]
    fn songs_of_one_album_share_it_however_it_is_spelt() {
        let folder = |seed, artist: &str, album_artist: Option<&str>, album: &str| {
            let tags = Tags {
                artist: Some(artist.to_owned()),
                album_artist: album_artist.map(str::to_owned),
                album: Some(album.to_owned()),
                ..Tags::default()
            };
            Ids::default().folder(&MasterHash::new([seed; 32]), &tags, &Parameters::default())
        };
        let one = folder(1, "Björk", None, "Début  Songs");
        let two = folder(2, "Somebody else", Some("bjo\u{308}rk "), "début songs");
        assert_eq!((one.artist, one.album), (two.artist, two.album));
        assert_ne!(one.song, two.song);
        assert_ne!(one.album, folder(3, "Ann", None, "Début Songs").album);
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in ["", "artist", "artist=", "artist=x", "label=x", &format!("song={A},song={B}")]
        {
            assert!(wrong.parse::<Ids>().is_err(), "{wrong}");
        }
    }
}
