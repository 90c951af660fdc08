//! Bytes come.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use catalogue::uploads::FINAL;
use catalogue::{NewUpload, Upload};
use futures::{Stream, StreamExt, stream};
use service::Problem;
use tokio::fs::File;
use tokio::time::timeout;
use tracing::Instrument;

use super::checksum::Checksum;
use super::turns::Turn;
use super::{Standing, Uploads, headers, nothing};
use crate::patience::SILENCE;
use crate::received::{Arrival, ReceiveError, pour};
use crate::refusals;

const MEDIA_TYPE: &str = "application/offset+octet-stream";

/// How long a client waits for the song of what has come whole.
const FINISHING: Duration = Duration::from_secs(60);

/// What a request says of the bytes that it brings.
#[derive(Debug)]
pub(super) struct Piece {
    offset: u64,
    /// How many they are, where that is said.
    length: Option<u64>,
    checksum: Option<Checksum>,
}

/// Why bytes ended before the body did.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error("nothing came for {SILENCE:?}")]
    Silent,
    #[error("another request goes on with the upload, or ends it")]
    Replaced,
    #[error(transparent)]
    Body(#[from] axum::Error),
}

impl Piece {
    /// Of a `PATCH`.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        if !is_bytes(headers) {
            return Err(another_type());
        }
        Self::at(headers::number(headers, headers::OFFSET)?, headers)
    }

    /// Of a request that begins an upload, if it brings any bytes.
    pub(super) fn of_creation(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let some = said_length(headers).is_none_or(|length| length > 0);
        match headers.contains_key(CONTENT_TYPE) && some {
            true if is_bytes(headers) => Self::at(0, headers).map(Some),
            true => Err(another_type()),
            false => Ok(None),
        }
    }

    fn at(offset: u64, headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self { offset, length: said_length(headers), checksum: Checksum::read(headers)? })
    }
}

impl Uploads {
    /// Puts what `body` brings behind what has come, if that is where it belongs. Whoever asked may go away meanwhile: it is
    /// carried on until the bytes end.
    pub(super) async fn append(
        &self,
        upload: Upload,
        piece: Piece,
        body: Body,
    ) -> Result<Standing, Problem> {
        if upload.concat.as_deref().is_some_and(|concat| concat.starts_with(FINAL)) {
            return Err(made_of_others());
        }
        let turn = self.turns.take(upload.id).await.ok_or_else(locked)?;
        let uploads = self.clone();
        carried_on(async move { uploads.append_alone(&turn, upload, piece, body).await }).await
    }

    /// Begins an upload with its first bytes, carried on as those of [`append`](Self::append) are. What breaks off or
    /// cannot be used is forgotten by whoever carries it on: its client knows no path to it.
    pub(super) async fn begin_with(
        &self,
        new: NewUpload,
        piece: Piece,
        body: Body,
    ) -> Result<Standing, Problem> {
        let uploads = self.clone();
        carried_on(async move {
            let upload = uploads.note(&new).await?;
            let turn = uploads.turns.take(upload.id).await.ok_or_else(locked)?;
            match uploads.append_alone(&turn, upload.clone(), piece, body).await {
                Err(problem) => uploads.left_of(upload, problem).await,
                begun => begun,
            }
        })
        .await
    }

    /// What is left of an upload that could not be begun: nothing, unless all its bytes are here and something behind us
    /// failed. It may have become a song then, and if not, it becomes one when somebody asks for it or [`tend`](Self::tend) does.
    async fn left_of(&self, upload: Upload, problem: Problem) -> Result<Standing, Problem> {
        if problem.status().is_server_error() {
            let offset = self.files.offset(upload.id).await.unwrap_or_default();
            if offset == upload.length {
                return Ok(Standing { upload, offset, song: None });
            }
        }
        self.forget(upload.id).await;
        Err(problem)
    }

    async fn append_alone(
        &self,
        turn: &Turn,
        upload: Upload,
        piece: Piece,
        body: Body,
    ) -> Result<Standing, Problem> {
        // It may have become a song, or nothing, while another had its turn.
        let upload = self.find(upload.id).await?.ok_or_else(nothing)?;
        let offset = self.offset(&upload).await?;
        if piece.offset != offset {
            return Err(elsewhere(offset));
        }
        let left = upload.length - offset;
        if piece.length.is_some_and(|length| length > left) {
            return Err(refusals::too_large(upload.length));
        }
        if upload.became.is_none() {
            // What is to come, and the copy of the whole in a store that is a folder.
            refusals::check_room(&self.intake, left.saturating_add(upload.length))?;
            match piece.checksum {
                None => self.write(turn, &upload, left, body).await?,
                Some(checksum) => self.write_checked(turn, &upload, left, checksum, body).await?,
            }
        }
        let offset = self.offset(&upload).await?;
        let song = match upload.became {
            None if offset == upload.length => self.finish(turn, &upload).await?,
            song => song,
        };
        Ok(Standing { upload, offset, song })
    }

    /// Each byte counts as it comes.
    async fn write(
        &self,
        turn: &Turn,
        upload: &Upload,
        left: u64,
        body: Body,
    ) -> Result<(), Problem> {
        let file = self.files.open(upload.id).await;
        let mut file = file.map_err(|error| refusals::disk_failed(&error))?;
        let poured = pour(heard(body, turn), &mut file, &self.intake.workshop, left, |_| {}).await;
        // What is kept of a connection that broke is told to whoever asks next, which may be after a loss of power.
        file.sync_data().await.map_err(|error| refusals::disk_failed(&error))?;
        poured.map_err(|error| not_received(error, upload))
    }

    /// No byte counts before all have come and are those that were meant.
    async fn write_checked(
        &self,
        turn: &Turn,
        upload: &Upload,
        left: u64,
        mut checksum: Checksum,
        body: Body,
    ) -> Result<(), Problem> {
        let aside = Arrival(self.intake.workshop.new_arrival());
        let file = File::create_new(&aside.0).await;
        let mut file = file.map_err(|error| refusals::disk_failed(&error))?;
        let workshop = &self.intake.workshop;
        let seen = |bytes: &[u8]| checksum.update(bytes);
        let poured = pour(heard(body, turn), &mut file, workshop, left, seen).await;
        poured.map_err(|error| not_received(error, upload))?;
        checksum.check()?;
        let appended = self.files.append(upload.id, &aside.0).await;
        appended.map_err(|error| refusals::disk_failed(&error))
    }

    /// Makes what has come whole a song, if it is none yet and is to be one.
    pub(super) async fn complete(
        &self,
        id: media::UploadId,
    ) -> Result<Option<catalogue::Became>, Problem> {
        let turn = self.turns.wait(id, FINISHING).await.ok_or_else(locked)?;
        let uploads = self.clone();
        carried_on(async move {
            let upload = uploads.find(id).await?.ok_or_else(nothing)?;
            match upload.became {
                None => uploads.finish(&turn, &upload).await,
                song => Ok(song),
            }
        })
        .await
    }
}

/// Does `work` to its end, though whoever asked for it may go away meanwhile.
pub(super) async fn carried_on<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::spawn(work.in_current_span()).await;
    done.map_err(|error| Problem::internal(&error))?
}

/// The body's bytes while they come, and nobody else is to write.
fn heard(body: Body, turn: &Turn) -> impl Stream<Item = Result<Bytes, Interruption>> {
    stream::unfold(body.into_data_stream(), move |mut body| async move {
        let item = tokio::select! {
            () = turn.told_to_leave() => Err(Interruption::Replaced),
            item = timeout(SILENCE, body.next()) => match item {
                Ok(Some(chunk)) => chunk.map_err(Interruption::from),
                Ok(None) => return None,
                Err(_) => Err(Interruption::Silent),
            },
        };
        turn.heard();
        Some((item, body))
    })
}

fn is_bytes(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(MEDIA_TYPE))
}

fn said_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn not_received(error: ReceiveError<Interruption>, upload: &Upload) -> Problem {
    match error {
        ReceiveError::TooLarge { .. } => refusals::too_large(upload.length),
        error => refusals::not_received(error, |error| {
            refusals::broken_off(error, "The body broke off; HEAD says how much of it is kept.")
        }),
    }
}

fn another_type() -> Problem {
    let detail = format!("Bytes of an upload are sent as {MEDIA_TYPE}.");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
}

fn elsewhere(offset: u64) -> Problem {
    let detail = format!(
        "{offset} bytes have come; accepted are those behind them, with Upload-Offset: {offset}."
    );
    Problem::new(StatusCode::CONFLICT, "wrong-offset", detail)
}

pub(super) fn locked() -> Problem {
    let detail = "Another request brings bytes of this upload; try again when it has ended.";
    Problem::new(StatusCode::LOCKED, "upload-locked", detail)
}

fn made_of_others() -> Problem {
    let detail = "This upload is made of others and takes no bytes of its own.";
    Problem::new(StatusCode::FORBIDDEN, "made-of-others", detail)
}
