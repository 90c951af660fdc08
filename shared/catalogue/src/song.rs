//! A song: what the artist said about it, and how far it has come.

use std::fmt;
use std::str::FromStr;

use media::{AlbumId, ArtistId, MasterHash, SongId, SwitchingSets, UserId, Version};
use serde::Serialize;

use crate::artwork::Artwork;
use crate::country::Territories;
use crate::credits::NewCredit;
use crate::identifier::Isrc;
use crate::musicbrainz::MusicBrainz;
use crate::name::{Name, ReleaseYear};
use crate::user::{AuthenticatedUser, Role};

/// How far a song has come: queued → processing → ready or failed. A retry leads back to queued. A withdrawn one is put
/// back to what it would be otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SongState {
    /// Its job waits for a worker.
    Queued,
    /// A worker has it.
    Processing,
    /// It plays.
    Ready,
    /// It was given up; the song says why.
    Failed,
    /// It must not be played any more.
    Withdrawn,
}

impl fmt::Display for SongState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Withdrawn => "withdrawn",
        })
    }
}

/// Not a state of a song.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not the state of a song")]
pub struct UnknownState(String);

impl FromStr for SongState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        [Self::Queued, Self::Processing, Self::Ready, Self::Failed, Self::Withdrawn]
            .into_iter()
            .find(|state| state.to_string() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// A song as it is accepted: its master is in the store already.
#[derive(Debug, Clone)]
pub struct NewSong {
    /// Its title.
    pub title: Name,
    /// Who made it; created where nobody has the name yet.
    pub artist: Name,
    /// Where it belongs; `None` makes a single-song album of the song's title.
    pub album: Option<Name>,
    /// Whom its album is filed under; `None` where that is who made the song. Songs of one
    /// compilation share it, and with it the album.
    pub album_artist: Option<Name>,
    /// What kind of music it is.
    pub genre: Option<Name>,
    /// When it came out.
    pub release_year: Option<ReleaseYear>,
    /// The master in the store.
    pub master: MasterHash,
    /// What the master was called when it was uploaded.
    pub file_name: Name,
    /// Whose upload it is.
    pub uploader: UserId,
    /// What else is known of it.
    pub particulars: Particulars,
}

/// What is known of some songs as they are accepted, and of others never.
#[derive(Debug, Clone, Default)]
pub struct Particulars {
    /// Whether its words are not for children.
    pub explicit: bool,
    /// The recording's code.
    pub isrc: Option<Isrc>,
    /// The disc of the album that it is on, from 1.
    pub disc: Option<TrackNumber>,
    /// Its place on that disc, from 1.
    pub track: Option<TrackNumber>,
    /// What MusicBrainz calls it.
    pub musicbrainz: MusicBrainz,
    /// Who made it, where that is not the artist alone.
    pub credits: Vec<NewCredit>,
}

/// The number of a song on its disc, or of a disc in its album.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct TrackNumber(u16);

/// Not such a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("accepted is a number from 1 to {}", TrackNumber::LAST)]
pub struct InvalidTrackNumber;

impl TrackNumber {
    /// The last one.
    pub const LAST: u16 = 999;

    /// That number, where it is one.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        let number = u16::try_from(number).ok()?;
        (1..=Self::LAST).contains(&number).then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl FromStr for TrackNumber {
    type Err = InvalidTrackNumber;

    fn from_str(text: &str) -> Result<Self, InvalidTrackNumber> {
        text.trim().parse().ok().and_then(Self::new).ok_or(InvalidTrackNumber)
    }
}

/// A song as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Song {
    /// Which.
    pub id: SongId,
    /// Its title.
    pub title: String,
    /// Who made it.
    pub artist_id: ArtistId,
    /// Their name.
    pub artist: String,
    /// Where it belongs.
    pub album_id: AlbumId,
    /// The album's title.
    pub album: String,
    /// What kind of music it is.
    pub genre: Option<String>,
    /// When it came out.
    pub release_year: Option<ReleaseYear>,
    /// The master of the newest upload.
    pub master: MasterHash,
    /// Whose upload it is.
    pub uploader: UserId,
    /// How far it has come.
    pub state: SongState,
    /// Why it failed, for the artist to read.
    pub failure: Option<String>,
    /// When it was accepted, in milliseconds since 1970.
    pub created_ms: u64,
    /// Whether its words are not for children.
    pub explicit: bool,
    /// The recording's code.
    pub isrc: Option<Isrc>,
    /// The disc of the album that it is on, from 1.
    pub disc: Option<u16>,
    /// Its place on that disc, or in the album, from 1.
    pub track: Option<u16>,
    /// What MusicBrainz calls it.
    pub musicbrainz: MusicBrainz,
    /// Whether its artist still keeps it back.
    pub draft: bool,
    /// From when on it may be heard, in milliseconds since 1970.
    pub available_from_ms: Option<u64>,
    /// Until when it may be heard, in milliseconds since 1970.
    pub available_until_ms: Option<u64>,
    /// Where it may be heard; everywhere where nothing is said.
    pub territories: Option<Territories>,
    /// What it is shown with.
    pub artwork: Option<Artwork>,
    /// Counts the changes of all of this.
    pub edition: u64,
    /// What listeners get.
    pub current: Option<CurrentVersion>,
}

impl Song {
    /// Whether `viewer` may change what is said about it: its uploader and admins.
    #[must_use]
    pub fn is_of(&self, viewer: &Viewer) -> bool {
        match viewer {
            Viewer::Public => false,
            Viewer::Uploader(user) => self.uploader == *user,
            Viewer::Admin => true,
        }
    }
}

/// The version that listeners get, and where its objects lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentVersion {
    /// Which.
    pub version: Version,
    /// The artist in its object keys: the one at packaging time.
    pub artist: ArtistId,
    /// The album in its object keys.
    pub album: AlbumId,
    /// The song's exact length, rounded to milliseconds.
    pub duration_ms: u64,
    /// What players may choose from.
    pub sets: SwitchingSets,
    /// Whether there is a DASH manifest.
    pub dash: bool,
}

/// Who looks at the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Anybody: ready songs. Listeners, too, and keys of that role: what they have uploaded was in another one.
    Public,
    /// Somebody who may upload: ready songs and their own.
    Uploader(UserId),
    /// All songs.
    Admin,
}

impl From<Option<&AuthenticatedUser>> for Viewer {
    fn from(user: Option<&AuthenticatedUser>) -> Self {
        match user {
            None => Self::Public,
            Some(user) if user.role == Role::Admin => Self::Admin,
            Some(user) if user.may_upload() => Self::Uploader(user.id),
            Some(_) => Self::Public,
        }
    }
}
