//! The songs of a playlist: put in, shown, moved, removed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderName, HeaderValue};
use catalogue::Playlist;
use catalogue::playlist::EntryId;
use media::SongId;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::{Asker, Caller};
use crate::playlist_documents::EntryPage;
use crate::playlist_refusals::{EntryPath, PlaylistPath, PlaylistSongPath, check_count, refused};
use crate::playlists::seen_by;
use crate::preconditions::{Wanted, told};
use crate::refusals::{Body, Parameters};
use crate::visitor::Visitor;

const DEFAULT_LIMIT: u32 = 50;
pub(crate) const HIGHEST_LIMIT: u32 = 1_000;

/// Songs to be put in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SongsToAdd {
    /// 1 to 1,000 songs, in their order.
    #[schema(value_type = Vec<Uuid>, min_items = 1, max_items = 1000)]
    songs_id: Vec<SongId>,
    /// Where the first of them shall stand, counted from 0; at the end where the playlist is shorter, or nothing is said.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    position: Option<u32>,
}

/// What was put in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SongsAdded {
    /// The new entries, in the order of their songs.
    #[schema(value_type = Vec<Uuid>)]
    entries: Vec<EntryId>,
    /// How many songs the playlist has now.
    song_count: u32,
    /// The playlist's version now.
    version: u64,
}

/// Entries to be moved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    /// 1 to 1,000 entries, in the order that they shall have.
    #[schema(value_type = Vec<Uuid>, min_items = 1, max_items = 1000)]
    entries: Vec<EntryId>,
    /// Where the first of them shall stand, counted from 0 among all songs after the move; at the end where the playlist
    /// is shorter.
    #[schema(value_type = i64, minimum = 0, maximum = 4_294_967_295_i64)]
    position: u32,
}

/// Entries to be removed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removal {
    /// 1 to 1,000 entries.
    #[schema(value_type = Vec<Uuid>, min_items = 1, max_items = 1000)]
    entries: Vec<EntryId>,
}

/// What a playlist has after a change.
#[derive(Serialize, ToSchema)]
pub(crate) struct Edited {
    /// How many songs the playlist has now.
    song_count: u32,
    /// The playlist's version now.
    version: u64,
}

/// An answer that says the playlist's version as its entity tag, too.
pub(crate) type Tagged<T> = ([(HeaderName, HeaderValue); 1], Json<T>);

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryPaging {
    /// How many at most, from 1 to 1000; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// The token of a link to the playlist, where the caller may not see it otherwise.
    link: Option<String>,
}

/// The songs of a playlist in their order. Pages follow each other whatever is edited meanwhile.
#[utoipa::path(get, path = "/v1/playlists/{id}/entries", tag = "playlists",
    params(("id" = Uuid, Path), EntryPaging),
    responses((status = 200, description = "One page.", body = EntryPage)))]
pub(crate) async fn list(
    Asker(user): Asker,
    visitor: Visitor,
    PlaylistPath(id): PlaylistPath,
    Parameters(paging): Parameters<EntryPaging>,
) -> Result<Json<EntryPage>, Problem> {
    let limit = read_limit(paging.limit.as_deref())?;
    let after = paging.after.as_deref().map(str::parse).transpose().map_err(|_| {
        Problem::field("after", "A page begins after the 'next' of the page before it.")
    })?;
    // One more than is shown says whether there is a next page.
    let found = visitor
        .playlists()
        .entries(user.as_ref(), paging.link.as_deref(), id, after.as_ref(), limit + 1)
        .await;
    let (_, entries) = found.map_err(refused)?;
    Ok(Json(EntryPage::new(entries, limit as usize)))
}

/// Puts songs in at a position: all of them, or none; with `If-Match`, only where nobody has changed the playlist meanwhile.
#[utoipa::path(post, path = "/v1/playlists/{id}/songs", tag = "playlists",
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)), request_body = SongsToAdd,
    responses((status = 200, description = "They are in.", body = SongsAdded)))]
pub(crate) async fn add(
    Caller(user): Caller,
    visitor: Visitor,
    PlaylistPath(id): PlaylistPath,
    Wanted(versions): Wanted,
    Body(add): Body<SongsToAdd>,
) -> Result<Tagged<SongsAdded>, Problem> {
    check_count("songs_id", add.songs_id.len())?;
    let added = visitor.playlists().at(versions).add(&user, id, &add.songs_id, add.position).await;
    let (playlist, entries) = added.map_err(refused)?;
    let (song_count, version) = (playlist.songs, playlist.version);
    Ok((told(version), Json(SongsAdded { entries, song_count, version })))
}

/// Moves entries: they are taken out, and put in again in the order in which they are named.
#[utoipa::path(post, path = "/v1/playlists/{id}/moves", tag = "playlists",
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)), request_body = Move,
    responses((status = 200, description = "They stand there.", body = Edited)))]
pub(crate) async fn shift(
    State(api): State<Api>,
    Caller(user): Caller,
    PlaylistPath(id): PlaylistPath,
    Wanted(versions): Wanted,
    Body(shift): Body<Move>,
) -> Result<Tagged<Edited>, Problem> {
    check_count("entries", shift.entries.len())?;
    let catalogue = seen_by(&api, Some(&user));
    let moved =
        catalogue.playlists().at(versions).shift(&user, id, &shift.entries, shift.position).await;
    let playlist = moved.map_err(refused)?;
    Ok(edited(&playlist))
}

/// Removes entries: all of them, or none; with `If-Match`, only where nobody has changed the playlist meanwhile.
#[utoipa::path(post, path = "/v1/playlists/{id}/removals", tag = "playlists",
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)), request_body = Removal,
    responses((status = 200, description = "They are gone.", body = Edited)))]
pub(crate) async fn remove_many(
    State(api): State<Api>,
    Caller(user): Caller,
    PlaylistPath(id): PlaylistPath,
    Wanted(versions): Wanted,
    Body(removal): Body<Removal>,
) -> Result<Tagged<Edited>, Problem> {
    check_count("entries", removal.entries.len())?;
    let catalogue = seen_by(&api, Some(&user));
    let removed = catalogue.playlists().at(versions).remove(&user, id, &removal.entries).await;
    let playlist = removed.map_err(refused)?;
    Ok(edited(&playlist))
}

/// Removes one entry.
#[utoipa::path(delete, path = "/v1/playlists/{id}/entries/{entry_id}", tag = "playlists",
    params(("id" = Uuid, Path), ("entry_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn remove(
    State(api): State<Api>,
    Caller(user): Caller,
    EntryPath(id, entry): EntryPath,
    Wanted(versions): Wanted,
) -> Result<StatusCode, Problem> {
    let catalogue = seen_by(&api, Some(&user));
    let removed = catalogue.playlists().at(versions).remove(&user, id, &[entry]).await;
    removed.map_err(|error| match error {
        catalogue::PlaylistError::NoSuchEntry(_) => {
            let detail = "The playlist has no entry with this id.";
            Problem::new(StatusCode::NOT_FOUND, "no-such-entry", detail)
        }
        error => refused(error),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a song, however often it stands in the playlist.
#[utoipa::path(delete, path = "/v1/playlists/{id}/songs/{song_id}", tag = "playlists",
    params(("id" = Uuid, Path), ("song_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn remove_song(
    State(api): State<Api>,
    Caller(user): Caller,
    PlaylistSongPath(id, song): PlaylistSongPath,
    Wanted(versions): Wanted,
) -> Result<StatusCode, Problem> {
    let catalogue = seen_by(&api, Some(&user));
    let removed = catalogue.playlists().at(versions).remove_song(&user, id, song).await;
    removed.map_err(|error| match error {
        catalogue::PlaylistError::NoSuchSong(_) => {
            let detail = "This song does not stand in the playlist.";
            Problem::new(StatusCode::NOT_FOUND, "not-in-playlist", detail)
        }
        error => refused(error),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

fn edited(playlist: &Playlist) -> Tagged<Edited> {
    let (song_count, version) = (playlist.songs, playlist.version);
    (told(version), Json(Edited { song_count, version }))
}

pub(crate) fn read_limit(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=HIGHEST_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        let accepted = format!("The limit is a number from 1 to {HIGHEST_LIMIT}.");
        Problem::field("limit", accepted)
    })
}
