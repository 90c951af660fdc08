//! What somebody likes, and whom they follow.

use std::collections::HashMap;

use media::{ArtistId, SongId, UserId};
use uuid::Uuid;

use crate::artists::known;
use crate::audience::Audience;
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::feed;
use crate::row::Row;
use crate::song::Song;
use crate::songs;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// The libraries in a catalogue, one for each user.
#[derive(Debug)]
pub struct Library<'a>(&'a Catalogue);

/// A song that somebody likes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Like {
    /// Its place in the order of liking: later is higher.
    pub id: Uuid,
    /// The song, where whoever likes it may still know of it.
    pub song: Option<Song>,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

/// An artist whom somebody follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Its place in the order of following: later is higher.
    pub id: Uuid,
    /// Whom.
    pub artist: ArtistId,
    /// Their name.
    pub name: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

/// Where a page of likes begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Behind the like with that id.
    Behind(Option<Uuid>),
    /// After so many.
    Offset(u32),
}

impl<'a> Library<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Likes a song that the user may know of; whoever likes it already goes on liking it. Answers whether there is such
    /// a song.
    ///
    /// # Errors
    /// The database failed.
    pub async fn like(
        &self,
        user: UserId,
        audience: &Audience,
        song: SongId,
    ) -> Result<bool, CatalogueError> {
        let mut write = self.0.write().await?;
        if !is_visible(&mut write, audience, song).await? {
            return Ok(false);
        }
        if insert_like(&mut write, user, song).await? {
            changed(&mut write, user).await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// Likes a song no longer, whether it was liked or not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unlike(&self, user: UserId, song: SongId) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        if delete_like(&mut write, user, song).await? {
            changed(&mut write, user).await?;
        }
        write.commit().await
    }

    /// Likes a song that was not liked, and the other way round. Answers which it is now; `None` where there is no
    /// such song that the user may know of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn toggle_like(
        &self,
        user: UserId,
        audience: &Audience,
        song: SongId,
    ) -> Result<Option<bool>, CatalogueError> {
        let mut write = self.0.write_alone_on(user.uuid()).await?;
        let likes = if delete_like(&mut write, user, song).await? {
            false
        } else if is_visible(&mut write, audience, song).await? {
            insert_like(&mut write, user, song).await?;
            true
        } else {
            return Ok(None);
        };
        changed(&mut write, user).await?;
        write.commit().await?;
        Ok(Some(likes))
    }

    /// Up to `limit` songs that the user likes, the last liked first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn likes(
        &self,
        user: UserId,
        audience: &Audience,
        from: Start,
        limit: u32,
    ) -> Result<Vec<Like>, CatalogueError> {
        let (below, offset) = match from {
            Start::Behind(like) => (like.unwrap_or(Uuid::max()), 0),
            Start::Offset(offset) => (Uuid::max(), offset),
        };
        let statement =
            sql("SELECT id, song_id, liked_ms FROM likes WHERE user_id = $1 AND id < $2
                             ORDER BY id DESC LIMIT $3 OFFSET $4");
        let statement = statement.bind(user).bind(below).bind(limit).bind(offset);
        let rows = self.0.read().all(statement).await?;
        let ids: Vec<SongId> =
            rows.iter().map(|row| row.get("song_id")).collect::<Result<_, _>>()?;
        let now = self.0.now_ms();
        let songs = songs::among(&mut self.0.read(), audience, now, ids.iter().copied()).await?;
        let songs: HashMap<SongId, Song> = songs.into_iter().map(|song| (song.id, song)).collect();
        let like = |(row, song): (&Row, &SongId)| {
            let song = songs.get(song).cloned();
            Ok(Like { id: row.get("id")?, song, since_ms: row.get("liked_ms")? })
        };
        rows.iter().zip(&ids).map(like).collect()
    }

    /// Follows an artist of whom `audience` may know; whoever does already goes on. Answers whether there is such an
    /// artist.
    ///
    /// # Errors
    /// The database failed.
    pub async fn follow(
        &self,
        user: UserId,
        audience: &Audience,
        artist: ArtistId,
    ) -> Result<bool, CatalogueError> {
        if self.0.artists().seen(artist, audience).await?.is_none() {
            return Ok(false);
        }
        let mut write = self.0.write().await?;
        let statement = sql("INSERT INTO follows (id, user_id, artist_id, followed_ms)
             VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, artist_id) DO NOTHING");
        let now = write.now_ms();
        let statement = statement.bind(Uuid::now_v7()).bind(user).bind(artist).bind(now);
        if write.execute(statement).await? == 1 {
            changed(&mut write, user).await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// Follows an artist no longer, whether they were followed or not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unfollow(&self, user: UserId, artist: ArtistId) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        let statement = sql("DELETE FROM follows WHERE user_id = $1 AND artist_id = $2");
        if write.execute(statement.bind(user).bind(artist)).await? == 1 {
            changed(&mut write, user).await?;
        }
        write.commit().await
    }

    /// Up to `limit` artists whom the user follows and `audience`, who is that user, may know of, the last followed first,
    /// from behind `after` on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn follows(
        &self,
        user: UserId,
        audience: &Audience,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Follow>, CatalogueError> {
        let statement = sql(concat!(
            "SELECT f.id, f.artist_id, a.name, f.followed_ms
             FROM follows f JOIN artists a ON a.id = f.artist_id
             WHERE f.user_id = $5 AND f.id < $6 AND ",
            known!(),
            " ORDER BY f.id DESC LIMIT $7"
        ));
        let statement = statement.bind_audience(audience, self.0.now_ms());
        let statement = statement.bind(user).bind(after.unwrap_or(Uuid::max())).bind(limit);
        let follow = |row: &Row| {
            Ok(Follow {
                id: row.get("id")?,
                artist: row.get("artist_id")?,
                name: row.get("name")?,
                since_ms: row.get("followed_ms")?,
            })
        };
        self.0.read().all(statement).await?.iter().map(follow).collect()
    }
}

async fn is_visible(
    write: &mut Write,
    audience: &Audience,
    song: SongId,
) -> Result<bool, CatalogueError> {
    let now = write.now_ms();
    Ok(!songs::among(write, audience, now, [song].into_iter()).await?.is_empty())
}

/// Whether there was none.
async fn insert_like(
    write: &mut Write,
    user: UserId,
    song: SongId,
) -> Result<bool, CatalogueError> {
    let statement = sql("INSERT INTO likes (id, user_id, song_id, liked_ms)
                         VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, song_id) DO NOTHING");
    let now = write.now_ms();
    let statement = statement.bind(Uuid::now_v7()).bind(user).bind(song).bind(now);
    Ok(write.execute(statement).await? == 1)
}

/// Counts and tells that the user's library is another.
pub(crate) async fn changed(write: &mut Write, user: UserId) -> Result<(), CatalogueError> {
    feed::library_changed(write, user).await?;
    write.say(&Event::LibraryChanged { user }).await
}

/// Whether there was one.
async fn delete_like(
    write: &mut Write,
    user: UserId,
    song: SongId,
) -> Result<bool, CatalogueError> {
    let statement = sql("DELETE FROM likes WHERE user_id = $1 AND song_id = $2");
    Ok(write.execute(statement.bind(user).bind(song)).await? == 1)
}
