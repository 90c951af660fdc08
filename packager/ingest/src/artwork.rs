//! Covers in and out: pictures that artists upload for songs and albums, and `/artwork/…`, where everybody finds all sizes
//! of all covers.
//!
//! An uploaded picture is a stranger's bytes: it goes to the work folder as it arrives, and is parsed in a cell alone. What
//! is stored and served is what the cell made of it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{DefaultBodyLimit, RawPathParams, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use catalogue::{
    Artwork, Audience, AuthenticatedUser, CatalogueError, CoverDocument, Viewer, cover_documents,
};
use futures::StreamExt;
use media::{AlbumId, SongId};
use object_store::{Error as StoreError, ObjectStoreExt};
use origin::Object;
use serde::Serialize;
use service::Problem;
use service::problem::chain;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use transcode::MasterReader;
use transcode::artwork::{ArtworkError, LARGEST_PICTURE};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::covers;
use crate::intake::Intake;
use crate::patience::Patience;
use crate::received::{ReceiveError, Received};
use crate::shelf;

const KINDS: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

/// Cells that scale uploaded pictures at a time: each may take as much memory as a song's decoder.
const AT_ONCE: usize = 2;

/// How long an uploaded picture waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Where uploaded pictures are taken in. Cloning shares it.
#[derive(Debug, Clone)]
struct Gallery {
    intake: Intake,
    reader: MasterReader,
    turns: Arc<Semaphore>,
}

/// The routes by which artists upload pictures, which `reader` reads. Whoever mounts them must put the
/// [`AuthenticatedUser`] into the extensions of each request.
pub fn uploads(intake: Intake, reader: MasterReader) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(put_on_song))
        .routes(routes!(put_on_album))
        // Axum's own limit is for bodies held in memory; ours counts while it streams.
        .layer(DefaultBodyLimit::disable())
        .with_state(Gallery { intake, reader, turns: Arc::new(Semaphore::new(AT_ONCE)) })
}

/// The route by which everybody gets covers.
pub fn shown(intake: Intake) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(show)).with_state(intake)
}

/// What something is shown with from now on.
#[derive(Serialize, ToSchema)]
struct Hung {
    /// Its cover in sizes, the largest first.
    artwork: Vec<CoverDocument>,
}

type Params = Result<RawPathParams, RawPathParamsRejection>;

/// Puts a cover on a song, which it keeps whatever its album is shown with: for its uploader and admins.
#[utoipa::path(put, path = "/v1/songs/{id}/artwork", tag = "catalogue", params(("id" = Uuid, Path)),
    request_body(content(("image/jpeg"), ("image/png"), ("image/webp"), ("image/gif")),
        description = "A picture of up to 16 MiB and 4,000 pixels a side."),
    responses((status = 200, description = "What it is shown with now.", body = Hung)))]
async fn put_on_song(
    State(gallery): State<Gallery>,
    Extension(user): Extension<AuthenticatedUser>,
    params: Params,
    request: Request,
) -> Result<Json<Hung>, Problem> {
    let id: SongId = id(params)?;
    let (catalogue, audience) = (&gallery.intake.catalogue, audience(&user));
    let song = catalogue.songs().seen(id, &audience).await.map_err(failed)?;
    let missing = || missing("no-such-song", "There is no song with this id.");
    if !song.ok_or_else(missing)?.is_of(&audience.viewer) {
        return Err(not_yours());
    }
    let artwork = gallery.take_in(request).await?;
    let song = catalogue.seen_by(user.id).songs().put_artwork(id, &artwork).await;
    Ok(Json(Hung::of(song.map_err(failed)?.artwork.as_ref())))
}

/// Puts a cover on an album and on those of its songs that have none of their own put there: for whoever uploaded all its
/// songs, and admins.
#[utoipa::path(put, path = "/v1/albums/{id}/artwork", tag = "catalogue", params(("id" = Uuid, Path)),
    request_body(content(("image/jpeg"), ("image/png"), ("image/webp"), ("image/gif")),
        description = "A picture of up to 16 MiB and 4,000 pixels a side."),
    responses((status = 200, description = "What it is shown with now.", body = Hung)))]
async fn put_on_album(
    State(gallery): State<Gallery>,
    Extension(user): Extension<AuthenticatedUser>,
    params: Params,
    request: Request,
) -> Result<Json<Hung>, Problem> {
    let id: AlbumId = id(params)?;
    let (catalogue, audience) = (&gallery.intake.catalogue, audience(&user));
    let albums = catalogue.albums();
    let album = albums.seen(id, &audience).await.map_err(failed)?;
    album.ok_or_else(|| missing("no-such-album", "There is no album with this id."))?;
    if !albums.is_of(id, &audience.viewer).await.map_err(failed)? {
        return Err(not_yours());
    }
    let artwork = gallery.take_in(request).await?;
    let album = catalogue.seen_by(user.id).albums().put_artwork(id, &artwork).await;
    Ok(Json(Hung::of(album.map_err(failed)?.artwork.as_ref())))
}

/// One size of a cover: a JPEG that never changes.
#[utoipa::path(get, path = "/artwork/{cover}", tag = "catalogue",
    params(("cover" = String, Path, description = "As the `url` of an artwork says.",
            pattern = "^[0-9a-f]{64}\\.jpg$")),
    responses((status = 200, description = "The picture.", content_type = "image/jpeg", body = Vec<u8>),
              (status = 304, description = "It is what `If-None-Match` says.")))]
async fn show(
    State(intake): State<Intake>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let missing = || missing("no-such-cover", "There is no cover of this name.");
    let object: Object = format!("artwork/{}", word(&params)?).parse().map_err(|_| missing())?;
    // A file by its hash: its name is its tag.
    let tag = format!("\"{object}\"");
    let about = [
        (ETAG, tag.clone()),
        (CACHE_CONTROL, object.cache_policy().stored().to_owned()),
        (CONTENT_TYPE, object.content_type().to_owned()),
    ];
    if headers.get_all(IF_NONE_MATCH).iter().any(|tags| names(tags, &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let found = intake.shelf.store().get(&shelf::key(&object)).await;
    let found = found.map_err(|error| match error {
        StoreError::NotFound { .. } => missing(),
        error => away(&error),
    })?;
    let length = [(CONTENT_LENGTH, found.meta.size.to_string())];
    Ok((about, length, Body::from_stream(found.into_stream())).into_response())
}

/// RFC 9110 13.1.2: compared weakly.
fn names(tags: &HeaderValue, tag: &str) -> bool {
    let tags = tags.to_str().unwrap_or_default();
    tags.split(',').map(str::trim).any(|one| one.strip_prefix("W/").unwrap_or(one) == tag)
}

impl Gallery {
    /// A picture becomes sizes in the store.
    async fn take_in(&self, request: Request) -> Result<Artwork, Problem> {
        check_kind(request.headers())?;
        let picture = self.receive(request).await?;
        let turn = timeout(LONGEST_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| busy())?.map_err(|error| Problem::internal(&error))?;
        let (reader, path) = (self.reader.clone(), picture.path().to_owned());
        let scaled = tokio::task::spawn_blocking(move || {
            // Whoever asked may have left; the cell counts until its end.
            let _turn = turn;
            reader.sizes_of(&path)
        });
        let sizes = scaled.await.map_err(|error| Problem::internal(&error))?.map_err(unusable)?;
        // The picture is done with: the sizes take its place on their way.
        let stored = covers::store(&self.intake.shelf, picture.path(), sizes).await;
        let artwork = stored.map_err(|error| Problem::internal(&error))?;
        artwork.ok_or_else(|| unusable(ArtworkError::Stumbled))
    }

    async fn receive(&self, request: Request) -> Result<Received, Problem> {
        let patience = Patience::default();
        let body = patience.guard(request.into_body()).into_data_stream();
        let body = body.inspect(|_| patience.renew());
        let received = Received::from_stream(self.intake.workshop(), body, LARGEST_PICTURE).await;
        received.map_err(|error| match error {
            ReceiveError::Sender(error) => {
                tracing::debug!(%error, "a picture broke off");
                let detail = "The body ended before the picture did.";
                Problem::new(StatusCode::BAD_REQUEST, "unreadable-body", detail)
            }
            ReceiveError::TooLarge { .. } => too_large(),
            ReceiveError::Disk(error) => Problem::internal(&error),
        })
    }
}

impl Hung {
    fn of(artwork: Option<&Artwork>) -> Self {
        Self { artwork: cover_documents(artwork) }
    }
}

fn audience(user: &AuthenticatedUser) -> Audience {
    Viewer::from(Some(user)).into()
}

/// What stands in the path in the place of its only parameter.
fn word(params: &Params) -> Result<&str, Problem> {
    let params = params.as_ref().map_err(|_| {
        let detail = "The URL holds percent-encoded bytes that are no UTF-8.";
        Problem::new(StatusCode::BAD_REQUEST, "unreadable-url", detail)
    })?;
    Ok(params.iter().next().map_or("", |(_, text)| text))
}

/// An id in the one form that we write.
fn id<T: std::str::FromStr + ToString>(params: Params) -> Result<T, Problem> {
    let text = word(&params)?;
    let id = text.parse::<T>().ok().filter(|id| id.to_string() == text);
    id.ok_or_else(|| Problem::field("id", "An id is a UUID in lower case with hyphens."))
}

/// Refuses by its own word what is no picture, or too large, before any of it is read.
fn check_kind(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let kind = text(CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        let detail = format!("A cover is sent as {}.", KINDS.join(", "));
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "unsupported-media-type", detail));
    }
    let length = text(CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > LARGEST_PICTURE) { Err(too_large()) } else { Ok(()) }
}

fn too_large() -> Problem {
    let detail = format!("The picture is too large; accepted are up to {LARGEST_PICTURE} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
}

fn unusable(error: ArtworkError) -> Problem {
    match &error {
        ArtworkError::Cell(cell) if cell.may_pass() => away(&error),
        _ => {
            tracing::info!(error = chain(&error), "an uploaded picture cannot be used");
            let (status, said) = (StatusCode::UNPROCESSABLE_ENTITY, error.to_string());
            let rest = said.strip_prefix("the ").unwrap_or(&said);
            Problem::new(status, "invalid-picture", format!("The {rest}."))
        }
    }
}

fn missing(slug: &str, detail: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, slug, detail)
}

fn not_yours() -> Problem {
    let detail = "Only whoever uploaded it, and admins, may do this.";
    Problem::new(StatusCode::FORBIDDEN, "not-yours", detail)
}

fn failed(error: CatalogueError) -> Problem {
    match error {
        CatalogueError::Gone => {
            let detail = "What this would belong to has been deleted meanwhile.";
            Problem::new(StatusCode::CONFLICT, "gone-meanwhile", detail)
        }
        error if error.is_passing() => away(&error),
        error => Problem::internal(&error),
    }
}

/// Something behind us fails that may come back.
fn away(error: &dyn std::error::Error) -> Problem {
    tracing::warn!(error = chain(error), "a cover must wait");
    busy()
}

fn busy() -> Problem {
    let detail = "Segue cannot do this right now; try again in a few seconds.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
        .with_header(RETRY_AFTER, HeaderValue::from_static("5"))
}
