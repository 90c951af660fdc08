//! Covers in and out: pictures that artists upload for songs and albums, and `/artwork/…`, where everybody finds all sizes
//! of all covers.
//!
//! What is stored and served is what a cell made of an uploaded picture (`gallery`).

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use catalogue::{Artwork, AuthenticatedUser, CoverDocument, cover_documents};
use media::AlbumId;
use object_store::{Error as StoreError, ObjectStoreExt};
use origin::Object;
use serde::Serialize;
use service::Problem;
use transcode::MasterReader;
use transcode::artwork::EDGES;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::gallery::{Gallery, away, failed};
use crate::intake::Intake;
use crate::ownership::{Params, audience, id, missing, not_yours, own_song, word};
use crate::shelf;

/// Cells that scale artists' pictures at a time.
const AT_ONCE: usize = 2;

/// The routes by which artists upload pictures, which `reader` reads. Whoever mounts them must put the
/// [`AuthenticatedUser`] into the extensions of each request.
pub fn uploads(intake: Intake, reader: MasterReader) -> OpenApiRouter {
    let gallery = Gallery::new(intake, reader, EDGES[0], AT_ONCE);
    OpenApiRouter::new()
        .routes(routes!(put_on_song))
        .routes(routes!(put_on_album))
        // Axum's own limit is for bodies held in memory; ours counts while it streams.
        .layer(DefaultBodyLimit::disable())
        .with_state(gallery)
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
    let (catalogue, id) = (&gallery.intake.catalogue, id(&params)?);
    own_song(catalogue, &user, id).await?;
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
    let id: AlbumId = id(&params)?;
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

impl Hung {
    fn of(artwork: Option<&Artwork>) -> Self {
        Self { artwork: cover_documents(artwork) }
    }
}
