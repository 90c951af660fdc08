//! The songs.

use media::{AlbumId, ArtistId, MasterHash, SongId, UserId};
use sqlx::sqlite::{Sqlite, SqliteConnection, SqliteRow};
use sqlx::{Row, Transaction};
use uuid::Uuid;

use crate::database::{Catalogue, CatalogueError};
use crate::name::Name;
use crate::song::{CurrentVersion, NewSong, Song, SongState, Viewer};

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
        let song = fetch(&mut write, id).await?;
        write.commit().await?;
        Ok(song)
    }

    /// The song with that id, whoever may see it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn get(&self, id: SongId) -> Result<Option<Song>, CatalogueError> {
        let row = sqlx::query(songs_where!("s.id = $1")).bind(id.uuid());
        row.fetch_optional(self.0.reader()).await?.map(|row| read_song(&row)).transpose()
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
            Viewer::Public => sqlx::query(songs_where!(
                "s.id < $1 AND s.state = 'ready' ORDER BY s.id DESC LIMIT $2"
            )),
            Viewer::Uploader(_) => sqlx::query(songs_where!(
                "s.id < $1 AND (s.state = 'ready' OR s.uploader_id = $3)
                 ORDER BY s.id DESC LIMIT $2"
            )),
            Viewer::Admin => sqlx::query(songs_where!("s.id < $1 ORDER BY s.id DESC LIMIT $2")),
        };
        let query = query.bind(below).bind(limit);
        let query = match viewer {
            Viewer::Uploader(user) => query.bind(user.uuid()),
            Viewer::Public | Viewer::Admin => query,
        };
        query.fetch_all(self.0.reader()).await?.iter().map(read_song).collect()
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
        let rows = sqlx::query(songs_where!("s.master = $1 ORDER BY s.id DESC"))
            .bind(master.to_string())
            .fetch_all(self.0.reader())
            .await?;
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
        let row = sqlx::query("SELECT EXISTS (SELECT 1 FROM songs)");
        Ok(!row.fetch_one(self.0.reader()).await?.try_get::<bool, _>(0)?)
    }
}

async fn fetch(db: &mut SqliteConnection, id: SongId) -> Result<Song, CatalogueError> {
    let row = sqlx::query(songs_where!("s.id = $1")).bind(id.uuid()).fetch_one(db).await?;
    read_song(&row)
}

async fn find_or_make_artist(
    write: &mut Transaction<'static, Sqlite>,
    name: &Name,
    now: i64,
) -> Result<ArtistId, CatalogueError> {
    let row = sqlx::query(
        "INSERT INTO artists (id, name, created_ms) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
    )
    .bind(Uuid::now_v7())
    .bind(name.as_str())
    .bind(now)
    .fetch_one(&mut **write)
    .await?;
    Ok(ArtistId::new(row.try_get("id")?))
}

async fn find_or_make_album(
    write: &mut Transaction<'static, Sqlite>,
    artist: ArtistId,
    new: &NewSong,
    now: i64,
) -> Result<AlbumId, CatalogueError> {
    let row = sqlx::query(
        "INSERT INTO albums (id, artist_id, title, single_song, created_ms)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (artist_id, title) WHERE NOT single_song
         DO UPDATE SET title = excluded.title RETURNING id",
    )
    .bind(Uuid::now_v7())
    .bind(artist.uuid())
    .bind(new.album.as_ref().unwrap_or(&new.title).as_str())
    .bind(new.album.is_none())
    .bind(now)
    .fetch_one(&mut **write)
    .await?;
    Ok(AlbumId::new(row.try_get("id")?))
}

async fn insert_song(
    write: &mut Transaction<'static, Sqlite>,
    new: &NewSong,
    artist: ArtistId,
    album: AlbumId,
    now: i64,
) -> Result<SongId, CatalogueError> {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO songs (id, artist_id, album_id, uploader_id, title, genre, release_year,
                            master, file_name, state, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $10)",
    )
    .bind(id)
    .bind(artist.uuid())
    .bind(album.uuid())
    .bind(new.uploader.uuid())
    .bind(new.title.as_str())
    .bind(new.genre.as_ref().map(Name::as_str))
    .bind(new.release_year.map(|year| i32::from(year.get())))
    .bind(new.master.to_string())
    .bind(new.file_name.as_str())
    .bind(now)
    .execute(&mut **write)
    .await?;
    Ok(SongId::new(id))
}

async fn insert_job(
    write: &mut Transaction<'static, Sqlite>,
    song: SongId,
    now: i64,
) -> Result<(), CatalogueError> {
    sqlx::query(
        "INSERT INTO jobs (id, song_id, state, attempts, due_ms, created_ms, updated_ms)
         VALUES ($1, $2, 'open', 0, $3, $3, $3)",
    )
    .bind(Uuid::now_v7())
    .bind(song.uuid())
    .bind(now)
    .execute(&mut **write)
    .await?;
    Ok(())
}

fn read_song(row: &SqliteRow) -> Result<Song, CatalogueError> {
    let state: String = row.try_get("state")?;
    let master: String = row.try_get("master")?;
    let year: Option<i32> = row.try_get("release_year")?;
    let year = year.map(u16::try_from).transpose();
    Ok(Song {
        id: SongId::new(row.try_get("id")?),
        title: row.try_get("title")?,
        artist_id: ArtistId::new(row.try_get("artist_id")?),
        artist: row.try_get("artist")?,
        album_id: AlbumId::new(row.try_get("album_id")?),
        album: row.try_get("album")?,
        genre: row.try_get("genre")?,
        release_year: year.map_err(CatalogueError::unreadable("release year"))?,
        master: master.parse().map_err(CatalogueError::unreadable("master"))?,
        uploader: UserId::new(row.try_get("uploader_id")?),
        state: state.parse::<SongState>().map_err(CatalogueError::unreadable("state"))?,
        failure: row.try_get("failure")?,
        created_ms: unsigned(row.try_get("created_ms")?),
        current: read_current(row)?,
    })
}

fn read_current(row: &SqliteRow) -> Result<Option<CurrentVersion>, CatalogueError> {
    let Some(version) = row.try_get::<Option<String>, _>("version")? else { return Ok(None) };
    let sets: String = row.try_get("sets")?;
    Ok(Some(CurrentVersion {
        version: version.parse().map_err(CatalogueError::unreadable("version"))?,
        artist: ArtistId::new(row.try_get("version_artist")?),
        album: AlbumId::new(row.try_get("version_album")?),
        duration_ms: unsigned(row.try_get("duration_ms")?),
        sets: sets.parse().map_err(CatalogueError::unreadable("switching sets"))?,
        dash: row.try_get("dash")?,
    }))
}

/// A count that was written from an unsigned number.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
