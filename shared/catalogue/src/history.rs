//! What somebody has listened to, last first: their playbacks, of which there is one for each song and six hours.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use media::{SongId, UserId};
use uuid::Uuid;

use crate::audience::Audience;
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::row::Row;
use crate::song::Song;
use crate::songs;
use crate::source::Source;
use crate::statement::sql;

/// The histories in a catalogue, one for each user.
#[derive(Debug)]
pub struct History<'a>(&'a Catalogue);

/// Something that somebody has listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listened {
    /// The playback.
    pub id: Uuid,
    /// Which song.
    pub song_id: SongId,
    /// The song, where the user may still know of it.
    pub song: Option<Song>,
    /// When they last began to play it, in milliseconds since 1970.
    pub played_ms: u64,
    /// How far they have come, in milliseconds.
    pub position_ms: u64,
    /// Whether it counted as a play.
    pub counted: bool,
}

/// A place in a history: what was listened to earlier stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    played_ms: u64,
    id: Uuid,
}

/// Not a place in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no place in a history")]
pub struct InvalidMoment;

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.played_ms, self.id)
    }
}

impl FromStr for Moment {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        let (played_ms, id) = text.split_once('.').ok_or(InvalidMoment)?;
        let played_ms = played_ms.parse().map_err(|_| InvalidMoment)?;
        Ok(Self { played_ms, id: id.parse().map_err(|_| InvalidMoment)? })
    }
}

impl Listened {
    /// Where it stands.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment { played_ms: self.played_ms, id: self.id }
    }
}

impl<'a> History<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Up to `limit` of what `user`, whom `audience` is, has listened to, the last first, from behind `after` on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(
        &self,
        user: UserId,
        audience: &Audience,
        after: Option<Moment>,
        limit: u32,
    ) -> Result<Vec<Listened>, CatalogueError> {
        let end = Moment { played_ms: u64::MAX, id: Uuid::max() };
        let after = after.unwrap_or(end);
        let statement = sql("SELECT id, song_id, played_ms, position_ms, counted_ms FROM playbacks
             WHERE user_id = $1 AND (played_ms, id) < ($2, $3)
             ORDER BY played_ms DESC, id DESC LIMIT $4");
        let statement = statement.bind(user).bind(after.played_ms).bind(after.id).bind(limit);
        let rows = self.0.read().all(statement).await?;
        let ids: Vec<SongId> =
            rows.iter().map(|row| row.get("song_id")).collect::<Result<_, _>>()?;
        let now = self.0.now_ms();
        let songs = songs::among(&mut self.0.read(), audience, now, ids.iter().copied()).await?;
        let songs: HashMap<SongId, Song> = songs.into_iter().map(|song| (song.id, song)).collect();
        rows.iter().map(|row| read_listened(row, &songs)).collect()
    }

    /// Takes one playback out of the user's history. Answers whether it was in it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn remove(&self, user: UserId, id: Uuid) -> Result<bool, CatalogueError> {
        let mut write = self.0.write().await?;
        let statement = sql("UPDATE playbacks SET played_ms = NULL
                             WHERE id = $1 AND user_id = $2 AND played_ms IS NOT NULL");
        let removed = write.execute(statement.bind(id).bind(user)).await?;
        write.commit().await?;
        Ok(removed == 1)
    }

    /// Empties the user's history.
    ///
    /// # Errors
    /// The database failed.
    pub async fn clear(&self, user: UserId) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        let statement = sql("UPDATE playbacks SET played_ms = NULL
                             WHERE user_id = $1 AND played_ms IS NOT NULL");
        write.execute(statement.bind(user)).await?;
        write.commit().await
    }
}

fn read_listened(row: &Row, songs: &HashMap<SongId, Song>) -> Result<Listened, CatalogueError> {
    let song_id = row.get("song_id")?;
    Ok(Listened {
        id: row.get("id")?,
        song_id,
        song: songs.get(&song_id).cloned(),
        played_ms: row.get("played_ms")?,
        position_ms: row.get("position_ms")?,
        counted: row.get::<Option<i64>>("counted_ms")?.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back() {
        let moment = Moment { played_ms: 1_800_000_000_123, id: Uuid::from_u128(7) };
        assert_eq!(moment.to_string().parse(), Ok(moment));
        for wrong in ["", "1", "1.", ".", "-1.00000000-0000-0000-0000-000000000007", "1.x"] {
            assert_eq!(wrong.parse::<Moment>(), Err(InvalidMoment), "{wrong:?}");
        }
    }
}
