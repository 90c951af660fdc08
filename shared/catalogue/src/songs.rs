//! The songs.

use media::{AlbumId, ArtistId, MasterHash, SongId};
use uuid::Uuid;

use crate::artists;
use crate::audience::{Audience, visible};
use crate::catalogue::Catalogue;
use crate::credits;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::genres::note_genre;
use crate::identifier::Isrc;
use crate::jobs::{self, NewJob, Priority};
use crate::musicbrainz::ArtistIds;
use crate::name::{Name, ReleaseYear};
use crate::song::{NewSong, Particulars, Song, TrackNumber, Viewer};
use crate::song_cursor::SongCursor;
use crate::song_filter::SongFilter;
use crate::song_row::{read_song, songs};
use crate::source::Source;
use crate::statement::{sql, sql_each};
use crate::write::Write;

/// The songs in a catalogue.
#[derive(Debug)]
pub struct Songs<'a>(pub(crate) &'a Catalogue);

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
        let mut write = self.0.write().await?;
        let song = accept_in(&mut write, new).await?;
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

    /// The song with that id, if `audience` may know of it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn seen(
        &self,
        id: SongId,
        audience: &Audience,
    ) -> Result<Option<Song>, CatalogueError> {
        let statement = sql(concat!(songs!(), " WHERE ", visible!(), " AND s.id = $5"));
        let statement = statement.bind_audience(audience, self.0.now_ms()).bind(id);
        self.0.read().optional(statement).await?.as_ref().map(read_song).transpose()
    }

    /// Up to `limit` songs that pass `filter` and that `audience` may know of, from behind `after` on, where the
    /// filter's pages begin there: newest first, or by their titles where the filter is about those.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(
        &self,
        audience: &Audience,
        filter: &SongFilter,
        after: Option<&SongCursor>,
        limit: u32,
    ) -> Result<Vec<Song>, CatalogueError> {
        let statement = filter.statement(audience, self.0.now_ms(), after, limit);
        self.0.read().all(statement).await?.iter().map(read_song).collect()
    }

    /// Up to `limit` songs in the order of their release, latest first, from behind `after` on, where
    /// that is of such a list.
    ///
    /// # Errors
    /// The database failed.
    pub async fn newest(
        &self,
        audience: &Audience,
        genre: Option<&Name>,
        after: Option<&SongCursor>,
        limit: u32,
    ) -> Result<Vec<Song>, CatalogueError> {
        let statement = sql(concat!(songs!(), " WHERE ", visible!(), " AND s.released_ms <= $3"))
            .bind_audience(audience, self.0.now_ms());
        let statement = match genre {
            Some(genre) => statement.with(" AND s.genre_key = ?", genre.key()),
            None => statement,
        };
        let statement = match after {
            Some(SongCursor::Release(ms, id)) => {
                statement.with(" AND (s.released_ms, s.id) < (?", *ms).with(", ?)", *id)
            }
            _ => statement,
        };
        let statement = statement.with(" ORDER BY s.released_ms DESC, s.id DESC LIMIT ?", limit);
        self.0.read().all(statement).await?.iter().map(read_song).collect()
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
        let statement = sql(concat!(songs!(), " WHERE s.master = $1 ORDER BY s.id DESC"));
        let rows = self.0.read().all(statement.bind(master.to_string())).await?;
        let mut songs: Vec<Song> = rows.iter().map(read_song).collect::<Result<_, _>>()?;
        songs.retain(|song| song.is_of(viewer));
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

/// [`Songs::accept`] as part of a transaction.
pub(crate) async fn accept_in(write: &mut Write, new: &NewSong) -> Result<Song, CatalogueError> {
    write.alone_on_master(&new.master).await?;
    let now = write.now_ms();
    let owner = new.album_artist.as_ref().unwrap_or(&new.artist);
    // All at once: who makes the same ones in another order is not waited for.
    let credited = new.particulars.credits.iter().map(|credit| &credit.artist);
    let artists = artists::find_or_make(write, credited.chain([&new.artist, owner])).await?;
    let (artist, owner) = (artists[new.artist.as_str()], artists[owner.as_str()]);
    let album = find_or_make_album(write, owner, new, now).await?;
    let id = insert_song(write, new, artist, album, now).await?;
    credits::insert(write, id, &new.particulars.credits).await?;
    let job = NewJob {
        song: id,
        owner: new.uploader,
        priority: Priority::Waiting,
        master: &new.master,
        file_name: new.file_name.as_str(),
    };
    jobs::put_in(write, &job).await?;
    write.say(&Event::SongUploaded { song: id, uploader: new.uploader }).await?;
    fetch(write, id).await?.ok_or_else(|| sqlx::Error::RowNotFound.into())
}

pub(crate) async fn fetch(
    from: &mut impl Source,
    id: SongId,
) -> Result<Option<Song>, CatalogueError> {
    let row = from.optional(sql(concat!(songs!(), " WHERE s.id = $1")).bind(id)).await?;
    row.map(|row| read_song(&row)).transpose()
}

/// Those of the songs that `audience` may know of, in no order.
pub(crate) async fn among(
    from: &mut impl Source,
    audience: &Audience,
    now_ms: i64,
    ids: impl Iterator<Item = SongId>,
) -> Result<Vec<Song>, CatalogueError> {
    let ids: Vec<String> = ids.map(|id| format!("\"{id}\"")).collect();
    let statement = sql_each(
        concat!(
            songs!(),
            " WHERE ",
            visible!(),
            " AND s.id IN (SELECT unhex(value, '-') FROM json_each($5))"
        ),
        concat!(
            songs!(),
            " WHERE ",
            visible!(),
            " AND s.id IN (SELECT CAST(value AS uuid)
                           FROM json_array_elements_text(CAST($5 AS json)))"
        ),
    );
    let statement = statement.bind_audience(audience, now_ms);
    let rows = from.all(statement.bind(format!("[{}]", ids.join(",")))).await?;
    rows.iter().map(read_song).collect()
}

/// The uploader's own album of that artist and title: nobody puts songs into another's.
async fn find_or_make_album(
    write: &mut Write,
    artist: ArtistId,
    new: &NewSong,
    now: i64,
) -> Result<AlbumId, CatalogueError> {
    let statement =
        sql("INSERT INTO albums (id, artist_id, owner_id, title, single_song, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (artist_id, owner_id, title) WHERE NOT single_song
         DO UPDATE SET title = excluded.title RETURNING id")
        .bind(Uuid::now_v7())
        .bind(artist)
        .bind(new.uploader)
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
        sql("INSERT INTO songs (id, artist_id, album_id, uploader_id, title, title_key, genre,
                            genre_key, release_year, master, file_name, state, created_ms,
                            updated_ms, released_ms, explicit, isrc, disc, track, recording_id,
                            release_id, artist_ids)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'queued', $12, $12, $12, $13, $14,
                 $15, $16, $17, $18, $19)")
        .bind(id)
        .bind(artist)
        .bind(album)
        .bind(new.uploader)
        .bind(new.title.as_str())
        .bind(new.title.key())
        .bind(new.genre.as_ref().map(Name::as_str))
        .bind(new.genre.as_ref().map(Name::key))
        .bind(new.release_year.map(ReleaseYear::get))
        .bind(new.master.to_string())
        .bind(new.file_name.as_str())
        .bind(now);
    let Particulars { explicit, isrc, disc, track, musicbrainz, .. } = &new.particulars;
    let statement = statement
        .bind(*explicit)
        .bind(isrc.as_ref().map(Isrc::to_string))
        .bind(disc.map(TrackNumber::get))
        .bind(track.map(TrackNumber::get))
        .bind(musicbrainz.recording.map(|id| id.to_string()))
        .bind(musicbrainz.release.map(|id| id.to_string()))
        .bind(musicbrainz.artists.as_ref().map(ArtistIds::to_string));
    write.execute(statement).await?;
    note_genre(write, new.genre.as_ref()).await?;
    Ok(id)
}
