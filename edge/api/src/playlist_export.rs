//! Playlists for other programs.

use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use catalogue::playlist::{Cursor, Entry};
use catalogue::{Playlist, Song};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use service::Problem;

use crate::api::Api;
use crate::bearer::Asker;
use crate::playlist_entries::HIGHEST_LIMIT;
use crate::playlist_files::{Format, PlaylistFile, Track};
use crate::playlist_refusals::{PlaylistPath, refused};
use crate::public_url::PublicUrl;
use crate::refusals::Parameters;
use crate::visitor::Visitor;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exporting {
    /// `m3u8`, `xspf` or `jspf`; `m3u8` where nothing is said.
    format: Option<String>,
    /// The token of a link to the playlist, where the caller may not see it otherwise.
    link: Option<String>,
}

/// A playlist as a file: M3U8, XSPF or JSPF. Songs are named by their `/v1/songs/{id}`, which opens nothing by itself; those
/// that the caller cannot play now are left out.
#[utoipa::path(get, path = "/v1/playlists/{id}/export", tag = "playlists",
    params(("id" = Uuid, Path), Exporting),
    responses((status = 200, description = "The file.", content(
        (String = "audio/x-mpegurl"), (String = "application/xspf+xml"),
        (String = "application/jspf+json")))))]
pub(crate) async fn export(
    axum::extract::State(api): axum::extract::State<Api>,
    Asker(user): Asker,
    visitor: Visitor,
    PlaylistPath(id): PlaylistPath,
    Parameters(exporting): Parameters<Exporting>,
) -> Result<Response, Problem> {
    let format = exporting.format()?;
    let (mut songs, mut after): (Vec<Song>, Option<Cursor>) = (Vec::new(), None);
    let playlist = loop {
        let playlists = visitor.playlists();
        let link = exporting.link.as_deref();
        let page = playlists.entries(user.as_ref(), link, id, after.as_ref(), HIGHEST_LIMIT).await;
        let (playlist, entries) = page.map_err(refused)?;
        let whole = entries.len() < HIGHEST_LIMIT as usize;
        after = entries.last().map(|entry| entry.cursor.clone());
        songs.extend(entries.into_iter().filter_map(|entry: Entry| entry.song));
        if whole {
            break playlist;
        }
    };
    Ok(file(&playlist, &songs, format, api.public_url()))
}

impl Exporting {
    fn format(&self) -> Result<Format, Problem> {
        let Some(text) = self.format.as_deref() else { return Ok(Format::M3u8) };
        let format = Format::ALL.into_iter().find(|format| format.to_string() == text);
        format.ok_or_else(|| Problem::field("format", "The format is m3u8, xspf or jspf."))
    }
}

fn file(playlist: &Playlist, songs: &[Song], format: Format, base: &PublicUrl) -> Response {
    let file = PlaylistFile {
        title: Some(playlist.name.clone()),
        annotation: Some(playlist.description.clone()).filter(|text| !text.is_empty()),
        tracks: songs.iter().map(|song| track(song, base)).collect(),
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(format.content_type())),
        (CONTENT_DISPOSITION, disposition(&playlist.name, format)),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    (headers, file.write(format)).into_response()
}

fn track(song: &Song, base: &PublicUrl) -> Track {
    Track {
        locations: vec![format!("{base}/v1/songs/{}", song.id)],
        identifiers: song.isrc.iter().map(|isrc| format!("urn:isrc:{isrc}")).collect(),
        title: Some(song.title.clone()),
        artist: Some(song.artist.clone()),
        album: Some(song.album.clone()),
        duration_ms: song.current.as_ref().map(|current| current.duration_ms),
    }
}

/// RFC 6266 4.3, RFC 8187: the name in UTF-8, and a plain one for those who cannot read that.
fn disposition(name: &str, format: Format) -> HeaderValue {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let value =
        format!("attachment; filename=\"playlist.{format}\"; filename*=UTF-8''{name}.{format}");
    HeaderValue::from_str(&value).expect("what is percent-encoded is ASCII")
}
