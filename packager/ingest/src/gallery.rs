//! Pictures in: from a request's body to sizes in the store.
//!
//! An uploaded picture is a stranger's bytes: it goes to the work folder as it arrives, and is parsed in a cell alone. What
//! is stored is what the cell made of it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use catalogue::{Artwork, CatalogueError};
use futures::StreamExt;
use service::Problem;
use service::problem::chain;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use transcode::MasterReader;
use transcode::artwork::{ArtworkError, LARGEST_PICTURE};

use crate::covers;
use crate::intake::Intake;
use crate::patience::Patience;
use crate::received::{ReceiveError, Received};
use crate::refusals;

const KINDS: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

/// How long an uploaded picture waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Pictures that are on their way or on the disk at a time. Who sends slowly takes none of the cells.
const AT_THE_DOOR: usize = 64;

/// Where uploaded pictures are taken in. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Gallery {
    pub(crate) intake: Intake,
    reader: MasterReader,
    /// The longest edge of a size that is kept, in pixels.
    largest: u32,
    /// Each picture lies on the disk until it is done with.
    doors: Arc<Semaphore>,
    /// Each cell may take as much memory as a song's decoder.
    turns: Arc<Semaphore>,
}

impl Gallery {
    /// Takes pictures into `intake`'s store in sizes of up to `largest` pixels; `at_once` cells of `reader` scale them at a
    /// time.
    pub(crate) fn new(intake: Intake, reader: MasterReader, largest: u32, at_once: usize) -> Self {
        let doors = Arc::new(Semaphore::new(AT_THE_DOOR));
        Self { intake, reader, largest, doors, turns: Arc::new(Semaphore::new(at_once)) }
    }

    /// A picture becomes sizes in the store.
    pub(crate) async fn take_in(&self, request: Request) -> Result<Artwork, Problem> {
        check_kind(request.headers())?;
        let _door = turn(&self.doors).await?;
        refusals::check_room(&self.intake, LARGEST_PICTURE)?;
        let picture = self.receive(request).await?;
        let turn = turn(&self.turns).await?;
        let (reader, path) = (self.reader.clone(), picture.path().to_owned());
        let scaled = tokio::task::spawn_blocking(move || {
            // Whoever asked may have left; the cell counts until its end.
            let _turn = turn;
            reader.sizes_of(&path)
        });
        let mut sizes =
            scaled.await.map_err(|error| Problem::internal(&error))?.map_err(unusable)?;
        sizes.retain(|size| size.width.max(size.height) <= self.largest);
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
            ReceiveError::Disk(error) => refusals::disk_failed(&error),
        })
    }
}

/// One of `turns`, if there is one soon.
async fn turn(turns: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    let turn = timeout(LONGEST_WAIT, Arc::clone(turns).acquire_owned()).await;
    turn.map_err(|_| busy())?.map_err(|error| Problem::internal(&error))
}

/// Refuses by its own word what is no picture, or too large, before any of it is read.
fn check_kind(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let kind = text(CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        let detail = format!("A picture is sent as {}.", KINDS.join(", "));
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

/// What a handler answers where the catalogue refused a picture.
pub(crate) fn failed(error: CatalogueError) -> Problem {
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
pub(crate) fn away(error: &dyn std::error::Error) -> Problem {
    tracing::warn!(error = chain(error), "a picture must wait");
    busy()
}

fn busy() -> Problem {
    let detail = "Segue cannot do this right now; try again in a few seconds.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
        .with_header(RETRY_AFTER, HeaderValue::from_static("5"))
}
