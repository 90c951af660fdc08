//! What the caller has listened to.

use axum::Json;
use axum::http::StatusCode;
use catalogue::SongDocument;
use catalogue::history::Listened;
use catalogue::song_document::rfc3339;
use media::SongId;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bearer::Caller;
use crate::paging::cut;
use crate::playlist_entries::read_limit;
use crate::refusals::{IdPath, Parameters, catalogue_failed};
use crate::songs::read;
use crate::visitor::Visitor;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryPaging {
    /// How many at most, from 1 to 1000; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// One page of a history, the last played first. `next`, given back as `after`, leads to the one that follows.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryPage {
    history: Vec<ListenedDocument>,
    next: Option<String>,
}

/// Something that was played. What is played again within six hours moves to the front.
#[derive(Serialize, ToSchema)]
#[schema(as = Listened)]
struct ListenedDocument {
    /// Which: its `playback_id`.
    id: Uuid,
    #[schema(value_type = Uuid)]
    song_id: SongId,
    /// The song; `null` where it cannot be played by the caller now.
    song: Option<SongDocument>,
    /// When it last began (RFC 3339).
    played_at: String,
    /// How far it came, in milliseconds.
    position_ms: u64,
    /// Whether it counted as a play.
    counted: bool,
}

impl From<Listened> for ListenedDocument {
    fn from(listened: Listened) -> Self {
        Self {
            id: listened.id,
            song_id: listened.song_id,
            song: listened.song.map(SongDocument::from),
            played_at: rfc3339(listened.played_ms),
            position_ms: listened.position_ms,
            counted: listened.counted,
        }
    }
}

/// What the caller has listened to, the last first.
#[utoipa::path(get, path = "/v1/users/me/history", tag = "playback", params(HistoryPaging),
    responses((status = 200, description = "One page.", body = HistoryPage)))]
pub(crate) async fn list(
    Caller(user): Caller,
    visitor: Visitor,
    Parameters(paging): Parameters<HistoryPaging>,
) -> Result<Json<HistoryPage>, Problem> {
    let limit = read_limit(paging.limit.as_deref())?;
    let accepted = "A page begins after the 'next' of the page before it.";
    let after = read(paging.after.as_deref(), "after", accepted)?;
    let history = visitor.catalogue.history();
    let found = history.list(user.id, &visitor.audience, after, limit + 1).await;
    let (found, next) =
        cut(found.map_err(catalogue_failed)?, limit, |last| last.moment().to_string());
    Ok(Json(HistoryPage { history: found.into_iter().map(Into::into).collect(), next }))
}

/// Takes one playback out of the caller's history, until it is played again.
#[utoipa::path(delete, path = "/v1/users/me/history/{id}", tag = "playback",
    params(("id" = Uuid, Path)), responses((status = 204, description = "It is gone.")))]
pub(crate) async fn remove(
    Caller(user): Caller,
    visitor: Visitor,
    IdPath(id): IdPath<Uuid>,
) -> Result<StatusCode, Problem> {
    let removed = visitor.catalogue.history().remove(user.id, id).await;
    if removed.map_err(catalogue_failed)? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "There is no playback with this id in your history.";
    Err(Problem::new(StatusCode::NOT_FOUND, "not-in-history", detail))
}

/// Empties the caller's history.
#[utoipa::path(delete, path = "/v1/users/me/history", tag = "playback",
    responses((status = 204, description = "It is empty.")))]
pub(crate) async fn clear(Caller(user): Caller, visitor: Visitor) -> Result<StatusCode, Problem> {
    visitor.catalogue.history().clear(user.id).await.map_err(catalogue_failed)?;
    Ok(StatusCode::NO_CONTENT)
}
