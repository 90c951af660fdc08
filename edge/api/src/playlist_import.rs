//! Playlists of other programs.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use catalogue::matching::{MatchedBy, Wanted};
use catalogue::{Name, NewPlaylist};
use media::SongId;
use serde::{Deserialize, Serialize};
use service::Problem;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::bearer::Caller;
use crate::playlist_documents::PlaylistDocument;
use crate::playlist_files::{PlaylistFile, Track};
use crate::playlist_refusals::refused;
use crate::refusals::{Parameters, catalogue_failed};
use crate::songs::read_name;
use crate::visitor::Visitor;

/// The most bytes of a file: 10,000 songs of a good 800.
const LARGEST: usize = 8 << 20;

/// How long a file may take to arrive: what is then left of the time for an answer is for its songs.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Importing {
    /// What the playlist is to be called; as the file says where nothing is said.
    #[param(min_length = 1, max_length = 200)]
    name: Option<String>,
}

/// What has become of a file.
#[derive(Serialize, ToSchema)]
pub(crate) struct Imported {
    playlist: PlaylistDocument,
    /// What was recognised, in the order of the file.
    matched: Vec<Matched>,
    /// What was not, in the order of the file.
    unmatched: Vec<Unmatched>,
}

#[derive(Serialize, ToSchema)]
struct Matched {
    /// Its place in the file, from 1.
    place: usize,
    #[schema(value_type = Uuid)]
    song_id: SongId,
    /// By what it was recognised: `id`, `isrc` or `name` (artist and title, and its length where that is said).
    #[schema(value_type = String)]
    by: MatchedBy,
}

#[derive(Serialize, ToSchema)]
struct Unmatched {
    /// Its place in the file, from 1.
    place: usize,
    title: Option<String>,
    artist: Option<String>,
    album: Option<String>,
    /// Where the file says that it is.
    location: Option<String>,
}

type Made = (StatusCode, [(HeaderName, String); 1], Json<Imported>);

/// Makes a private playlist of a file: M3U8, XSPF or JSPF, recognised by how it begins. Songs are found by their id here, their
/// ISRC, or artist, title and length; which were not is said.
#[utoipa::path(post, path = "/v1/playlists/import", tag = "playlists", params(Importing),
    request_body(content((String = "audio/x-mpegurl"), (String = "application/xspf+xml"),
                         (String = "application/jspf+json"))),
    responses((status = 201, description = "Made.", body = Imported)))]
pub(crate) async fn import(
    Caller(user): Caller,
    visitor: Visitor,
    Parameters(importing): Parameters<Importing>,
    body: Body,
) -> Result<Made, Problem> {
    let name = read_name(importing.name.as_deref(), "name")?;
    let file = PlaylistFile::read(&received(body).await?).map_err(|error| {
        let detail = format!("This cannot be imported: {error}. Accepted are M3U8, XSPF and JSPF.");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not-a-playlist", detail)
    })?;
    let wanted: Vec<Wanted> = file.tracks.iter().map(wanted).collect();
    let meant = visitor.catalogue.songs().matching(&visitor.audience, &wanted).await;
    let meant = meant.map_err(catalogue_failed)?;
    let songs: Vec<SongId> = meant.iter().flatten().map(|(song, _)| *song).collect();
    let playlists = visitor.playlists();
    let made = playlists.create_with(&user, &new(&file, name), &songs).await;
    let playlist = made.map_err(refused)?;
    let (matched, unmatched) = sorted(file.tracks, &meant);
    let place = format!("/v1/playlists/{}", playlist.id);
    let imported = Imported { playlist: playlist.into(), matched, unmatched };
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(imported)))
}

async fn received(body: Body) -> Result<axum::body::Bytes, Problem> {
    match timeout(PATIENCE, to_bytes(body, LARGEST)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let detail = format!("A playlist has at most {LARGEST} bytes, and arrives whole.");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail))
        }
        Err(_) => {
            let detail = format!("The file did not arrive within {} seconds.", PATIENCE.as_secs());
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail))
        }
    }
}

fn wanted(track: &Track) -> Wanted {
    let name = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
    Wanted {
        id: track.song(),
        isrc: track.isrc(),
        artist: name(&track.artist),
        title: name(&track.title),
        duration_ms: track.duration_ms,
    }
}

fn new(file: &PlaylistFile, name: Option<Name>) -> NewPlaylist {
    let title = file.title.as_deref().unwrap_or_default();
    let description = file.annotation.as_deref().and_then(|text| text.parse().ok());
    NewPlaylist {
        name: name.unwrap_or_else(|| Name::nearest(title, "Imported")),
        description: description.unwrap_or_default(),
        public: false,
    }
}

fn sorted(
    tracks: Vec<Track>,
    meant: &[Option<(SongId, MatchedBy)>],
) -> (Vec<Matched>, Vec<Unmatched>) {
    let (mut matched, mut unmatched) = (Vec::new(), Vec::new());
    for ((track, meant), place) in tracks.into_iter().zip(meant).zip(1..) {
        match *meant {
            Some((song_id, by)) => matched.push(Matched { place, song_id, by }),
            None => unmatched.push(Unmatched {
                place,
                title: track.title,
                artist: track.artist,
                album: track.album,
                location: track.locations.into_iter().next(),
            }),
        }
    }
    (matched, unmatched)
}
