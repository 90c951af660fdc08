//! `POST /v1/songs`: a master in one request.

use axum::extract::multipart::Multipart;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::header::{CONTENT_LENGTH, HeaderName, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json, middleware};
use catalogue::{Accepted, AuthenticatedUser, SongDocument};
use media::SongId;
use serde::Serialize;
use service::Problem;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::form::Form;
use crate::intake::Intake;
use crate::lingering::linger;
use crate::patience::Patience;
use crate::refusals::{self, COPIES};
use crate::replacement;

/// What a form may weigh beside its file: the text fields and the boundaries.
const FORM_ALLOWANCE: u64 = 64 * 1_024;

/// The routes of the ingest endpoint. Whoever mounts them must put the [`AuthenticatedUser`] into
/// the extensions of each request.
pub fn router(intake: Intake) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(replacement::replace))
        // Axum's own limit is for bodies held in memory; ours counts while it streams.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(linger))
        .with_state(intake)
}

type Answer = (StatusCode, [(HeaderName, String); 1], Json<AcceptedDocument>);

/// A master to upload, and what is known of it; the rest comes from the file's tags.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a description: the form is read while it streams")]
struct UploadForm {
    /// The master: FLAC, WAV, AIFF, ALAC, Ogg Vorbis or MP3. The last part.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
    title: Option<String>,
    artist: Option<String>,
    album: Option<String>,
    album_artist: Option<String>,
    genre: Option<String>,
    release_year: Option<u16>,
    /// Whether its words are not for children.
    explicit: Option<bool>,
    isrc: Option<String>,
    disc: Option<u16>,
    track: Option<u16>,
    musicbrainz_recording_id: Option<Uuid>,
    musicbrainz_release_id: Option<Uuid>,
    /// UUIDs with spaces between.
    musicbrainz_artist_ids: Option<String>,
    /// Whether it is a song of its own, even where the caller has one of the same master.
    duplicate: Option<bool>,
}

/// A song that was accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedSong)]
struct AcceptedDocument {
    #[serde(flatten)]
    song: SongDocument,
    /// Where the caller has a song of this very master already, its id: it is this one, as it was, and no other was made.
    #[schema(value_type = Option<Uuid>)]
    duplicate_of: Option<SongId>,
}

/// Uploads a song. The same master again is the same song (`duplicate_of`), unless it failed, or `duplicate` is true.
#[utoipa::path(post, path = "/v1/songs", tag = "catalogue",
    request_body(content = inline(UploadForm), content_type = "multipart/form-data"),
    responses((status = 202, description = "Accepted; it will be packaged.", body = AcceptedDocument)))]
async fn create(
    State(intake): State<Intake>,
    Extension(user): Extension<AuthenticatedUser>,
    request: Request,
) -> Result<Answer, Problem> {
    if !user.may_upload() {
        return Err(not_allowed());
    }
    check_length(request.headers(), &intake)?;
    refusals::check_queue(&intake, user.id).await?;
    let patience = Patience::default();
    let request = request.map(|body| patience.guard(body));
    let parts = Multipart::from_request(request, &()).await.map_err(|_| not_multipart())?;
    let form = Form::read(&intake, parts, &patience).await?;
    let accepted = intake.accept(form.file, form.details, user.id).await;
    let Accepted { song, is_duplicate } =
        accepted.map_err(|error| refusals::not_accepted(&error))?;
    let location = format!("/v1/songs/{}", song.id);
    let duplicate_of = is_duplicate.then_some(song.id);
    let document = AcceptedDocument { song: song.into(), duplicate_of };
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(document)))
}

/// Refuses what is too large by its own word, or for the disk, before any of it is read. Where it says nothing, it may be as
/// large as is accepted.
pub(crate) fn check_length(headers: &HeaderMap, intake: &Intake) -> Result<(), Problem> {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let length: u64 = length.unwrap_or(intake.limit);
    if length > intake.limit.saturating_add(FORM_ALLOWANCE) {
        return Err(refusals::too_large(intake.limit));
    }
    refusals::check_room(intake, length.saturating_mul(COPIES))
}

fn not_allowed() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "not-allowed", "Only artists and admins may upload songs.")
}

pub(crate) fn not_multipart() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        format!(
            "An upload is multipart/form-data with a boundary; its field 'file' is {}.",
            transcode::ACCEPTED
        ),
    )
}
