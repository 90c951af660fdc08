//! The paths at which clients of earlier designs look for playlists: the same handlers, the same answers.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use service::Problem;

use crate::api::Api;
use crate::bearer::{Asker, Caller};
use crate::playlist_documents::{PlaylistDocument, PlaylistPage, PlaylistWithSongs};
use crate::playlist_entries::{SongsAdded, SongsToAdd};
use crate::playlist_refusals::{PlaylistPath, PlaylistSongPath};
use crate::playlists::{Including, PlaylistPaging, PlaylistToMake};
use crate::refusals::{Body, Parameters};
use crate::visitor::Visitor;
use crate::{playlist_entries, playlists};

/// `GET /v1/playlists/{id}`.
#[utoipa::path(get, path = "/playlist/{id}", tag = "aliases",
    params(("id" = Uuid, Path), Including), operation_id = "alias_show_playlist",
    responses((status = 200, description = "The playlist.", body = PlaylistWithSongs),
              (status = 304, description = "The caller has it already.")))]
pub(crate) async fn show(
    asker: Asker,
    visitor: Visitor,
    path: PlaylistPath,
    including: Parameters<Including>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    playlists::show(asker, visitor, path, including, headers).await
}

/// `GET /v1/playlists`.
#[utoipa::path(get, path = "/playlists", tag = "aliases", params(PlaylistPaging),
    operation_id = "alias_list_playlists",
    responses((status = 200, description = "One page.", body = PlaylistPage)))]
pub(crate) async fn list(
    state: State<Api>,
    caller: Caller,
    paging: Parameters<PlaylistPaging>,
) -> Result<Json<PlaylistPage>, Problem> {
    playlists::list(state, caller, paging).await
}

/// `GET /v1/playlists`.
#[utoipa::path(get, path = "/users/me/playlists", tag = "aliases", params(PlaylistPaging),
    operation_id = "alias_my_playlists",
    responses((status = 200, description = "One page.", body = PlaylistPage)))]
pub(crate) async fn mine(
    state: State<Api>,
    caller: Caller,
    paging: Parameters<PlaylistPaging>,
) -> Result<Json<PlaylistPage>, Problem> {
    playlists::list(state, caller, paging).await
}

/// `POST /v1/playlists`.
#[utoipa::path(post, path = "/playlists", tag = "aliases", request_body = PlaylistToMake,
    operation_id = "alias_create_in_playlists",
    responses((status = 201, description = "Made.", body = PlaylistDocument)))]
pub(crate) async fn create(
    state: State<Api>,
    caller: Caller,
    new: Body<PlaylistToMake>,
) -> Result<Response, Problem> {
    playlists::create(state, caller, new).await
}

/// `POST /v1/playlists`.
#[utoipa::path(post, path = "/playlist", tag = "aliases", request_body = PlaylistToMake,
    operation_id = "alias_create_playlist",
    responses((status = 201, description = "Made.", body = PlaylistDocument)))]
pub(crate) async fn create_one(
    state: State<Api>,
    caller: Caller,
    new: Body<PlaylistToMake>,
) -> Result<Response, Problem> {
    playlists::create(state, caller, new).await
}

/// `POST /v1/playlists/{id}/songs`.
#[utoipa::path(put, path = "/playlist/{id}/songs", tag = "aliases",
    params(("id" = Uuid, Path)), request_body = SongsToAdd, operation_id = "alias_add_songs",
    responses((status = 200, description = "They are in.", body = SongsAdded)))]
pub(crate) async fn add(
    caller: Caller,
    visitor: Visitor,
    path: PlaylistPath,
    songs: Body<SongsToAdd>,
) -> Result<Json<SongsAdded>, Problem> {
    playlist_entries::add(caller, visitor, path, songs).await
}

/// `DELETE /v1/playlists/{id}/songs/{song_id}`.
#[utoipa::path(delete, path = "/playlists/{id}/songs/{song_id}", tag = "aliases",
    params(("id" = Uuid, Path), ("song_id" = Uuid, Path)), operation_id = "alias_remove_song",
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn remove_song(
    state: State<Api>,
    caller: Caller,
    path: PlaylistSongPath,
) -> Result<StatusCode, Problem> {
    playlist_entries::remove_song(state, caller, path).await
}
