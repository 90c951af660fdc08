//! What a song was made of, and which of that listeners get.

use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, HeaderName};
use axum::http::{HeaderMap, StatusCode};
use catalogue::song_document::rfc3339;
use catalogue::{Replacement, SongVersion, SongVersions, Switched};
use media::{MasterHash, Version};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::Caller;
use crate::edition;
use crate::refusals::{Body, SongPath, catalogue_failed};
use crate::songs::Details;
use crate::visitor::Visitor;
use crate::withdrawals::own;

/// What a song has and had, and what it is to have.
#[derive(Serialize, ToSchema)]
#[schema(as = SongVersions)]
pub(crate) struct Document {
    /// Newest first.
    versions: Vec<VersionDocument>,
    /// The master that was last sent and is not packaged: yet, or for good.
    replacement: Option<ReplacementDocument>,
}

/// One packaging of a master.
#[derive(Serialize, ToSchema)]
#[schema(as = SongVersion)]
struct VersionDocument {
    #[schema(value_type = String)]
    version: Version,
    /// The SHA-256 of what it was made of.
    #[schema(value_type = String)]
    master: MasterHash,
    /// What that was called.
    file_name: String,
    /// When it was first made (RFC 3339).
    created_at: String,
    duration_ms: u64,
    /// Whether it is what listeners get.
    current: bool,
    /// Whether it is kept in the store: one that is not is made again where it is chosen.
    stored: bool,
}

/// What is to take the place of the current version.
#[derive(Serialize, ToSchema)]
#[schema(as = SongReplacement)]
struct ReplacementDocument {
    /// The SHA-256 of the master.
    #[schema(value_type = String)]
    master: MasterHash,
    /// What that was called.
    file_name: String,
    /// `queued`, `delayed` (it is tried again after a while), `running`, `failed`, `parked` (it was tried in vain) or
    /// `cancelled`.
    state: &'static str,
    /// Why it came to nothing.
    error: Option<String>,
    /// When it was sent (RFC 3339).
    created_at: String,
}

/// The versions of a song, newest first, and what is to take the place of its current one: for its uploader and admins.
#[utoipa::path(get, path = "/v1/songs/{id}/versions", tag = "catalogue",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "What it has and had.", body = Document)))]
pub(crate) async fn list(
    State(api): State<Api>,
    visitor: Visitor,
    SongPath(id): SongPath,
) -> Result<Json<Document>, Problem> {
    let song = own(&api, visitor, id).await?;
    let found = api.catalogue().versions().of_song(song.id).await.map_err(catalogue_failed)?;
    Ok(Json(found.into()))
}

/// Which version listeners are to get.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    /// One of the song's versions.
    version: String,
}

type Chosen = (StatusCode, [(HeaderName, String); 1], Json<Details>);

/// Lets listeners get another version of a song, an older one or a newer one, if the song still is what `If-Match` says: for
/// its uploader and admins. Whoever is in the midst of it hears to its end what they hear. A master that is being packaged in the
/// song's name is called off.
#[utoipa::path(put, path = "/v1/songs/{id}/current-version", tag = "catalogue", request_body = Choice,
    params(("id" = Uuid, Path), ("If-Match" = String, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "The song as it is now.", body = Details),
              (status = 202, description = "That version was no longer kept: listeners get it when it is made again.", body = Details)))]
pub(crate) async fn choose(
    State(api): State<Api>,
    Caller(user): Caller,
    visitor: Visitor,
    SongPath(id): SongPath,
    headers: HeaderMap,
    Body(Choice { version }): Body<Choice>,
) -> Result<Chosen, Problem> {
    let song = own(&api, visitor, id).await?;
    edition::check(&headers, &edition::of_song(&song))?;
    let version = version.parse().map_err(|_| {
        Problem::field("version", "A version is 32 hexadecimal digits in lower case.")
    })?;
    let catalogue = api.catalogue().seen_by(user.id);
    let switched = catalogue.versions().switch(id, &version, song.edition).await;
    let switched = switched.map_err(catalogue_failed)?.ok_or_else(no_such_version)?;
    let (status, song) = match switched {
        Switched::Now(song) => (StatusCode::OK, song),
        Switched::Later(song) => (StatusCode::ACCEPTED, song),
    };
    let credits = api.catalogue().songs().credits(id).await.map_err(catalogue_failed)?;
    Ok((status, [(ETAG, edition::of_song(&song))], Json(Details::new(song, credits))))
}

fn no_such_version() -> Problem {
    let detail = "This song has no such version; GET /v1/songs/{id}/versions lists those it has.";
    Problem::new(StatusCode::NOT_FOUND, "no-such-version", detail)
}

impl From<SongVersions> for Document {
    fn from(found: SongVersions) -> Self {
        let versions = found.versions.into_iter().map(VersionDocument::from).collect();
        Self { versions, replacement: found.replacement.map(ReplacementDocument::from) }
    }
}

impl From<SongVersion> for VersionDocument {
    fn from(it: SongVersion) -> Self {
        Self {
            version: it.version,
            master: it.master,
            file_name: it.file_name,
            created_at: rfc3339(it.created_ms),
            duration_ms: it.duration_ms,
            current: it.is_current,
            stored: it.is_stored,
        }
    }
}

impl From<Replacement> for ReplacementDocument {
    fn from(it: Replacement) -> Self {
        Self {
            master: it.master,
            file_name: it.file_name,
            state: it.state.name(),
            error: it.reason,
            created_at: rfc3339(it.created_ms),
        }
    }
}
