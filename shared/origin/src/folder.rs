//! Where one version of a song lives.

use std::fmt;

use media::ids::{AlbumId, ArtistId, SongId, Version};

use crate::surrogate_key::SurrogateKey;

/// The folder of one version: `artist/{artist}/album/{album}/{song}/{version}`. The ids are fixed
/// when the song is packaged and never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SongFolder {
    /// The artist at packaging time.
    pub artist: ArtistId,
    /// The album at packaging time.
    pub album: AlbumId,
    /// The song.
    pub song: SongId,
    /// The packaging of one master.
    pub version: Version,
}

impl SongFolder {
    /// `song:{id}`, `album:{id}`, `artist:{id}` and `version:{hash}`: what a purge may name.
    #[must_use]
    pub fn surrogate_keys(&self) -> [SurrogateKey; 4] {
        [
            SurrogateKey::Song(self.song),
            SurrogateKey::Album(self.album),
            SurrogateKey::Artist(self.artist),
            SurrogateKey::Version(self.version),
        ]
    }
}

impl fmt::Display for SongFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { artist, album, song, version } = self;
        write!(f, "artist/{artist}/album/{album}/{song}/{version}")
    }
}
