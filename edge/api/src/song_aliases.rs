//! The paths at which clients of earlier designs look for a song and its sound: both grant playback.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, LOCATION};
use axum::response::{IntoResponse, Response};
use catalogue::SongState;
use media::Kbps;
use media::ladder::RATES;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::{Caller, Stream};
use crate::playback::{self, Playback};
use crate::refusals::{Parameters, SongPath, catalogue_failed};
use crate::songs::{self, Details};
use crate::visitor::Visitor;

/// What opens something for somebody is for nobody else.
const SECRET: (HeaderName, HeaderValue) = (CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// A song, and where it plays.
#[derive(Serialize, ToSchema)]
pub(crate) struct SongWithPlayback {
    #[serde(flatten)]
    song: Details,
    /// Where it plays for the caller, signed: an HLS playlist; `null` where it has none, or is not ready.
    streaming_url: Option<String>,
    /// All that it plays as; `null` where it is not ready.
    playback: Option<Playback>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// 64, 128 or 320; the highest that the caller may hear where nothing is said.
    #[param(value_type = Option<u16>)]
    kbps: Option<String>,
}

/// One song as under `/v1/songs/{id}`, and where it plays as by `POST /v1/songs/{id}/playback`.
#[utoipa::path(get, path = "/songs/{id}", tag = "aliases", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The song.", body = SongWithPlayback)))]
pub(crate) async fn show(
    State(api): State<Api>,
    Caller(user): Caller,
    visitor: Visitor,
    SongPath(id): SongPath,
) -> Result<Response, Problem> {
    let latest = visitor.on_leader(&api);
    let song = songs::seen(&latest, id).await?;
    let playback = match song.state {
        SongState::Ready => Some(playback::open(&api, &user, &latest, &song).await?),
        _ => None,
    };
    let credits = latest.catalogue.songs().credits(id).await.map_err(catalogue_failed)?;
    let streaming_url = playback.as_ref().and_then(|playback| playback.hls.clone());
    let song = Details::new(song, credits);
    Ok(([SECRET], Json(SongWithPlayback { song, streaming_url, playback })).into_response())
}

/// Leads to the song's Ogg file on the edge, signed for the caller.
#[utoipa::path(get, path = "/songs/{id}/stream", tag = "aliases", params(("id" = Uuid, Path), Rate),
    responses((status = 302, description = "It is there.", headers(("Location" = String)))))]
pub(crate) async fn stream(
    State(api): State<Api>,
    Caller(user): Caller,
    Stream(stream): Stream,
    visitor: Visitor,
    SongPath(id): SongPath,
    Parameters(rate): Parameters<Rate>,
) -> Result<Response, Problem> {
    let rate = rate.read()?;
    let latest = visitor.on_leader(&api);
    let song = songs::seen(&latest, id).await?;
    let mut playback = playback::open(&api, &user, &latest, &song).await?;
    let highest = *playback.ogg.last_key_value().ok_or_else(no_ogg)?.0;
    let rate = rate.unwrap_or(highest);
    let url = playback.ogg.remove(&rate).ok_or_else(|| above_plan(rate, playback.ogg.keys()))?;
    latest.catalogue.streams().begin(user.id, stream).await.map_err(catalogue_failed)?;
    let url = HeaderValue::from_str(&url).map_err(|error| Problem::internal(&error))?;
    Ok((StatusCode::FOUND, [SECRET, (LOCATION, url)]).into_response())
}

impl Rate {
    fn read(&self) -> Result<Option<Kbps>, Problem> {
        let Some(text) = self.kbps.as_deref() else { return Ok(None) };
        let rate = RATES.into_iter().find(|rate| rate.to_string() == text);
        let accepted = format!("The rate is one of {} kbit/s.", listed(RATES.iter()));
        rate.map(Some).ok_or_else(|| Problem::field("kbps", accepted))
    }
}

fn above_plan<'r>(rate: Kbps, accepted: impl Iterator<Item = &'r Kbps>) -> Problem {
    let accepted = listed(accepted);
    let detail = format!("Your plan does not go up to {rate} kbit/s; you may hear {accepted}.");
    Problem::new(StatusCode::FORBIDDEN, "above-plan", detail)
}

fn no_ogg() -> Problem {
    let detail =
        "This song was not made as Ogg; POST /v1/songs/{id}/playback says what it plays as.";
    Problem::new(StatusCode::NOT_FOUND, "no-ogg", detail)
}

/// `64, 128 and 320`.
fn listed<'r>(rates: impl Iterator<Item = &'r Kbps>) -> String {
    let rates: Vec<String> = rates.map(Kbps::to_string).collect();
    match rates.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}
