//! Refusals that many handlers say.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use catalogue::CatalogueError;
use service::Problem;
use service::problem::chain;

pub(crate) use crate::body::Body;
pub(crate) use crate::parameters::{IdPath, Parameters, SongPath};

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
        CatalogueError::PasswordChanged => wrong_password(),
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

pub(crate) fn wrong_password() -> Problem {
    let detail = "The current password is another one.";
    Problem::new(StatusCode::FORBIDDEN, "wrong-password", detail)
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
