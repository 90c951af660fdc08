//! The caller's player: what they listen to, wherever they are, so that another device goes on with it.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::response::{IntoResponse, Response};
use catalogue::song_document::rfc3339;
use catalogue::{Device, Name, Player, PlayerError, Queue, Setting, SongDocument};
use media::SongId;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::{Caller, CurrentSession};
use crate::position::Position;
use crate::preconditions;
use crate::refusals::{Body, catalogue_failed, no_such_song, stale};
use crate::songs::read_name;
use crate::visitor::Visitor;

/// What the player is to be like.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlayerToSet {
    #[schema(value_type = Uuid)]
    song_id: SongId,
    /// Where in the song, in milliseconds.
    #[schema(value_type = u64, minimum = 0, maximum = 3_600_000_000_i64)]
    position_ms: Position,
    /// Whether it plays.
    playing: bool,
    /// What the device calls itself, in 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    device: Option<String>,
    /// The queue that the song is from.
    queue: Option<Queue>,
}

/// What somebody listens to.
#[derive(Serialize, ToSchema)]
#[schema(as = Player)]
pub(crate) struct PlayerDocument {
    #[schema(value_type = Uuid)]
    song_id: SongId,
    /// The song; `null` where it cannot be played by the caller now.
    song: Option<SongDocument>,
    /// Where in the song it is now, in milliseconds: where the device last said it was, and what has passed since, if it
    /// plays.
    position_ms: u64,
    /// Whether it plays. A device that says nothing for a minute plays no longer.
    playing: bool,
    /// What the device that has the player calls itself.
    device: Option<String>,
    /// Whether that device is logged in as the caller is: it is the caller's, unless several share a session.
    here: bool,
    /// The queue that the song is from.
    queue: Option<Queue>,
    /// How often something was done on purpose: the entity tag, without the quotes.
    version: u64,
    /// When the device was last heard of (RFC 3339).
    updated_at: String,
}

/// What the caller listens to, on whichever device: another one goes on at `position_ms`.
#[utoipa::path(get, path = "/v1/users/me/playback", tag = "playback",
    responses((status = 200, description = "The player.", body = PlayerDocument)))]
pub(crate) async fn show(
    Caller(user): Caller,
    session: CurrentSession,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let player = visitor.catalogue.players().get(user.id, &visitor.audience).await;
    let player = player.map_err(catalogue_failed)?.ok_or_else(|| {
        let detail = "You have not listened to anything yet.";
        Problem::new(StatusCode::NOT_FOUND, "nothing-played", detail)
    })?;
    Ok(shown(player, session))
}

/// Says what the caller listens to: the calling device has the player from now on. With `If-Match`, only where nobody has
/// done anything with it meanwhile; a player that there is not yet is at version 0.
#[utoipa::path(put, path = "/v1/users/me/playback", tag = "playback", request_body = PlayerToSet,
    params(("If-Match" = Option<String>, Header)),
    responses((status = 200, description = "The player as it is now.", body = PlayerDocument)))]
pub(crate) async fn set(
    State(api): State<Api>,
    Caller(user): Caller,
    session: CurrentSession,
    visitor: Visitor,
    headers: HeaderMap,
    Body(new): Body<PlayerToSet>,
) -> Result<Response, Problem> {
    let setting = Setting {
        song: new.song_id,
        position_ms: new.position_ms.0,
        playing: new.playing,
        device: device(session, new.device.as_deref())?,
        queue: new.queue,
    };
    let versions = preconditions::wanted(&headers);
    let catalogue = api.catalogue().seen_by(user.id);
    let players = catalogue.players();
    let set = players.set(user.id, &visitor.audience, &setting, versions.as_deref()).await;
    set.map(|player| shown(player, session)).map_err(|error| match error {
        PlayerError::NoSuchSong => no_such_song(),
        PlayerError::Changed => stale(),
        PlayerError::Catalogue(error) => catalogue_failed(error),
    })
}

/// The device that a request comes from.
pub(crate) fn device(session: CurrentSession, name: Option<&str>) -> Result<Device, Problem> {
    let name: Option<Name> = read_name(name, "device")?;
    Ok(Device { session: session.0, name })
}

fn shown(player: Player, session: CurrentSession) -> Response {
    let tag = (ETAG, preconditions::tag(player.version));
    let document = PlayerDocument {
        song_id: player.song_id,
        song: player.song.map(SongDocument::from),
        position_ms: player.position_ms,
        playing: player.playing,
        here: player.device.session == session.0,
        device: player.device.name.map(|name| name.to_string()),
        queue: player.queue,
        version: player.version,
        updated_at: rfc3339(player.at_ms),
    };
    ([tag], [(CACHE_CONTROL, "no-store")], Json(document)).into_response()
}
