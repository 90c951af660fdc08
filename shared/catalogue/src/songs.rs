//! The songs.

use media::{AlbumId, ArtistId, MasterHash, SongId};
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::name::Name;
use crate::row::Row;
use crate::song::{CurrentVersion, NewSong, Song, Viewer};
use crate::source::Source;
use crate::statement::{sql, sql_each};
use crate::write::Write;

/// One song with its artist, album and current version, under the given condition.
macro_rules! songs_where {
    ($condition:literal) => {
        concat!(
            "SELECT s.id, s.title, s.artist_id, a.name AS artist, s.album_id, l.title AS album,
                    s.genre, s.release_year, s.master, s.uploader_id, s.state, s.failure,
                    s.created_ms, v.version, v.artist_id AS version_artist,
                    v.album_id AS version_album, v.duration_ms, v.sets, v.dash
             FROM songs s
             JOIN artists a ON a.id = s.artist_id
             JOIN albums l ON l.id = s.album_id
             LEFT JOIN current_versions c ON c.song_id = s.id
             LEFT JOIN versions v ON v.song_id = c.song_id AND v.version = c.version
             WHERE ",
            $condition
        )
    };
}

/// The songs in a catalogue.
#[derive(Debug)]
pub struct Songs<'a>(&'a Catalogue);

impl<'a> Songs<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Accepts a song whose master is stored: the song, its artist and album, and the job that
    /// packages it are one transaction.
    ///
    /// # Errors
    /// The database failed, and nothing was accepted.
    pub async fn accept(&self, new: &NewSong) -> Result<Song, CatalogueError> {
        let now = self.0.now_ms();
        let mut write = self.0.write().await?;
        let artist = find_or_make_artist(&mut write, &new.artist, now).await?;
        let owner = match &new.album_artist {
            Some(name) => find_or_make_artist(&mut write, name, now).await?,
            None => artist,
        };
        let album = find_or_make_album(&mut write, owner, new, now).await?;
        let id = insert_song(&mut write, new, artist, album, now).await?;
        insert_job(&mut write, id, now).await?;
        write.say(&Event::SongUploaded { song: id, uploader: new.uploader }).await?;
        let song = fetch(&mut write, id).await?;
        let song = song.ok_or(sqlx::Error::RowNotFound)?;
        write.commit().await?;
        Ok(song)
    }

    /// The song with that id, whoever may see it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn get(&self, id: SongId) -> Result<Option<Song>, CatalogueError> {
        fetch(&mut self.0.read(), id).await
    }

    /// Up to `limit` songs that `viewer` may see, newest first, from the one after `after` on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(
        &self,
        viewer: &Viewer,
        after: Option<SongId>,
        limit: u32,
    ) -> Result<Vec<Song>, CatalogueError> {
        let below = after.map_or(Uuid::max(), SongId::uuid);
        let query = match viewer {
            Viewer::Public => {
                sql(songs_where!("s.id < $1 AND s.state = 'ready' ORDER BY s.id DESC LIMIT $2"))
            }
            Viewer::Uploader(_) => sql(songs_where!(
                "s.id < $1 AND (s.state = 'ready' OR s.uploader_id = $3)
                 ORDER BY s.id DESC LIMIT $2"
            )),
            Viewer::Admin => sql(songs_where!("s.id < $1 ORDER BY s.id DESC LIMIT $2")),
        };
        let query = query.bind(below).bind(limit);
        let query = match viewer {
            Viewer::Uploader(user) => query.bind(*user),
            Viewer::Public | Viewer::Admin => query,
        };
        self.0.read().all(query).await?.iter().map(read_song).collect()
    }

    /// What `viewer` uploaded, or an admin finds, of one master, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of_master(
        &self,
        viewer: &Viewer,
        master: &MasterHash,
    ) -> Result<Vec<Song>, CatalogueError> {
        let statement = sql(songs_where!("s.master = $1 ORDER BY s.id DESC"));
        let rows = self.0.read().all(statement.bind(master.to_string())).await?;
        let mut songs: Vec<Song> = rows.iter().map(read_song).collect::<Result<_, _>>()?;
        songs.retain(|song| match viewer {
            Viewer::Public => false,
            Viewer::Uploader(user) => song.uploader == *user,
            Viewer::Admin => true,
        });
        Ok(songs)
    }

    /// Whether there has never been a song.
    ///
    /// # Errors
    /// The database failed.
    pub async fn are_none(&self) -> Result<bool, CatalogueError> {
        let row = self.0.read().one(sql("SELECT EXISTS (SELECT 1 FROM songs) AS found")).await?;
        Ok(!row.get::<bool>("found")?)
    }
}

async fn fetch(from: &mut impl Source, id: SongId) -> Result<Option<Song>, CatalogueError> {
    let row = from.optional(sql(songs_where!("s.id = $1")).bind(id)).await?;
    row.map(|row| read_song(&row)).transpose()
}

/// Those of the songs that there are, whoever may see them, in no order.
pub(crate) async fn among(
    from: &mut impl Source,
    ids: impl Iterator<Item = SongId>,
) -> Result<Vec<Song>, CatalogueError> {
    let ids: Vec<String> = ids.map(|id| format!("\"{id}\"")).collect();
    let statement = sql_each(
        songs_where!("s.id IN (SELECT unhex(value, '-') FROM json_each($1))"),
        songs_where!(
            "s.id IN (SELECT CAST(value AS uuid) FROM json_array_elements_text(CAST($1 AS json)))"
        ),
    );
    let rows = from.all(statement.bind(format!("[{}]", ids.join(",")))).await?;
    rows.iter().map(read_song).collect()
}

async fn find_or_make_artist(
    write: &mut Write,
    name: &Name,
    now: i64,
) -> Result<ArtistId, CatalogueError> {
    let statement = sql("INSERT INTO artists (id, name, created_ms) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id")
    .bind(Uuid::now_v7())
    .bind(name.as_str())
    .bind(now);
    write.one(statement).await?.get("id")
}

async fn find_or_make_album(
    write: &mut Write,
    artist: ArtistId,
    new: &NewSong,
    now: i64,
) -> Result<AlbumId, CatalogueError> {
    let statement = sql("INSERT INTO albums (id, artist_id, title, single_song, created_ms)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (artist_id, title) WHERE NOT single_song
         DO UPDATE SET title = excluded.title RETURNING id")
    .bind(Uuid::now_v7())
    .bind(artist)
    .bind(new.album.as_ref().unwrap_or(&new.title).as_str())
    .bind(new.album.is_none())
    .bind(now);
    write.one(statement).await?.get("id")
}

async fn insert_song(
    write: &mut Write,
    new: &NewSong,
    artist: ArtistId,
    album: AlbumId,
    now: i64,
) -> Result<SongId, CatalogueError> {
    let id = SongId::new(Uuid::now_v7());
    let statement =
        sql("INSERT INTO songs (id, artist_id, album_id, uploader_id, title, genre, release_year,
                            master, file_name, state, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $10)")
        .bind(id)
        .bind(artist)
        .bind(album)
        .bind(new.uploader)
        .bind(new.title.as_str())
        .bind(new.genre.as_ref().map(Name::as_str))
        .bind(new.release_year.map(|year| year.get()))
        .bind(new.master.to_string())
        .bind(new.file_name.as_str())
        .bind(now);
    write.execute(statement).await?;
    Ok(id)
}

async fn insert_job(write: &mut Write, song: SongId, now: i64) -> Result<(), CatalogueError> {
    let statement =
        sql("INSERT INTO jobs (id, song_id, state, attempts, due_ms, created_ms, updated_ms)
         VALUES ($1, $2, 'open', 0, $3, $3, $3)")
        .bind(Uuid::now_v7())
        .bind(song)
        .bind(now);
    write.execute(statement).await.map(|_| ())
}

fn read_song(row: &Row) -> Result<Song, CatalogueError> {
    Ok(Song {
        id: row.get("id")?,
        title: row.get("title")?,
        artist_id: row.get("artist_id")?,
        artist: row.get("artist")?,
        album_id: row.get("album_id")?,
        album: row.get("album")?,
        genre: row.get("genre")?,
        release_year: row.get("release_year")?,
        master: row.parse("master")?,
        uploader: row.get("uploader_id")?,
        state: row.parse("state")?,
        failure: row.get("failure")?,
        created_ms: row.get("created_ms")?,
        current: read_current(row)?,
    })
}

fn read_current(row: &Row) -> Result<Option<CurrentVersion>, CatalogueError> {
    let Some(version) = row.get::<Option<String>>("version")? else { return Ok(None) };
    Ok(Some(CurrentVersion {
        version: version.parse().map_err(CatalogueError::unreadable("version"))?,
        artist: row.get("version_artist")?,
        album: row.get("version_album")?,
        duration_ms: row.get("duration_ms")?,
        sets: row.parse("sets")?,
        dash: row.get("dash")?,
    }))
}
