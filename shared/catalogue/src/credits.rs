//! Who made a song: names that belong to artists, never one text that somebody would have to take apart.

use std::fmt;
use std::str::FromStr;

use media::{ArtistId, SongId};
use serde::Serialize;

use crate::artists;
use crate::error::CatalogueError;
use crate::name::Name;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// The most people that one song credits.
pub const MOST_CREDITS: usize = 50;

/// The longest text between two of them, in characters.
pub const LONGEST_JOIN_PHRASE: usize = 50;

/// What somebody did for a song.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CreditRole {
    /// It is theirs.
    Main,
    /// They are heard on it.
    Featured,
    /// They wrote the music.
    Composer,
    /// They wrote the words.
    Lyricist,
    /// They produced it.
    Producer,
    /// They remixed it.
    Remixer,
    /// They conducted.
    Conductor,
    /// They played or sang.
    Performer,
}

const ROLES: [CreditRole; 8] = [
    CreditRole::Main,
    CreditRole::Featured,
    CreditRole::Composer,
    CreditRole::Lyricist,
    CreditRole::Producer,
    CreditRole::Remixer,
    CreditRole::Conductor,
    CreditRole::Performer,
];

impl fmt::Display for CreditRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Main => "main",
            Self::Featured => "featured",
            Self::Composer => "composer",
            Self::Lyricist => "lyricist",
            Self::Producer => "producer",
            Self::Remixer => "remixer",
            Self::Conductor => "conductor",
            Self::Performer => "performer",
        })
    }
}

/// Not such a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role is main, featured, composer, lyricist, producer, remixer, conductor or performer")]
pub struct UnknownCreditRole;

impl FromStr for CreditRole {
    type Err = UnknownCreditRole;

    fn from_str(text: &str) -> Result<Self, UnknownCreditRole> {
        ROLES.into_iter().find(|role| role.to_string() == text).ok_or(UnknownCreditRole)
    }
}

/// Somebody to be credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredit {
    /// Who; created where nobody has the name yet.
    pub artist: Name,
    /// For what.
    pub role: CreditRole,
    /// What stands between them and the next: ` feat. `, ` & `.
    pub join_phrase: String,
}

/// Somebody who is credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Who.
    pub artist: ArtistId,
    /// Their name.
    pub name: String,
    /// For what.
    pub role: CreditRole,
    /// What stands between them and the next.
    pub join_phrase: String,
}

pub(crate) async fn of_song(
    from: &mut impl Source,
    song: SongId,
) -> Result<Vec<Credit>, CatalogueError> {
    let statement = sql("SELECT k.artist_id, a.name, k.role, k.join_phrase FROM credits k
         JOIN artists a ON a.id = k.artist_id WHERE k.song_id = $1 ORDER BY k.place");
    let rows = from.all(statement.bind(song)).await?;
    rows.iter()
        .map(|row| {
            Ok(Credit {
                artist: row.get("artist_id")?,
                name: row.get("name")?,
                role: row.parse("role")?,
                join_phrase: row.get("join_phrase")?,
            })
        })
        .collect()
}

pub(crate) async fn replace(
    write: &mut Write,
    song: SongId,
    credits: &[NewCredit],
) -> Result<(), CatalogueError> {
    write.execute(sql("DELETE FROM credits WHERE song_id = $1").bind(song)).await?;
    insert(write, song, credits).await
}

/// Credits a song that has no credits yet.
pub(crate) async fn insert(
    write: &mut Write,
    song: SongId,
    credits: &[NewCredit],
) -> Result<(), CatalogueError> {
    let artists = artists::find_or_make(write, credits.iter().map(|credit| &credit.artist)).await?;
    for (place, credit) in (0_u32..).zip(credits) {
        let statement = sql("INSERT INTO credits (song_id, place, artist_id, role, join_phrase)
                             VALUES ($1, $2, $3, $4, $5)")
        .bind(song)
        .bind(place)
        .bind(artists[credit.artist.as_str()])
        .bind(credit.role.to_string())
        .bind(credit.join_phrase.as_str());
        write.execute(statement).await?;
    }
    Ok(())
}
