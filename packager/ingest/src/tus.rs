//! `/v1/uploads`: a master in as many requests as its connection needs, by tus 1.0 (<https://tus.io/protocols/resumable-upload>).
//!
//! Reading order: `protocol` (the version, and what we can), `headers` and `metadata` (what is said of an upload), `files` (where its
//! bytes are), `turns` (one writer at a time), `appending` and `checksum` (bytes come), `finishing` (they have become a
//! song), `concatenation` (several become one), and here who answers what.
//!
//! An upload is a row of the catalogue and a file in the work folder of the process that takes its bytes. The length of
//! the file is the offset: every byte of it counts, and is synced before that is told. Where several processes share a
//! catalogue, a client must come back to the one that it began with: another has no byte of it, and says so (offset 0).

mod appending;
mod checksum;
mod concatenation;
mod files;
mod finishing;
mod headers;
mod metadata;
mod protocol;
mod turns;

use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{DefaultBodyLimit, RawPathParams, Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, middleware};
use catalogue::song_document::rfc3339;
use catalogue::{AuthenticatedUser, Became, NewUpload, Quota, Upload};
use media::{SongId, UploadId};
use serde::Serialize;
use service::Problem;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::appending::Piece;
use self::concatenation::Concat;
use self::files::Files;
use self::metadata::Metadata;
use self::turns::Turns;
use crate::intake::Intake;
use crate::lingering::linger;
use crate::refusals::{self, COPIES, catalogue_failed};
use crate::replacement;

/// How long an upload may take, and how long it tells what became of it.
pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What one account may have on its way at a time, where masters are of up to `limit` bytes.
fn quota(limit: u64) -> Quota {
    Quota { uploads: 100, bytes: limit.saturating_mul(20) }
}

/// Where uploads in pieces are taken in. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Uploads {
    intake: Intake,
    files: Files,
    turns: Turns,
}

impl Uploads {
    /// Uploads that become songs of `intake`.
    #[must_use]
    pub fn new(intake: Intake) -> Self {
        let files = Files::new(intake.workshop.uploads());
        Self { intake, files, turns: Turns::default() }
    }

    /// The routes for those who upload. Whoever mounts them must put the [`AuthenticatedUser`] into the extensions of each
    /// request, and let only those through who may upload.
    pub fn routes(&self) -> OpenApiRouter {
        OpenApiRouter::new()
            .routes(routes!(create))
            .routes(routes!(show, look, append, terminate, override_method))
            // Axum's own limit is for bodies held in memory; ours counts while it streams.
            .layer(DefaultBodyLimit::disable())
            .layer(middleware::from_fn(linger))
            .layer(middleware::from_fn(protocol::speak))
            .with_state(self.clone())
    }

    /// The route for everybody, which tells what there is.
    pub fn capabilities(&self) -> OpenApiRouter {
        OpenApiRouter::new().routes(routes!(protocol::capabilities)).with_state(self.intake.limit)
    }

    /// The upload with the id that is asked for, if it is the caller's: of others' nobody is told.
    async fn own(&self, user: &AuthenticatedUser, id: Params) -> Result<Upload, Problem> {
        let (_, id) = id.as_ref().ok().and_then(|id| id.iter().next()).ok_or_else(nothing)?;
        let id: UploadId = id.parse().map_err(|_| nothing())?;
        let upload = self.find(id).await?.filter(|upload| upload.user == user.id);
        upload.ok_or_else(nothing)
    }

    async fn find(&self, id: UploadId) -> Result<Option<Upload>, Problem> {
        let found = self.intake.catalogue.uploads().find(id).await;
        found.map_err(|error| catalogue_failed(&error))
    }

    /// How many of its bytes have come, and will be here whatever happens.
    async fn offset(&self, upload: &Upload) -> Result<u64, Problem> {
        match upload.became {
            Some(_) => Ok(upload.length),
            None => {
                let offset = self.files.offset(upload.id).await;
                offset.map_err(|error| refusals::disk_failed(&error))
            }
        }
    }

    /// Notes an upload of which no byte has come.
    async fn note(&self, new: &NewUpload) -> Result<Upload, Problem> {
        if new.length == 0 {
            return Err(Problem::field(headers::LENGTH, "The file is empty."));
        }
        if new.length > self.intake.limit {
            return Err(refusals::too_large(self.intake.limit));
        }
        refusals::check_room(&self.intake, new.length.saturating_mul(COPIES))?;
        refusals::check_queue(&self.intake, new.user).await?;
        let quota = quota(self.intake.limit);
        let noted = self.intake.catalogue.uploads().create(new, &quota, LIFETIME).await;
        noted.map_err(|error| catalogue_failed(&error))?.ok_or_else(|| over(&quota))
    }

    /// What an upload has come to; one that has come whole is made a song now, if it is none yet: nobody hears of the
    /// last byte and nothing else.
    async fn standing(&self, upload: Upload) -> Result<Standing, Problem> {
        let offset = self.offset(&upload).await?;
        let song = match upload.became {
            None if offset == upload.length => self.complete(upload.id).await?,
            song => song,
        };
        Ok(Standing { upload, offset, song })
    }
}

type Params = Result<RawPathParams, RawPathParamsRejection>;

/// An upload at some moment.
#[derive(Debug)]
struct Standing {
    upload: Upload,
    offset: u64,
    song: Option<Became>,
}

/// An upload at some moment.
#[derive(Serialize, ToSchema)]
struct UploadDocument {
    #[schema(value_type = Uuid)]
    id: UploadId,
    /// How many bytes it has when it is whole.
    length: u64,
    /// How many have come.
    offset: u64,
    /// When it is forgotten.
    #[schema(format = DateTime)]
    expires_at: String,
    /// What became of it.
    #[schema(value_type = Option<Uuid>)]
    song_id: Option<SongId>,
    /// The same, where that song was there already, of the same master.
    #[schema(value_type = Option<Uuid>)]
    duplicate_of: Option<SongId>,
}

/// Begins an upload (tus 1.0: creation, creation-with-upload, concatenation).
///
/// `Upload-Metadata` takes `filename`, `filetype`, and the fields of `POST /v1/songs`; or `song`, the id of a song whose master
/// it replaces, as `PUT /v1/songs/{id}/master` does. Whatever request brings the last
/// byte, its answer names the song in `Segue-Song`, and in `Segue-Duplicate-Of`, too, where the caller had that song of the
/// same master already.
#[utoipa::path(post, path = "/v1/uploads", tag = "uploads",
    params(
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = Option<u64>, Header, description = "How many bytes the file has."),
        ("Upload-Metadata" = Option<String>, Header, description = "Keys and their values in Base64."),
        ("Upload-Concat" = Option<String>, Header, description = "`partial`, or `final;` and paths of partial uploads."),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, and the body's digest in Base64.")),
    request_body(content(("application/offset+octet-stream")),
        description = "The first bytes, if any."),
    responses((status = 201, description = "Begun: `Location` is where its bytes go.")))]
async fn create(
    State(uploads): State<Uploads>,
    Extension(user): Extension<AuthenticatedUser>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let metadata = headers::text(headers, headers::METADATA)?.unwrap_or_default().to_owned();
    let replaced = Metadata::read(&metadata)?.song;
    replacement::check(&uploads.intake.catalogue, &user, replaced).await?;
    let concat = Concat::read(headers)?;
    if let Some(Concat::Final(pieces)) = &concat {
        return Ok(created(&uploads.concatenate(user.id, pieces, metadata).await?));
    }
    let length = headers::number(headers, headers::LENGTH)?;
    let concat = concat.map(|concat| concat.to_string());
    let new = NewUpload { user: user.id, length, metadata, concat };
    let piece = Piece::of_creation(headers)?;
    let standing = match piece {
        None => Standing { upload: uploads.note(&new).await?, offset: 0, song: None },
        Some(piece) => uploads.begin_with(new, piece, body).await?,
    };
    Ok(created(&standing))
}

/// How much of an upload has come (`Upload-Offset`), and what became of it (`Segue-Song`).
#[utoipa::path(head, path = "/v1/uploads/{id}", tag = "uploads",
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 200, description = "`Upload-Offset`, `Upload-Length`, `Upload-Metadata`, `Upload-Expires`.")))]
async fn look(
    State(uploads): State<Uploads>,
    Extension(user): Extension<AuthenticatedUser>,
    params: Params,
) -> Result<Response, Problem> {
    let upload = uploads.own(&user, params).await?;
    Ok(headers::told_in_full(&uploads.standing(upload).await?))
}

/// The same in JSON.
#[utoipa::path(get, path = "/v1/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path)),
    responses((status = 200, description = "How much has come, and what became of it.", body = UploadDocument)))]
async fn show(
    State(uploads): State<Uploads>,
    Extension(user): Extension<AuthenticatedUser>,
    params: Params,
) -> Result<Response, Problem> {
    let upload = uploads.own(&user, params).await?;
    let standing = uploads.standing(upload).await?;
    let document = UploadDocument {
        id: standing.upload.id,
        length: standing.upload.length,
        offset: standing.offset,
        expires_at: rfc3339(standing.upload.expires_ms),
        song_id: standing.song.map(|it| it.song),
        duplicate_of: standing.song.filter(|it| it.is_duplicate).map(|it| it.song),
    };
    Ok((headers::no_store(), Json(document)).into_response())
}

/// Brings the next bytes of an upload.
///
/// Bytes that have come before a connection breaks are kept, but with `Upload-Checksum`: those count all or not at all.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "uploads",
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "How many bytes have come before."),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, and the body's digest in Base64.")),
    request_body(content(("application/offset+octet-stream"))),
    responses(
        (status = 204, description = "They are here: `Upload-Offset`; with the last, `Segue-Song`."),
        (status = 409, description = "That is not how many have come: ask by HEAD."),
        (status = 423, description = "Another request brings bytes at the moment."),
        (status = 460, description = "The checksum is that of other bytes; none was kept.")))]
async fn append(
    State(uploads): State<Uploads>,
    Extension(user): Extension<AuthenticatedUser>,
    params: Params,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let upload = uploads.own(&user, params).await?;
    let piece = Piece::read(&parts.headers)?;
    Ok(headers::told(StatusCode::NO_CONTENT, &uploads.append(upload, piece, body).await?))
}

/// Ends an upload, and forgets what has come of it; a song that it has become stays.
#[utoipa::path(delete, path = "/v1/uploads/{id}", tag = "uploads",
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 204, description = "It is no more.")))]
async fn terminate(
    State(uploads): State<Uploads>,
    Extension(user): Extension<AuthenticatedUser>,
    params: Params,
) -> Result<StatusCode, Problem> {
    let upload = uploads.own(&user, params).await?;
    let _turn = uploads.turns.end(upload.id).await.ok_or_else(appending::locked)?;
    let removed = uploads.intake.catalogue.uploads().remove(upload.id).await;
    removed.map_err(|error| catalogue_failed(&error))?;
    uploads.files.remove(upload.id).await.map_err(|error| refusals::disk_failed(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PATCH` and `DELETE` for clients that cannot say so: `X-HTTP-Method-Override` does.
#[utoipa::path(post, path = "/v1/uploads/{id}", tag = "uploads",
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("X-HTTP-Method-Override" = String, Header, description = "PATCH or DELETE")),
    request_body(content(("application/offset+octet-stream"))),
    responses((status = 204, description = "As of that method.")))]
async fn override_method(
    state: State<Uploads>,
    user: Extension<AuthenticatedUser>,
    params: Params,
    request: Request,
) -> Result<Response, Problem> {
    match request.headers().get("x-http-method-override").map(HeaderValue::as_bytes) {
        Some(b"PATCH") => append(state, user, params, request).await,
        Some(b"DELETE") => terminate(state, user, params).await.map(IntoResponse::into_response),
        _ => {
            let detail =
                "A POST to an upload says in X-HTTP-Method-Override what it is: PATCH or DELETE.";
            Err(Problem::new(StatusCode::BAD_REQUEST, "invalid-method-override", detail))
        }
    }
}

fn created(standing: &Standing) -> Response<Body> {
    let mut response = headers::told(StatusCode::CREATED, standing);
    let location = HeaderValue::from_str(&headers::path(standing.upload.id));
    response.headers_mut().insert(LOCATION, location.expect("a UUID is ASCII"));
    response
}

fn nothing() -> Problem {
    let detail =
        "There is no upload with this id, or its time is over; POST /v1/uploads begins one.";
    Problem::new(StatusCode::NOT_FOUND, "no-such-upload", detail)
}

fn over(quota: &Quota) -> Problem {
    let detail = format!(
        "You have too much on the way; accepted are {} unfinished uploads of {} bytes together. Finish or delete some first.",
        quota.uploads, quota.bytes
    );
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "quota-exceeded", detail)
}
