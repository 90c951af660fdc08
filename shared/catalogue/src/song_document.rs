//! A song as HTTP answers tell it: the API and the ingest endpoint say the same.

use media::{AlbumId, ArtistId, SongId, Version};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use crate::artwork::{CoverDocument, cover_documents};
use crate::country::Territories;
use crate::identifier::Isrc;
use crate::musicbrainz::{ArtistIds, Mbid};
use crate::name::ReleaseYear;
use crate::song::{Song, SongState};

/// The JSON document of a song. What is not known yet is `null`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Song)]
pub struct SongDocument {
    /// Which.
    #[schema(value_type = Uuid)]
    pub id: SongId,
    /// Its title.
    pub title: String,
    /// Who made it.
    pub artist: String,
    /// The artist's id.
    #[schema(value_type = Uuid)]
    pub artist_id: ArtistId,
    /// Where it belongs.
    pub album: String,
    /// The album's id.
    #[schema(value_type = Uuid)]
    pub album_id: AlbumId,
    /// What kind of music it is.
    pub genre: Option<String>,
    /// When it came out.
    pub release_year: Option<u16>,
    /// Its exact length, rounded to milliseconds, once it is ready.
    pub duration_ms: Option<u64>,
    /// How far it has come.
    #[schema(value_type = String)]
    pub state: SongState,
    /// Why it failed.
    pub error: Option<String>,
    /// The version that listeners get.
    #[schema(value_type = Option<String>)]
    pub version: Option<Version>,
    /// Whether its words are not for children.
    pub explicit: bool,
    /// The recording's code, without hyphens.
    #[schema(value_type = Option<String>)]
    pub isrc: Option<Isrc>,
    /// What MusicBrainz calls the recording.
    #[schema(value_type = Option<Uuid>)]
    pub musicbrainz_recording_id: Option<Mbid>,
    /// What MusicBrainz calls the release that it is on.
    #[schema(value_type = Option<Uuid>)]
    pub musicbrainz_release_id: Option<Mbid>,
    /// What MusicBrainz calls those who made it.
    #[schema(value_type = Option<Vec<Uuid>>)]
    pub musicbrainz_artist_ids: Option<ArtistIds>,
    /// The disc of the album that it is on, from 1.
    pub disc: Option<u16>,
    /// Its place on that disc, or in the album, from 1.
    pub track: Option<u16>,
    /// Whether its artist still keeps it back.
    pub draft: bool,
    /// From when on it may be heard (RFC 3339).
    pub available_from: Option<String>,
    /// Until when it may be heard (RFC 3339).
    pub available_until: Option<String>,
    /// The countries that it may be heard in (ISO 3166-1); everywhere where nothing is said.
    #[schema(value_type = Option<Vec<String>>)]
    pub territories: Option<Territories>,
    /// Its cover in sizes, the largest first; none where it has none.
    pub artwork: Vec<CoverDocument>,
    /// When it was accepted (RFC 3339).
    pub created_at: String,
}

impl From<Song> for SongDocument {
    fn from(song: Song) -> Self {
        Self {
            id: song.id,
            title: song.title,
            artist: song.artist,
            artist_id: song.artist_id,
            album: song.album,
            album_id: song.album_id,
            genre: song.genre,
            release_year: song.release_year.map(ReleaseYear::get),
            duration_ms: song.current.as_ref().map(|current| current.duration_ms),
            state: song.state,
            error: song.failure,
            version: song.current.as_ref().map(|current| current.version),
            explicit: song.explicit,
            isrc: song.isrc,
            musicbrainz_recording_id: song.musicbrainz.recording,
            musicbrainz_release_id: song.musicbrainz.release,
            musicbrainz_artist_ids: song.musicbrainz.artists,
            disc: song.disc,
            track: song.track,
            draft: song.draft,
            available_from: song.available_from_ms.map(rfc3339),
            available_until: song.available_until_ms.map(rfc3339),
            territories: song.territories,
            artwork: cover_documents(song.artwork.as_ref()),
            created_at: rfc3339(song.created_ms),
        }
    }
}

/// Milliseconds since 1970 as RFC 3339 writes them, in UTC.
#[must_use]
pub fn rfc3339(ms: u64) -> String {
    let nanoseconds = i128::from(ms) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_348_800_250), "2026-11-22T12:00:00.25Z");
    }
}
