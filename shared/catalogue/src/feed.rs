//! What is new for somebody since they last looked: versions of what they have, not what was done to it, so that nothing
//! has to be kept for those who look rarely.

use std::fmt;
use std::str::FromStr;

use media::{SongId, UserId};

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::playlist::PlaylistId;
use crate::row::Row;
use crate::song::SongState;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// A change is dated when it is made and can be seen a little later, after one with a later date, or one by a clock that
/// is ahead: what is younger than this, in milliseconds, is looked at again.
const SLACK_MS: u64 = 10_000;

/// Things of one kind that are named one by one; where there are more, all are to be looked at.
const MOST: usize = 500;

/// The feeds in a catalogue, one for each user.
#[derive(Debug)]
pub struct Feed<'a>(&'a Catalogue);

/// What somebody knows. As text, four numbers with full stops between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// The version of their player; 0 where they have none.
    pub player: u64,
    /// How often their likes, follows and bookmarks were changed.
    pub library: u64,
    /// How often they gained or lost a playlist.
    pub playlists: u64,
    /// When they looked, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Not what somebody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not what somebody knows")]
pub struct InvalidKnown;

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { player, library, playlists, at_ms } = self;
        write!(f, "{player}.{library}.{playlists}.{at_ms}")
    }
}

impl FromStr for Known {
    type Err = InvalidKnown;

    fn from_str(text: &str) -> Result<Self, InvalidKnown> {
        let numbers: Result<Vec<u64>, _> = text.split('.').map(str::parse).collect();
        let numbers: [u64; 4] =
            numbers.ok().and_then(|numbers| numbers.try_into().ok()).ok_or(InvalidKnown)?;
        let [player, library, playlists, at_ms] = numbers;
        Ok(Self { player, library, playlists, at_ms })
    }
}

/// Something of somebody's that changed lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// A playlist that they made or are a member of, and its version.
    Playlist(PlaylistId, u64),
    /// A song that they uploaded, its edition, and how far it has come.
    Song(SongId, u64, SongState),
}

/// What there is to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The versions as they are.
    pub now: Known,
    /// What changed since they looked, or a little earlier; `None` where that is too much to name.
    pub changed: Option<Vec<Changed>>,
}

impl<'a> Feed<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// What is so now, and what changed after `since_ms`, or a little earlier; `None` where the user is gone.
    ///
    /// # Errors
    /// The database failed.
    pub async fn look(&self, user: UserId, since_ms: u64) -> Result<Option<Look>, CatalogueError> {
        let at_ms = self.0.now_ms().unsigned_abs();
        let statement = sql("SELECT COALESCE(p.version, 0) AS player,
                 COALESCE(f.library, 0) AS library, COALESCE(f.playlists, 0) AS playlists
             FROM users u LEFT JOIN players p ON p.user_id = u.id
             LEFT JOIN feeds f ON f.user_id = u.id WHERE u.id = $1");
        let Some(row) = self.0.read().optional(statement.bind(user)).await? else {
            return Ok(None);
        };
        let now = Known {
            player: row.get("player")?,
            library: row.get("library")?,
            playlists: row.get("playlists")?,
            at_ms,
        };
        let since = since_ms.saturating_sub(SLACK_MS);
        let mut changed = self.playlists(user, since).await?;
        changed.extend(self.songs(user, since).await?);
        Ok(Some(Look { now, changed: (changed.len() <= MOST).then_some(changed) }))
    }

    async fn playlists(&self, user: UserId, since: u64) -> Result<Vec<Changed>, CatalogueError> {
        let statement = sql("SELECT id, version FROM playlists
                 WHERE owner_id = $1 AND updated_ms >= $2
             UNION ALL
             SELECT p.id, p.version FROM playlist_members m JOIN playlists p ON p.id = m.playlist_id
                 WHERE m.user_id = $1 AND p.updated_ms >= $2
             LIMIT $3");
        let statement = statement.bind(user).bind(since).bind(MOST as u64 + 1);
        let changed = |row: &Row| Ok(Changed::Playlist(row.get("id")?, row.get("version")?));
        self.0.read().all(statement).await?.iter().map(changed).collect()
    }

    async fn songs(&self, user: UserId, since: u64) -> Result<Vec<Changed>, CatalogueError> {
        let statement = sql("SELECT id, edition, state FROM songs
                             WHERE uploader_id = $1 AND updated_ms >= $2 LIMIT $3");
        let statement = statement.bind(user).bind(since).bind(MOST as u64 + 1);
        let changed =
            |row: &Row| Ok(Changed::Song(row.get("id")?, row.get("edition")?, row.parse("state")?));
        self.0.read().all(statement).await?.iter().map(changed).collect()
    }
}

/// Counts a change of somebody's likes, follows or bookmarks.
pub(crate) async fn library_changed(write: &mut Write, user: UserId) -> Result<(), CatalogueError> {
    let statement = sql("INSERT INTO feeds (user_id, library, playlists) VALUES ($1, 1, 0)
                         ON CONFLICT (user_id) DO UPDATE SET library = feeds.library + 1");
    write.execute(statement.bind(user)).await.map(|_| ())
}

/// Counts that somebody has gained or lost a playlist.
pub(crate) async fn playlists_changed(
    write: &mut Write,
    user: UserId,
) -> Result<(), CatalogueError> {
    let statement = sql("INSERT INTO feeds (user_id, library, playlists) VALUES ($1, 0, 1)
                         ON CONFLICT (user_id) DO UPDATE SET playlists = feeds.playlists + 1");
    write.execute(statement.bind(user)).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_reads_back() {
        let known = Known { player: 1, library: 2, playlists: 3, at_ms: 1_800_000_000_000 };
        assert_eq!(known.to_string(), "1.2.3.1800000000000");
        assert_eq!(known.to_string().parse(), Ok(known));
        for wrong in ["", "1", "1.2.3", "1.2.3.4.5", "1.2.3.x", "-1.2.3.4"] {
            assert_eq!(wrong.parse::<Known>(), Err(InvalidKnown), "{wrong:?}");
        }
    }
}
