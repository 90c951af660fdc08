//! Changing what is said about a song. Who read an older edition changes nothing.

use media::SongId;

use crate::country::Territories;
use crate::credits::{self, Credit, NewCredit};
use crate::error::CatalogueError;
use crate::event::Event;
use crate::genres::note_genre;
use crate::identifier::Isrc;
use crate::musicbrainz::{ArtistIds, Mbid, MusicBrainz};
use crate::name::{Name, ReleaseYear};
use crate::song::{Song, TrackNumber};
use crate::songs::{Songs, fetch};
use crate::statement::sql;
use crate::write::Write;

/// What is to be different; `None` leaves it as it is, and `Some(None)` leaves it out.
#[derive(Debug, Clone, Default)]
pub struct SongEdit {
    /// Its title.
    pub title: Option<Name>,
    /// What kind of music it is.
    pub genre: Option<Option<Name>>,
    /// When it came out.
    pub release_year: Option<Option<ReleaseYear>>,
    /// Whether its words are not for children.
    pub explicit: Option<bool>,
    /// The recording's code.
    pub isrc: Option<Option<Isrc>>,
    /// The disc of the album that it is on.
    pub disc: Option<Option<TrackNumber>>,
    /// Its place on that disc, or in the album.
    pub track: Option<Option<TrackNumber>>,
    /// What MusicBrainz calls the recording.
    pub recording_id: Option<Option<Mbid>>,
    /// What MusicBrainz calls the release.
    pub release_id: Option<Option<Mbid>>,
    /// What MusicBrainz calls those who made it.
    pub artist_ids: Option<Option<ArtistIds>>,
    /// Whether its artist still keeps it back.
    pub draft: Option<bool>,
    /// From when on it may be heard, in milliseconds since 1970.
    pub available_from_ms: Option<Option<u64>>,
    /// Until when it may be heard, in milliseconds since 1970.
    pub available_until_ms: Option<Option<u64>>,
    /// Where it may be heard.
    pub territories: Option<Option<Territories>>,
    /// Who made it, all of them.
    pub credits: Option<Vec<NewCredit>>,
}

impl Songs<'_> {
    /// Who made a song, beside the artist that it is filed under.
    ///
    /// # Errors
    /// The database failed.
    pub async fn credits(&self, song: SongId) -> Result<Vec<Credit>, CatalogueError> {
        credits::of_song(&mut self.0.read(), song).await
    }

    /// Changes what is said about a song, if it is still of that `edition`.
    ///
    /// # Errors
    /// [`CatalogueError::Stale`] where it is not, [`CatalogueError::EmptyWindow`].
    pub async fn edit(
        &self,
        id: SongId,
        edition: u64,
        edit: &SongEdit,
    ) -> Result<Song, CatalogueError> {
        // An album and its songs are changed by one at a time: both changes touch both. A song stays in its album.
        let album = self.get(id).await?.ok_or(CatalogueError::Stale)?.album_id;
        let mut write = self.0.write_alone_on(album.uuid()).await?;
        let song = fetch(&mut write, id).await?.filter(|song| song.edition == edition);
        let song = edit.applied(song.ok_or(CatalogueError::Stale)?)?;
        store(&mut write, &song).await?;
        if edit.title.is_some() {
            rename_single(&mut write, &song).await?;
        }
        // Artists before genres: as songs are accepted.
        if let Some(credits) = &edit.credits {
            credits::replace(&mut write, id, credits).await?;
        }
        if let Some(Some(genre)) = &edit.genre {
            note_genre(&mut write, Some(genre)).await?;
        }
        let Song { artist_id: artist, album_id: album, .. } = song;
        write.say(&Event::SongEdited { song: id, artist, album }).await?;
        let song = fetch(&mut write, id).await?.ok_or(sqlx::Error::RowNotFound)?;
        write.commit().await?;
        Ok(song)
    }
}

impl SongEdit {
    fn applied(&self, song: Song) -> Result<Song, CatalogueError> {
        let song = Song {
            title: self.title.as_ref().map_or(song.title, Name::to_string),
            genre: changed(
                &self.genre.as_ref().map(|to| to.as_ref().map(Name::to_string)),
                song.genre,
            ),
            release_year: changed(&self.release_year, song.release_year),
            explicit: self.explicit.unwrap_or(song.explicit),
            isrc: changed(&self.isrc, song.isrc),
            disc: changed(&numbered(self.disc), song.disc),
            track: changed(&numbered(self.track), song.track),
            musicbrainz: MusicBrainz {
                recording: changed(&self.recording_id, song.musicbrainz.recording),
                release: changed(&self.release_id, song.musicbrainz.release),
                artists: changed(&self.artist_ids, song.musicbrainz.artists),
            },
            draft: self.draft.unwrap_or(song.draft),
            available_from_ms: changed(&self.available_from_ms, song.available_from_ms),
            available_until_ms: changed(&self.available_until_ms, song.available_until_ms),
            territories: changed(&self.territories, song.territories),
            ..song
        };
        match (song.available_from_ms, song.available_until_ms) {
            (Some(from), Some(until)) if until <= from => Err(CatalogueError::EmptyWindow),
            _ => Ok(song),
        }
    }
}

fn changed<T: Clone>(to: &Option<Option<T>>, from: Option<T>) -> Option<T> {
    to.clone().unwrap_or(from)
}

fn numbered(number: Option<Option<TrackNumber>>) -> Option<Option<u16>> {
    number.map(|number| number.map(TrackNumber::get))
}

/// Writes what an edit may have changed. A worker that meanwhile changed the state has made another edition.
async fn store(write: &mut Write, song: &Song) -> Result<(), CatalogueError> {
    let genre_key = song.genre.as_deref().map(crate::name::key);
    let statement = sql("UPDATE songs SET title = $1, title_key = $2, genre = $3, genre_key = $4,
             release_year = $5, explicit = $6, isrc = $7, track = $8, draft = $9,
             available_from_ms = $10, available_until_ms = $11, territories = $12,
             released_ms = COALESCE($10, created_ms), updated_ms = $13, disc = $14,
             recording_id = $15, release_id = $16, artist_ids = $17, edition = edition + 1
         WHERE id = $18 AND edition = $19")
    .bind(song.title.as_str())
    .bind(crate::name::key(&song.title))
    .bind(song.genre.as_deref())
    .bind(genre_key.clone())
    .bind(song.release_year.map(ReleaseYear::get))
    .bind(song.explicit)
    .bind(song.isrc.as_ref().map(Isrc::to_string))
    .bind(song.track)
    .bind(song.draft)
    .bind(song.available_from_ms)
    .bind(song.available_until_ms)
    .bind(song.territories.as_ref().map(Territories::to_string))
    .bind(write.now_ms())
    .bind(song.disc)
    .bind(song.musicbrainz.recording.map(|id| id.to_string()))
    .bind(song.musicbrainz.release.map(|id| id.to_string()))
    .bind(song.musicbrainz.artists.as_ref().map(ArtistIds::to_string))
    .bind(song.id)
    .bind(song.edition);
    if write.execute(statement).await? == 0 {
        return Err(CatalogueError::Stale);
    }
    let statement = sql("UPDATE trends SET genre_key = $1 WHERE song_id = $2");
    write.execute(statement.bind(genre_key).bind(song.id)).await.map(|_| ())
}

/// The album that a song without one got has the song's title.
async fn rename_single(write: &mut Write, song: &Song) -> Result<(), CatalogueError> {
    let statement = sql("UPDATE albums SET title = $1, edition = edition + 1
                         WHERE id = $2 AND single_song");
    write.execute(statement.bind(song.title.as_str()).bind(song.album_id)).await.map(|_| ())
}
