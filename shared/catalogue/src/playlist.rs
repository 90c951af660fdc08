//! A playlist and what stands in it.

use std::fmt;
use std::str::FromStr;

pub use media::{EntryId, PlaylistId};
use media::{SongId, UserId};

use crate::error::CatalogueError;
use crate::name::Name;
use crate::place::Place;
use crate::playlist_rules::{Action, Standing};
use crate::song::Song;

/// Songs in one playlist at most.
pub const MOST_SONGS: u32 = 10_000;

/// Songs that one request puts in, moves or removes at most.
pub const MOST_AT_ONCE: usize = 1_000;

/// Playlists of one owner at most.
pub const MOST_PLAYLISTS: u32 = 10_000;

/// The longest description, in characters.
pub const LONGEST_DESCRIPTION: usize = 2_000;

/// What a playlist is said to be: any lines of text, up to [`LONGEST_DESCRIPTION`] characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description(String);

/// Why a text is not a [`Description`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDescription {
    /// Too many characters.
    #[error("A description has at most {LONGEST_DESCRIPTION} characters.")]
    TooLong,
    /// NUL and its like.
    #[error("A description is text without control characters.")]
    Control,
}

impl Description {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Description {
    type Err = InvalidDescription;

    fn from_str(text: &str) -> Result<Self, InvalidDescription> {
        let text = text.trim();
        match text {
            _ if text.chars().count() > LONGEST_DESCRIPTION => Err(InvalidDescription::TooLong),
            _ if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) => {
                Err(InvalidDescription::Control)
            }
            _ => Ok(Self(text.to_owned())),
        }
    }
}

/// A playlist as it is made.
#[derive(Debug, Clone)]
pub struct NewPlaylist {
    /// Its name; many may have the same.
    pub name: Name,
    /// What it is.
    pub description: Description,
    /// Whether everybody may see it.
    pub public: bool,
}

/// What is to be said differently of a playlist. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct PlaylistChange {
    /// Its name.
    pub name: Option<Name>,
    /// What it is.
    pub description: Option<Description>,
    /// Whether everybody may see it.
    pub public: Option<bool>,
}

/// A playlist, seen by somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playlist {
    /// Which.
    pub id: PlaylistId,
    /// Who made it.
    pub owner: UserId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Whether everybody may see it.
    pub public: bool,
    /// How many songs it has.
    pub songs: u32,
    /// How often it was changed.
    pub version: u64,
    /// How often its places were written anew.
    pub(crate) arrangement: u64,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it was last changed.
    pub updated_ms: u64,
    /// How whoever looks stands to it.
    pub standing: Standing,
}

impl Playlist {
    /// Whether whoever looks may do that.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.standing.may(action, self.public)
    }
}

/// A song in a playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub id: EntryId,
    /// The song, where whoever looks may know of it: songs come and go.
    pub song: Option<Song>,
    /// Who put it in, if they still have an account.
    pub added_by: Option<UserId>,
    /// When, in milliseconds since 1970.
    pub added_ms: u64,
    /// From where a page goes on.
    pub cursor: Cursor,
}

/// Where a page of entries ended. It stays good while others edit: whatever stood behind it then and still does comes
/// after it, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) arrangement: u64,
    pub(crate) place: Place,
    pub(crate) entry: EntryId,
}

/// Not what a page said where it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not the 'next' of a page of entries")]
pub struct InvalidCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.arrangement, self.place.to_hex(), self.entry)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let mut parts = text.split('.');
        let (Some(arrangement), Some(place), Some(entry), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(InvalidCursor);
        };
        // The database counts with a sign.
        let arrangement: i64 = arrangement.parse().map_err(|_| InvalidCursor)?;
        Ok(Self {
            arrangement: arrangement.try_into().map_err(|_| InvalidCursor)?,
            place: Place::new(unhex(place).ok_or(InvalidCursor)?),
            entry: entry.parse().map_err(|_| InvalidCursor)?,
        })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    let whole = pairs.remainder().is_empty() && digits.len() <= 2 * crate::place::LONGEST;
    let byte = |pair: &[u32]| u8::try_from(pair[0] << 4 | pair[1]).ok();
    whole.then(|| pairs.map(byte).collect()).flatten()
}

/// Why something was not done to a playlist.
#[derive(Debug, thiserror::Error)]
pub enum PlaylistError {
    /// There is none, or none that the caller may know of.
    #[error("there is no such playlist")]
    NoSuchPlaylist,
    /// The caller may see it, but not do that.
    #[error("the caller may not do that to the playlist")]
    Refused(Action),
    /// It has changed since the caller looked.
    #[error("the playlist has changed")]
    Changed,
    /// There is none, or none that the caller may know of.
    #[error("there is no song {0}")]
    NoSuchSong(SongId),
    /// It does not stand in the playlist.
    #[error("there is no entry {0} in the playlist")]
    NoSuchEntry(EntryId),
    /// It would have more songs than [`MOST_SONGS`].
    #[error("the playlist would have more than {MOST_SONGS} songs")]
    Full,
    /// The owner has [`MOST_PLAYLISTS`].
    #[error("the user has {MOST_PLAYLISTS} playlists")]
    TooMany,
    /// All was arranged anew since the page before, and the entry at which it ended is gone.
    #[error("the playlist was arranged anew")]
    Rearranged,
    /// They are no member.
    #[error("there is no such member")]
    NoSuchMember,
    /// There is none, or it was revoked.
    #[error("there is no such link")]
    NoSuchLink,
    /// It has [`crate::playlist_members::MOST_LINKS`].
    #[error("the playlist has too many links")]
    TooManyLinks,
    /// It has [`crate::playlist_members::MOST_MEMBERS`].
    #[error("the playlist has too many members")]
    TooManyMembers,
    /// The catalogue failed.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let cursor = Cursor {
            arrangement: 3,
            place: Place::new(vec![127, 1, 255]),
            entry: EntryId::new(uuid::Uuid::from_u128(7)),
        };
        let text = cursor.to_string();
        assert_eq!(text, "3.7f01ff.00000000-0000-0000-0000-000000000007");
        assert_eq!(text.parse(), Ok(cursor));
        for wrong in
            ["", "x", "3.7.", "-1.7f.00000000-0000-0000-0000-000000000007", "3.7f.7", "3.7f"]
        {
            assert_eq!(wrong.parse::<Cursor>(), Err(InvalidCursor), "{wrong}");
        }
    }

    #[test]
    fn descriptions_are_bounded_text() {
        assert_eq!(" a\nb ".parse::<Description>().map(|text| text.0), Ok("a\nb".to_owned()));
        assert_eq!("a\0".parse::<Description>(), Err(InvalidDescription::Control));
        let long = "é".repeat(LONGEST_DESCRIPTION + 1);
        assert_eq!(long.parse::<Description>(), Err(InvalidDescription::TooLong));
    }
}
