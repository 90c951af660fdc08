//! Taking songs down and putting them back.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ETAG, HeaderName, IF_MATCH};
use catalogue::{Song, SongState, Withdrawal};
use media::SongId;
use serde::Serialize;
use service::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::bearer::Caller;
use crate::edition;
use crate::refusals::{SongPath, catalogue_failed};
use crate::song_edits::not_yours;
use crate::songs::{Details, seen};
use crate::visitor::Visitor;

/// A song that was taken down or put back.
#[derive(Serialize, ToSchema)]
#[schema(as = Withdrawal)]
pub(crate) struct WithdrawalDocument {
    #[serde(flatten)]
    song: Details,
    /// What all edges were told when that last happened: admins see at `/v1/purges/{notice}` who has heard, as soon as it
    /// was said. Nothing for a song that was never taken down.
    notice: Option<Uuid>,
}

type Changed = ([(HeaderName, String); 1], Json<WithdrawalDocument>);

/// Takes a song down: for its uploader and admins, who still see it as `withdrawn`. It is not there for anybody else, is
/// played by nobody, and every edge refuses it whatever token a player has (410). One that is down stays so.
#[utoipa::path(delete, path = "/v1/songs/{id}", tag = "catalogue",
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "The song as it is now.", body = WithdrawalDocument)))]
pub(crate) async fn withdraw(
    State(api): State<Api>,
    Caller(user): Caller,
    visitor: Visitor,
    SongPath(id): SongPath,
    headers: HeaderMap,
) -> Result<Changed, Problem> {
    let song = own(&api, visitor, id).await?;
    let edition = edition_of(&song, &headers, song.state == SongState::Withdrawn)?;
    let catalogue = api.catalogue().seen_by(user.id);
    answer(&api, catalogue.songs().withdraw(id, edition).await.map_err(catalogue_failed)?).await
}

/// Puts a song back as it would be if it had never been taken down: for its uploader and admins. One that is not down
/// stays as it is.
#[utoipa::path(post, path = "/v1/songs/{id}/restoration", tag = "catalogue",
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "The song as it is now.", body = WithdrawalDocument)))]
pub(crate) async fn restore(
    State(api): State<Api>,
    Caller(user): Caller,
    visitor: Visitor,
    SongPath(id): SongPath,
    headers: HeaderMap,
) -> Result<Changed, Problem> {
    let song = own(&api, visitor, id).await?;
    let edition = edition_of(&song, &headers, song.state != SongState::Withdrawn)?;
    let catalogue = api.catalogue().seen_by(user.id);
    answer(&api, catalogue.songs().restore(id, edition).await.map_err(catalogue_failed)?).await
}

/// The song as the leader has it, if the visitor may take it down, or put another version of it up.
pub(crate) async fn own(api: &Api, visitor: Visitor, id: SongId) -> Result<Song, Problem> {
    let latest = visitor.on_leader(api);
    let song = seen(&latest, id).await?;
    if song.is_of(&latest.audience.viewer) { Ok(song) } else { Err(not_yours()) }
}

/// The edition that must not have changed, if the request insists on one. What has been done already is not refused to
/// whoever asks again (RFC 9110 13.1.1).
fn edition_of(song: &Song, headers: &HeaderMap, is_done: bool) -> Result<Option<u64>, Problem> {
    if is_done || !headers.contains_key(IF_MATCH) {
        return Ok(None);
    }
    edition::check(headers, &edition::of_song(song))?;
    Ok(Some(song.edition))
}

async fn answer(api: &Api, Withdrawal { song, notice }: Withdrawal) -> Result<Changed, Problem> {
    let credits = api.catalogue().songs().credits(song.id).await.map_err(catalogue_failed)?;
    let tag = edition::of_song(&song);
    let document = WithdrawalDocument { song: Details::new(song, credits), notice };
    Ok(([(ETAG, tag)], Json(document)))
}
