//! How uploads are refused, whichever way they come.

use std::error::Error;
use std::io;

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use catalogue::CatalogueError;
use catalogue::jobs::bound::Room;
use media::UserId;
use service::Problem;
use service::problem::chain;

use crate::intake::{Intake, IntakeError};
use crate::received::ReceiveError;

/// Why bytes were not received; `told` tells of a sender who went away.
pub(crate) fn not_received<E>(error: ReceiveError<E>, told: impl Fn(&E) -> Problem) -> Problem {
    match error {
        ReceiveError::Sender(error) => told(&error),
        ReceiveError::TooLarge { limit } => too_large(limit),
        ReceiveError::Disk(error) => disk_failed(&error),
    }
}

pub(crate) fn too_large(limit: u64) -> Problem {
    let detail = format!("The file is too large; accepted are up to {limit} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
}

pub(crate) fn broken_off(error: &dyn Error, detail: &str) -> Problem {
    tracing::debug!(error = chain(error), "an upload broke off");
    Problem::new(StatusCode::BAD_REQUEST, "unreadable-body", detail)
}

/// The work folder failed.
pub(crate) fn disk_failed(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            tracing::error!(%error, "there is no room for uploads");
            no_room(0)
        }
        _ => Problem::internal(error),
    }
}

/// The master was whole, and could not be accepted.
pub(crate) fn not_accepted(error: &IntakeError) -> Problem {
    match error {
        IntakeError::Catalogue(error) => catalogue_failed(error),
        IntakeError::Publish(_) => Problem::internal(error),
    }
}

/// The catalogue failed.
pub(crate) fn catalogue_failed(error: &CatalogueError) -> Problem {
    if error.is_passing() {
        tracing::warn!(error = chain(error), "an upload must wait");
        let detail = "The catalogue cannot be reached; please try again in a few seconds.";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            .with_header(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    Problem::internal(error)
}

/// Refuses what `needed` bytes of the disk would be taken for, where too few would then be left (RFC 4918 11.5).
pub(crate) fn check_room(intake: &Intake, needed: u64) -> Result<(), Problem> {
    let room = intake.workshop.room().map_err(|error| Problem::internal(&error))?;
    if needed > room { Err(no_room(room / COPIES)) } else { Ok(()) }
}

/// Refuses whoever has too many songs waiting, or anybody where all together have.
pub(crate) async fn check_queue(intake: &Intake, uploader: UserId) -> Result<(), Problem> {
    let room = intake.catalogue.jobs().room(uploader, &intake.bound).await;
    match room.map_err(|error| catalogue_failed(&error))? {
        Room::Some => Ok(()),
        Room::NoneForThem => {
            let most = intake.bound.each;
            Err(queue_full(
                StatusCode::TOO_MANY_REQUESTS,
                &format!(
                    "{most} songs of yours wait to be packaged; upload more when some are ready."
                ),
            ))
        }
        Room::None => Err(queue_full(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many songs wait to be packaged; please try again in a minute.",
        )),
    }
}

fn queue_full(status: StatusCode, detail: &str) -> Problem {
    Problem::new(status, "queue-full", detail)
        .with_header(RETRY_AFTER, HeaderValue::from_static("60"))
}

/// A master lies on the disk as it arrives, and again in a store that is a folder.
pub(crate) const COPIES: u64 = 2;

fn no_room(accepted: u64) -> Problem {
    let detail = format!(
        "There is too little room on our disk; at the moment, files of up to {accepted} bytes are accepted."
    );
    Problem::new(StatusCode::INSUFFICIENT_STORAGE, "no-room", detail)
        .with_header(RETRY_AFTER, HeaderValue::from_static("600"))
}
