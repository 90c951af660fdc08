//! A song as it stands in the database.

use crate::error::CatalogueError;
use crate::musicbrainz::MusicBrainz;
use crate::name::ReleaseYear;
use crate::row::Row;
use crate::song::{CurrentVersion, Song};

/// Songs `s` with their artists, albums and current versions; a condition follows.
macro_rules! songs {
    () => {
        songs!("songs s")
    };
    ($from:literal) => {
        concat!(
            "SELECT s.id, s.title, s.artist_id, a.name AS artist, s.album_id, l.title AS album,
                s.genre, s.release_year, s.master, s.uploader_id, s.state, s.failure,
                s.created_ms, s.explicit, s.isrc, s.disc, s.track, s.recording_id,
                s.release_id, s.artist_ids, s.draft, s.available_from_ms,
                s.available_until_ms, s.territories, s.cover, s.edition, v.version,
                v.artist_id AS version_artist, v.album_id AS version_album, v.duration_ms,
                v.sets, v.dash
         FROM ",
            $from,
            "
         JOIN artists a ON a.id = s.artist_id
         JOIN albums l ON l.id = s.album_id
         LEFT JOIN current_versions c ON c.song_id = s.id
         LEFT JOIN versions v ON v.song_id = c.song_id AND v.version = c.version"
        )
    };
}

pub(crate) use songs;

pub(crate) fn read_song(row: &Row) -> Result<Song, CatalogueError> {
    Ok(Song {
        id: row.get("id")?,
        title: row.get("title")?,
        artist_id: row.get("artist_id")?,
        artist: row.get("artist")?,
        album_id: row.get("album_id")?,
        album: row.get("album")?,
        genre: row.get("genre")?,
        release_year: row.get::<Option<u16>>("release_year")?.and_then(ReleaseYear::new),
        master: row.parse("master")?,
        uploader: row.get("uploader_id")?,
        state: row.parse("state")?,
        failure: row.get("failure")?,
        created_ms: row.get("created_ms")?,
        explicit: row.get("explicit")?,
        isrc: row.parse_optional("isrc")?,
        disc: row.get("disc")?,
        track: row.get("track")?,
        musicbrainz: MusicBrainz {
            recording: row.parse_optional("recording_id")?,
            release: row.parse_optional("release_id")?,
            artists: row.parse_optional("artist_ids")?,
        },
        draft: row.get("draft")?,
        available_from_ms: row.get("available_from_ms")?,
        available_until_ms: row.get("available_until_ms")?,
        territories: row.parse_optional("territories")?,
        artwork: row.parse_optional("cover")?,
        edition: row.get("edition")?,
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
