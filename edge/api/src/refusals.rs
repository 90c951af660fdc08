//! Axum's own refusals, told as problem documents.

use std::str::FromStr;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use catalogue::CatalogueError;
use media::SongId;
use serde::de::DeserializeOwned;
use service::Problem;
use service::problem::chain;
use tokio::time::timeout;

/// The most bytes of a JSON body: a purge of as many URLs as it may have, tokens and all.
const LARGEST_JSON: usize = 256 * 1_024;

/// How long a JSON body may take to arrive: whoever dawdles holds memory.
const JSON_TIME: Duration = Duration::from_secs(10);

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Problem> {
        DefaultBodyLimit::max(LARGEST_JSON).apply(&mut request);
        match timeout(JSON_TIME, Json::<T>::from_request(request, state)).await {
            Ok(Ok(Json(body))) => Ok(Self(body)),
            Ok(Err(rejection)) => Err(bad_json(&rejection)),
            Err(_) => Err(too_slow()),
        }
    }
}

fn too_slow() -> Problem {
    let detail = format!("The body did not arrive within {} seconds.", JSON_TIME.as_secs());
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail)
}

fn bad_json(rejection: &JsonRejection) -> Problem {
    let slug = match rejection {
        JsonRejection::MissingJsonContentType(_) => "unsupported-media-type",
        JsonRejection::JsonDataError(_) => "invalid-field",
        JsonRejection::JsonSyntaxError(_) => "not-json",
        _ if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        _ => "unreadable-body",
    };
    Problem::new(rejection.status(), slug, rejection.body_text())
}

/// The query of the URL.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|rejection| {
            Problem::new(StatusCode::BAD_REQUEST, "invalid-query", rejection.body_text())
        })
    }
}

/// The id of a song in the path.
pub(crate) struct SongPath(pub(crate) SongId);

impl<S: Send + Sync> FromRequestParts<S> for SongPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<String>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(id)| id.parse().ok());
        id.map(Self).ok_or_else(|| {
            Problem::field("id", "The id of a song is a UUID in lower case with hyphens.")
        })
    }
}

/// The id of something else in the path.
pub(crate) struct IdPath<T>(pub(crate) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for IdPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<String>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(id)| id.parse().ok());
        let accepted = "The id is a UUID in lower case with hyphens.";
        id.map(Self).ok_or_else(|| Problem::field("id", accepted))
    }
}

/// The catalogue could not answer, or would not.
pub(crate) fn catalogue_failed(error: CatalogueError) -> Problem {
    match error {
        CatalogueError::Stale => stale(),
        CatalogueError::TakenOver => taken_over(),
        CatalogueError::EmptyWindow => Problem::field(
            "available_until",
            "The song would end being available before it begins; the end is after the beginning.",
        ),
        CatalogueError::NotItsSongs => {
            Problem::field("songs", "The order names each song of the album once.")
        }
        CatalogueError::Gone => gone_meanwhile(),
        CatalogueError::HoldsNul => holds_nul(),
        error if error.is_passing() => busy(&error),
        error => Problem::internal(&error),
    }
}

/// The same request may succeed a little later (RFC 9110 15.6.4).
fn busy(error: &CatalogueError) -> Problem {
    tracing::warn!(error = %chain(error), "the catalogue is busy or away");
    let detail = "The catalogue cannot answer right now; try again in a second.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

fn gone_meanwhile() -> Problem {
    let detail = "Something that this would belong to has been deleted meanwhile.";
    Problem::new(StatusCode::CONFLICT, "gone-meanwhile", detail)
}

fn holds_nul() -> Problem {
    let detail = "A text holds the character U+0000; texts are accepted without it.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-text", detail)
}

fn taken_over() -> Problem {
    let detail = "This account plays elsewhere now; ask for the playback again to play here.";
    Problem::new(StatusCode::CONFLICT, "taken-over", detail)
}

/// RFC 9110 13.1.1: somebody else was faster.
pub(crate) fn stale() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "changed-meanwhile",
        "Somebody else has changed this since you read it; read it again and repeat your change.",
    )
}

/// No song that the caller may know of.
pub(crate) fn no_such_song() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-song", "There is no song with this id.")
}
