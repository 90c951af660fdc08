//! The songs in a playlist, in their order.
//!
//! Edits of one playlist take turns, so a position means what it means when its turn comes: twenty who insert at one
//! position get twenty places there. An entry keeps its id wherever it is moved.

use std::collections::HashMap;

use media::{SongId, UserId};
use serde::Serialize;
use uuid::Uuid;

use crate::audience::Audience;
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::place::Place;
use crate::playlist::{Cursor, Entry, EntryId, MOST_SONGS, Playlist, PlaylistError, PlaylistId};
use crate::playlist_rules::Action;
use crate::playlists::{Edit, Playlists, visible};
use crate::row::Row;
use crate::song::{Song, Viewer};
use crate::songs;
use crate::source::Source;
use crate::statement::{sql, sql_each};
use crate::user::AuthenticatedUser;
use crate::write::Write;

impl Playlists<'_> {
    /// Puts songs in, in that order, so that the first stands at `position`, counted from 0; at the end where the
    /// playlist is shorter, or nothing is said. Answers the playlist and the new entries.
    ///
    /// # Errors
    /// [`PlaylistError`]: all are put in, or none.
    pub async fn add(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
        songs: &[SongId],
        position: Option<u32>,
    ) -> Result<(Playlist, Vec<EntryId>), PlaylistError> {
        let mut edit = Edit::begin(self, user, id, Action::Edit).await?;
        let entries = edit.add(&self.audience(Some(user)), songs, position).await?;
        Ok((edit.finish().await?, entries))
    }

    /// Takes entries out and puts them in again, in that order, so that the first stands at `position` of what they
    /// then are among; at the end where the playlist is shorter.
    ///
    /// # Errors
    /// [`PlaylistError`]: all are moved, or none.
    pub async fn shift(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
        entries: &[EntryId],
        position: u32,
    ) -> Result<Playlist, PlaylistError> {
        let mut edit = Edit::begin(self, user, id, Action::Edit).await?;
        let taken = edit.take_out(entries).await?;
        edit.put_in(position, taken).await?;
        edit.finish().await
    }

    /// Removes entries.
    ///
    /// # Errors
    /// [`PlaylistError`]: all are removed, or none.
    pub async fn remove(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
        entries: &[EntryId],
    ) -> Result<Playlist, PlaylistError> {
        let mut edit = Edit::begin(self, user, id, Action::Edit).await?;
        let taken = edit.take_out(entries).await?;
        edit.lose(taken.len());
        edit.finish().await
    }

    /// Removes a song, however often it stands there.
    ///
    /// # Errors
    /// [`PlaylistError`], [`PlaylistError::NoSuchSong`] where it does not stand there.
    pub async fn remove_song(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
        song: SongId,
    ) -> Result<Playlist, PlaylistError> {
        let mut edit = Edit::begin(self, user, id, Action::Edit).await?;
        let statement = sql("DELETE FROM playlist_entries WHERE playlist_id = $1 AND song_id = $2");
        let removed = edit.write.execute(statement.bind(id).bind(song)).await?;
        if removed == 0 {
            return Err(PlaylistError::NoSuchSong(song));
        }
        edit.lose(usize::try_from(removed).unwrap_or(usize::MAX));
        edit.finish().await
    }

    /// The playlist, and up to `limit` of its entries from behind `after` on.
    ///
    /// # Errors
    /// [`PlaylistError::NoSuchPlaylist`], [`PlaylistError::Rearranged`], or the database failed.
    pub async fn entries(
        &self,
        asker: Option<&AuthenticatedUser>,
        link: Option<&str>,
        id: PlaylistId,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<(Playlist, Vec<Entry>), PlaylistError> {
        loop {
            let playlist = visible(&mut self.catalogue.read(), asker, link, id).await?;
            let start = start(self.catalogue, &playlist, after).await?;
            let rows = rows_after(self.catalogue, &playlist, &start, limit).await?;
            // Where all was arranged anew between the two, that is no empty page.
            if rows.is_empty()
                && visible(&mut self.catalogue.read(), asker, link, id).await?.arrangement
                    != playlist.arrangement
            {
                continue;
            }
            let entries =
                with_songs(self.catalogue, &self.audience(asker), &playlist, rows).await?;
            return Ok((playlist, entries));
        }
    }

    pub(crate) fn audience(&self, asker: Option<&AuthenticatedUser>) -> Audience {
        Audience { viewer: Viewer::from(asker), country: self.country }
    }
}

/// What an entry keeps wherever it stands.
#[derive(Debug, Clone)]
struct Kept {
    id: Uuid,
    song: Uuid,
    adder: Option<UserId>,
    ms: i64,
}

impl Edit<'_> {
    /// Puts in songs that `audience` may know of; answers the new entries.
    pub(crate) async fn add(
        &mut self,
        audience: &Audience,
        songs: &[SongId],
        position: Option<u32>,
    ) -> Result<Vec<EntryId>, PlaylistError> {
        let after = self.playlist.songs as usize + songs.len();
        self.playlist.songs =
            after.try_into().ok().filter(|n| *n <= MOST_SONGS).ok_or(PlaylistError::Full)?;
        check_visible(&mut self.write, audience, songs).await?;
        let (adder, now) = (Some(self.user.id), self.write.now_ms());
        let fresh = |song: &SongId| Kept { id: Uuid::now_v7(), song: song.uuid(), adder, ms: now };
        let new: Vec<Kept> = songs.iter().map(fresh).collect();
        let entries = new.iter().map(|entry| EntryId::new(entry.id)).collect();
        self.put_in(position.unwrap_or(u32::MAX), new).await?;
        Ok(entries)
    }

    /// Puts entries in at a position: the count of songs has them already.
    async fn put_in(&mut self, position: u32, new: Vec<Kept>) -> Result<(), PlaylistError> {
        let before = self.playlist.songs as usize - new.len();
        let (low, high) = if position as usize >= before {
            (last(&mut self.write, self.playlist.id).await?, None)
        } else {
            around(&mut self.write, self.playlist.id, position).await?
        };
        let places = Place::between(low.as_ref(), high.as_ref(), new.len());
        if places.iter().any(Place::is_long) {
            return self.arrange_anew(position, new).await;
        }
        insert(&mut self.write, self.playlist.id, &new, &places).await
    }

    /// Writes all places anew, with `new` among them.
    async fn arrange_anew(&mut self, position: u32, new: Vec<Kept>) -> Result<(), PlaylistError> {
        let statement = sql("SELECT id, song_id, added_by, added_ms FROM playlist_entries
                             WHERE playlist_id = $1 ORDER BY place");
        let rows = self.write.all(statement.bind(self.playlist.id)).await?;
        let mut all: Vec<Kept> = rows.iter().map(read_kept).collect::<Result<_, _>>()?;
        let at = all.len().min(position as usize);
        all.splice(at..at, new);
        let empty = sql("DELETE FROM playlist_entries WHERE playlist_id = $1");
        self.write.execute(empty.bind(self.playlist.id)).await?;
        self.playlist.arrangement += 1;
        let places = Place::between(None, None, all.len());
        insert(&mut self.write, self.playlist.id, &all, &places).await
    }

    /// Takes entries out, in the order in which they are named.
    async fn take_out(&mut self, entries: &[EntryId]) -> Result<Vec<Kept>, PlaylistError> {
        let statement = sql_each(
            "DELETE FROM playlist_entries WHERE playlist_id = $1
                 AND id IN (SELECT unhex(value, '-') FROM json_each($2))
             RETURNING id, song_id, added_by, added_ms",
            "DELETE FROM playlist_entries WHERE playlist_id = $1
                 AND id IN (SELECT CAST(value AS uuid) FROM json_array_elements_text(CAST($2 AS json)))
             RETURNING id, song_id, added_by, added_ms",
        );
        let rows = self.write.all(statement.bind(self.playlist.id).bind(json(entries))).await?;
        let taken: Vec<Kept> = rows.iter().map(read_kept).collect::<Result<_, _>>()?;
        let mut taken: HashMap<Uuid, Kept> =
            taken.into_iter().map(|entry| (entry.id, entry)).collect();
        let take = |id: &EntryId| taken.remove(&id.uuid()).ok_or(PlaylistError::NoSuchEntry(*id));
        entries.iter().map(take).collect()
    }

    fn lose(&mut self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.playlist.songs = self.playlist.songs.saturating_sub(count);
    }
}

/// The places before and at a position that there is.
async fn around(
    write: &mut Write,
    id: PlaylistId,
    position: u32,
) -> Result<(Option<Place>, Option<Place>), CatalogueError> {
    let statement = sql("SELECT place FROM playlist_entries WHERE playlist_id = $1
                         ORDER BY place LIMIT 2 OFFSET $2");
    let rows = write.all(statement.bind(id).bind(position.saturating_sub(1))).await?;
    let places: Vec<Place> =
        rows.iter().map(|row| row.get("place").map(Place::new)).collect::<Result<_, _>>()?;
    let mut places = places.into_iter();
    let low = if position == 0 { None } else { places.next() };
    Ok((low, places.next()))
}

async fn last(write: &mut Write, id: PlaylistId) -> Result<Option<Place>, CatalogueError> {
    let statement = sql("SELECT place FROM playlist_entries WHERE playlist_id = $1
                         ORDER BY place DESC LIMIT 1");
    let row = write.optional(statement.bind(id)).await?;
    row.map(|row| row.get("place").map(Place::new)).transpose()
}

/// An entry on its way into the database.
#[derive(Serialize)]
struct Inserted {
    id: Uuid,
    place: String,
    song: Uuid,
    adder: Option<Uuid>,
    ms: i64,
}

async fn insert(
    write: &mut Write,
    id: PlaylistId,
    entries: &[Kept],
    places: &[Place],
) -> Result<(), PlaylistError> {
    let inserted = entries.iter().zip(places).map(|(entry, place)| Inserted {
        id: entry.id,
        place: place.to_hex(),
        song: entry.song,
        adder: entry.adder.map(UserId::uuid),
        ms: entry.ms,
    });
    let statement = sql_each(
        "INSERT INTO playlist_entries (id, playlist_id, place, song_id, added_by, added_ms)
         SELECT unhex(value ->> 'id', '-'), $1, unhex(value ->> 'place'),
                unhex(value ->> 'song', '-'), unhex(value ->> 'adder', '-'), value ->> 'ms'
         FROM json_each($2)",
        "INSERT INTO playlist_entries (id, playlist_id, place, song_id, added_by, added_ms)
         SELECT e.id, CAST($1 AS uuid), decode(e.place, 'hex'), e.song, e.adder, e.ms
         FROM json_to_recordset(CAST($2 AS json))
              AS e(id uuid, place text, song uuid, adder uuid, ms bigint)",
    );
    write.execute(statement.bind(id).bind(json(&inserted.collect::<Vec<_>>()))).await?;
    Ok(())
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("ids and numbers are plain JSON")
}

/// Refuses where there is a song that the audience may not know of.
async fn check_visible(
    write: &mut Write,
    audience: &Audience,
    songs: &[SongId],
) -> Result<(), PlaylistError> {
    let now = write.now_ms();
    let found = visible_songs(write, audience, now, songs.iter().copied()).await?;
    match songs.iter().find(|song| !found.contains_key(song)) {
        Some(missing) => Err(PlaylistError::NoSuchSong(*missing)),
        None => Ok(()),
    }
}

async fn visible_songs(
    from: &mut impl Source,
    audience: &Audience,
    now_ms: i64,
    ids: impl Iterator<Item = SongId>,
) -> Result<HashMap<SongId, Song>, CatalogueError> {
    let visible = songs::among(from, audience, now_ms, ids).await?;
    Ok(visible.into_iter().map(|song| (song.id, song)).collect())
}

/// The place in today's arrangement after which a page begins.
async fn start(
    catalogue: &Catalogue,
    playlist: &Playlist,
    after: Option<&Cursor>,
) -> Result<Place, PlaylistError> {
    let Some(cursor) = after else { return Ok(Place::new(Vec::new())) };
    if cursor.arrangement == playlist.arrangement {
        return Ok(cursor.place.clone());
    }
    let statement = sql("SELECT place FROM playlist_entries WHERE id = $1 AND playlist_id = $2");
    let row = catalogue.read().optional(statement.bind(cursor.entry).bind(playlist.id)).await?;
    Ok(Place::new(row.ok_or(PlaylistError::Rearranged)?.get("place")?))
}

async fn rows_after(
    catalogue: &Catalogue,
    playlist: &Playlist,
    start: &Place,
    limit: u32,
) -> Result<Vec<Row>, CatalogueError> {
    let statement = sql("SELECT e.id, e.place, e.song_id, e.added_by, e.added_ms
         FROM playlist_entries e JOIN playlists p ON p.id = e.playlist_id
         WHERE e.playlist_id = $1 AND p.arrangement = $2 AND e.place > $3
         ORDER BY e.place LIMIT $4");
    let statement = statement.bind(playlist.id).bind(playlist.arrangement);
    catalogue.read().all(statement.bind(start.digits()).bind(limit)).await
}

async fn with_songs(
    catalogue: &Catalogue,
    audience: &Audience,
    playlist: &Playlist,
    rows: Vec<Row>,
) -> Result<Vec<Entry>, CatalogueError> {
    let ids: Vec<SongId> = rows.iter().map(|row| row.get("song_id")).collect::<Result<_, _>>()?;
    let now = catalogue.now_ms();
    let songs = visible_songs(&mut catalogue.read(), audience, now, ids.iter().copied()).await?;
    let entry = |(row, song): (&Row, &SongId)| {
        let id = row.get("id")?;
        let place = Place::new(row.get("place")?);
        Ok(Entry {
            id,
            song: songs.get(song).cloned(),
            added_by: row.get("added_by")?,
            added_ms: row.get("added_ms")?,
            cursor: Cursor { arrangement: playlist.arrangement, place, entry: id },
        })
    };
    rows.iter().zip(&ids).map(entry).collect()
}

fn read_kept(row: &Row) -> Result<Kept, CatalogueError> {
    Ok(Kept {
        id: row.get("id")?,
        song: row.get("song_id")?,
        adder: row.get("added_by")?,
        ms: row.get("added_ms")?,
    })
}
