//! Private links to songs that are not out yet.

use std::time::UNIX_EPOCH;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::http::request::Parts;
use catalogue::{Preview, Song, SongDocument, song_document};
use media::ladder::TOP;
use media::{SongId, UserId};
use serde::Serialize;
use service::Problem;
use sha2::{Digest, Sha256};
use token::revocation::Revoked;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::parameters::{WordPath, id};
use crate::playback::{self, Listener, Playback};
use crate::purges;
use crate::refusals::{SongPath, catalogue_failed};
use crate::song_edits::not_yours;
use crate::songs::seen;
use crate::visitor::Visitor;

/// A private link.
#[derive(Serialize, ToSchema)]
#[schema(as = Preview)]
pub(crate) struct PreviewDocument {
    id: Uuid,
    /// RFC 3339.
    created_at: String,
}

/// A private link and its secret, which is told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewPreview {
    #[serde(flatten)]
    preview: PreviewDocument,
    secret: String,
    /// Where the song can be heard by whoever has this.
    url: String,
}

/// All links to a song.
#[derive(Serialize, ToSchema)]
pub(crate) struct Previews {
    previews: Vec<PreviewDocument>,
}

/// A song that is heard by a private link.
#[derive(Serialize, ToSchema)]
pub(crate) struct Previewed {
    song: SongDocument,
    playback: Playback,
}

impl From<Preview> for PreviewDocument {
    fn from(preview: Preview) -> Self {
        Self { id: preview.id, created_at: song_document::rfc3339(preview.created_ms) }
    }
}

/// The ids of a song and of a private link to it.
pub(crate) struct PreviewPath(SongId, Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PreviewPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(id(parts, state, "id").await?, id(parts, state, "preview").await?))
    }
}

/// The song, if the visitor may let others hear it.
async fn own(visitor: &Visitor, id: SongId) -> Result<Song, Problem> {
    let song = seen(visitor, id).await?;
    if song.is_of(&visitor.audience.viewer) { Ok(song) } else { Err(not_yours()) }
}

fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

type Created = (StatusCode, [(HeaderName, &'static str); 1], Json<NewPreview>);

/// Makes a private link to a song: for its uploader and admins. Whoever has it hears the song, whether or not it is out.
#[utoipa::path(post, path = "/v1/songs/{id}/previews", tag = "catalogue",
    params(("id" = Uuid, Path)),
    responses((status = 201, description = "The link.", body = NewPreview)))]
pub(crate) async fn create(
    State(api): State<Api>,
    visitor: Visitor,
    SongPath(id): SongPath,
) -> Result<Created, Problem> {
    own(&visitor, id).await?;
    // Two UUIDv4: 244 random bits.
    let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let preview = visitor.catalogue.previews().make(id, &digest(&secret)).await;
    let preview = preview.map_err(catalogue_failed)?.into();
    let url = format!("{}/v1/previews/{secret}", api.public_url());
    let answer = NewPreview { preview, secret, url };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(answer)))
}

/// All private links to a song, for its uploader and admins.
#[utoipa::path(get, path = "/v1/songs/{id}/previews", tag = "catalogue",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The links.", body = Previews)))]
pub(crate) async fn list(
    visitor: Visitor,
    SongPath(id): SongPath,
) -> Result<Json<Previews>, Problem> {
    own(&visitor, id).await?;
    let previews = visitor.catalogue.previews().of(id).await.map_err(catalogue_failed)?;
    Ok(Json(Previews { previews: previews.into_iter().map(PreviewDocument::from).collect() }))
}

/// Takes a private link back: nobody opens it any more, and what was opened with it ends at every edge.
#[utoipa::path(delete, path = "/v1/songs/{id}/previews/{preview}", tag = "catalogue",
    params(("id" = Uuid, Path), ("preview" = Uuid, Path)),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn revoke(
    State(api): State<Api>,
    visitor: Visitor,
    PreviewPath(song, preview): PreviewPath,
) -> Result<StatusCode, Problem> {
    own(&visitor, song).await?;
    let links = visitor.catalogue.previews().of(song).await.map_err(catalogue_failed)?;
    if !links.iter().any(|link| link.id == preview) {
        return Err(no_such_preview());
    }
    // Edges first: where they cannot be told, the link is still there to be taken back again.
    purges::revoke_playback(&api, Revoked::User(UserId::new(preview))).await?;
    let found = visitor.catalogue.previews().revoke(song, preview).await;
    if found.map_err(catalogue_failed)? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(no_such_preview())
    }
}

type Opened = ([(HeaderName, &'static str); 1], Json<Previewed>);

/// A song by a private link, and where it plays.
#[utoipa::path(get, path = "/v1/previews/{secret}", tag = "catalogue",
    params(("secret" = String, Path)),
    responses((status = 200, description = "The song.", body = Previewed)))]
pub(crate) async fn open(
    State(api): State<Api>,
    WordPath(secret): WordPath,
) -> Result<Opened, Problem> {
    // The leader: a link that was taken back opens nothing.
    let found = api.catalogue().previews().open(&digest(&secret)).await;
    let (preview, song) = found.map_err(catalogue_failed)?.ok_or_else(no_such_preview)?;
    // The listener is the link itself, so that it can be revoked at the edges.
    let (id, since) = (UserId::new(preview.id), UNIX_EPOCH);
    let listener = Listener { id, max_kbps: TOP, since, until: None };
    let playback = playback::grant(&api, &song, listener)?;
    let answer = Previewed { song: song.into(), playback };
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)))
}

fn no_such_preview() -> Problem {
    let detail = "This private link leads nowhere, or it was taken back.";
    Problem::new(StatusCode::NOT_FOUND, "no-such-preview", detail)
}
