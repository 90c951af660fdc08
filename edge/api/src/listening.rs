//! What players tell while they play.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use catalogue::Queue;
use catalogue::playbacks::{Playing, Report, Told};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::bearer::{Caller, CurrentSession, Stream};
use crate::now_playing::device;
use crate::position::Position;
use crate::refusals::{Body, IdPath, catalogue_failed};

/// What a player does, and where it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlayerEvent {
    event: What,
    /// Where it is now, in milliseconds.
    #[schema(value_type = u64, minimum = 0, maximum = 3_600_000_000_i64)]
    position_ms: Position,
    /// Where it was before it jumped, in milliseconds: what was heard until then counts.
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 3_600_000_000_i64)]
    from_ms: Option<Position>,
    /// What the device calls itself, in 1 to 200 characters, where several are logged in as one.
    #[schema(min_length = 1, max_length = 200)]
    device: Option<String>,
    /// The queue that the song is from.
    queue: Option<Queue>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum What {
    Play,
    Pause,
    Seek,
    Stop,
    Heartbeat,
}

/// The playback as it is now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Progressed {
    playing: bool,
    position_ms: u64,
    /// Whether it counts as a play: 30 seconds of it were heard, or all of a shorter song.
    counted: bool,
}

impl PlayerEvent {
    /// Whether it plays from now on, where the event says so.
    fn plays(&self) -> Option<bool> {
        match self.event {
            What::Play | What::Heartbeat => Some(true),
            What::Pause | What::Stop => Some(false),
            What::Seek => None,
        }
    }

    fn report(&self) -> Report {
        match self.event {
            What::Play => Report::Play,
            What::Pause => Report::Pause,
            What::Seek => Report::Seek(self.from_ms.map(|Position(from)| from)),
            What::Stop => Report::Stop,
            What::Heartbeat => Report::Heartbeat,
        }
    }
}

/// Tells where a player is, every ten seconds or so and whenever something changes; `{id}` is the `playback_id` that was
/// granted. A device that begins to play has the caller's player from then on (`/v1/users/me/playback`). 409 `taken-over` says
/// that the account plays elsewhere now: nothing more is to be played here, until the playback is asked for again.
#[utoipa::path(post, path = "/v1/playbacks/{id}/events", tag = "playback",
    request_body = PlayerEvent, params(("id" = Uuid, Path)),
    responses((status = 200, description = "The playback as it is now.", body = Progressed)))]
pub(crate) async fn tell(
    State(api): State<Api>,
    Caller(user): Caller,
    Stream(stream): Stream,
    session: CurrentSession,
    IdPath(id): IdPath<Uuid>,
    Body(event): Body<PlayerEvent>,
) -> Result<Json<Progressed>, Problem> {
    let catalogue = api.catalogue().seen_by(user.id);
    if let Some(playing) = event.plays() {
        catalogue.streams().tell(user.id, stream, playing).await.map_err(catalogue_failed)?;
    }
    let told = Told {
        report: event.report(),
        position_ms: event.position_ms.0,
        device: device(session, event.device.as_deref())?,
        queue: event.queue,
    };
    let told = catalogue.playbacks().report(id, user.id, &told).await;
    let told = told.map_err(catalogue_failed)?.ok_or_else(|| {
        let detail = "You have no playback with this id.";
        Problem::new(StatusCode::NOT_FOUND, "no-such-playback", detail)
    })?;
    let Playing { playing, position_ms, counted } = told;
    Ok(Json(Progressed { playing, position_ms, counted }))
}
