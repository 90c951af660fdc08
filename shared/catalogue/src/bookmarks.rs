//! Places in songs that somebody wants to find again.

use std::collections::HashMap;

use media::{SongId, UserId};
use uuid::Uuid;

use crate::audience::Audience;
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::library;
use crate::playlist::Description;
use crate::row::Row;
use crate::song::Song;
use crate::songs;
use crate::source::Source;
use crate::statement::sql;

/// Bookmarks of one user at most.
pub const MOST_BOOKMARKS: u32 = 10_000;

/// The bookmarks in a catalogue.
#[derive(Debug)]
pub struct Bookmarks<'a>(&'a Catalogue);

/// A bookmark to be made.
#[derive(Debug, Clone)]
pub struct NewBookmark {
    /// In which song.
    pub song: SongId,
    /// Where in it, in milliseconds.
    pub position_ms: u64,
    /// What it is for.
    pub note: Description,
}

/// A place in a song.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// Which; later ones are higher.
    pub id: Uuid,
    /// In which song.
    pub song_id: SongId,
    /// The song, where the user may still know of it.
    pub song: Option<Song>,
    /// Where in it, in milliseconds.
    pub position_ms: u64,
    /// What it is for.
    pub note: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
}

/// Why a bookmark was not made.
#[derive(Debug, thiserror::Error)]
pub enum BookmarkError {
    /// No song that the user may know of.
    #[error("there is no such song")]
    NoSuchSong,
    /// They have [`MOST_BOOKMARKS`].
    #[error("there are too many bookmarks")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl<'a> Bookmarks<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Makes a bookmark of `user`, whom `audience` is.
    ///
    /// # Errors
    /// [`BookmarkError`].
    pub async fn make(
        &self,
        user: UserId,
        audience: &Audience,
        new: &NewBookmark,
    ) -> Result<Bookmark, BookmarkError> {
        let mut write = self.0.write_alone_on(user.uuid()).await?;
        let now = write.now_ms();
        let song = songs::among(&mut write, audience, now, [new.song].into_iter()).await?.pop();
        let song = song.ok_or(BookmarkError::NoSuchSong)?;
        let counted = sql("SELECT COUNT(*) AS count FROM bookmarks WHERE user_id = $1");
        if write.one(counted.bind(user)).await?.get::<u32>("count")? >= MOST_BOOKMARKS {
            return Err(BookmarkError::TooMany);
        }
        let end = song.current.as_ref().map_or(u64::MAX, |current| current.duration_ms);
        let bookmark = Bookmark {
            id: Uuid::now_v7(),
            song_id: song.id,
            song: Some(song),
            position_ms: new.position_ms.min(end),
            note: new.note.as_str().to_owned(),
            created_ms: now.unsigned_abs(),
        };
        let statement = sql("INSERT INTO bookmarks (id, user_id, song_id, position_ms, note,
                                                    created_ms)
                             VALUES ($1, $2, $3, $4, $5, $6)");
        let statement = statement.bind(bookmark.id).bind(user).bind(bookmark.song_id);
        let statement = statement.bind(bookmark.position_ms).bind(bookmark.note.as_str());
        write.execute(statement.bind(now)).await?;
        library::changed(&mut write, user).await?;
        write.commit().await?;
        Ok(bookmark)
    }

    /// Up to `limit` bookmarks of `user`, whom `audience` is, the last made first, from behind `after` on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(
        &self,
        user: UserId,
        audience: &Audience,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Bookmark>, CatalogueError> {
        let statement = sql("SELECT id, song_id, position_ms, note, created_ms FROM bookmarks
                             WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        let statement = statement.bind(user).bind(after.unwrap_or(Uuid::max())).bind(limit);
        let rows = self.0.read().all(statement).await?;
        let ids: Vec<SongId> =
            rows.iter().map(|row| row.get("song_id")).collect::<Result<_, _>>()?;
        let now = self.0.now_ms();
        let songs = songs::among(&mut self.0.read(), audience, now, ids.iter().copied()).await?;
        let songs: HashMap<SongId, Song> = songs.into_iter().map(|song| (song.id, song)).collect();
        let bookmark = |row: &Row| {
            let song_id = row.get("song_id")?;
            Ok(Bookmark {
                id: row.get("id")?,
                song_id,
                song: songs.get(&song_id).cloned(),
                position_ms: row.get("position_ms")?,
                note: row.get("note")?,
                created_ms: row.get("created_ms")?,
            })
        };
        rows.iter().map(bookmark).collect()
    }

    /// Removes a bookmark. Answers whether the user had it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn remove(&self, user: UserId, id: Uuid) -> Result<bool, CatalogueError> {
        let mut write = self.0.write().await?;
        let statement = sql("DELETE FROM bookmarks WHERE id = $1 AND user_id = $2");
        let removed = write.execute(statement.bind(id).bind(user)).await? == 1;
        if removed {
            library::changed(&mut write, user).await?;
        }
        write.commit().await?;
        Ok(removed)
    }
}
