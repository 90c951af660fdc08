//! Several uploads become one (`Upload-Concat`): clients send the pieces of a file side by side.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use catalogue::uploads::FINAL;
use catalogue::{NewUpload, Upload};
use media::{UploadId, UserId};
use service::Problem;

use super::turns::Turn;
use super::{Standing, Uploads, appending, headers, nothing};
use crate::received::Arrival;
use crate::refusals::{self, catalogue_failed};

/// What a piece of another says of itself.
pub(super) const PARTIAL: &str = "partial";

/// How long a client waits for another that joins the same pieces.
const JOINING: Duration = Duration::from_secs(60);

/// The most pieces of one upload: one less than an account may have on its way, as the whole is on its way beside them.
const MOST: usize = 99;

/// What an upload has to do with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Concat {
    /// It is a piece of another.
    Partial,
    /// It is made of those.
    Final(Vec<UploadId>),
}

impl Concat {
    /// What the header says, if it is there.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let text = headers::text(headers, headers::CONCAT)?;
        text.map(|text| text.parse().map_err(|()| unreadable())).transpose()
    }
}

impl FromStr for Concat {
    type Err = ();

    /// Paths may be whole URLs: their last part counts.
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == PARTIAL {
            return Ok(Self::Partial);
        }
        let paths = text.strip_prefix(FINAL).ok_or(())?.split_ascii_whitespace();
        let id = |path: &str| path.rsplit('/').next().and_then(|id| id.parse().ok()).ok_or(());
        let ids: Vec<UploadId> = paths.map(id).collect::<Result<_, _>>()?;
        if (1..=MOST).contains(&ids.len()) { Ok(Self::Final(ids)) } else { Err(()) }
    }
}

impl fmt::Display for Concat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partial => f.write_str(PARTIAL),
            Self::Final(ids) => {
                let paths: Vec<_> = ids.iter().map(|id| headers::path(*id)).collect();
                write!(f, "{FINAL}{}", paths.join(" "))
            }
        }
    }
}

impl Uploads {
    /// Makes one upload, and its song, of several of `user`'s that have come whole. The same pieces once more are the same
    /// upload: whoever has not heard the answer asks again.
    pub(super) async fn concatenate(
        &self,
        user: UserId,
        ids: &[UploadId],
        metadata: String,
    ) -> Result<Standing, Problem> {
        let concat = Concat::Final(ids.to_vec()).to_string();
        let upload = match self.made_of(user, &concat).await? {
            Some(upload) => upload,
            None => self.note_whole(user, ids, metadata, concat).await?,
        };
        let turn = self.turns.wait(upload.id, JOINING).await.ok_or_else(appending::locked)?;
        let (uploads, ids) = (self.clone(), ids.to_vec());
        appending::carried_on(async move { uploads.join(turn, upload.id, &ids).await }).await
    }

    /// Notes what is to be made of `ids`, unless another request does at the same time.
    async fn note_whole(
        &self,
        user: UserId,
        ids: &[UploadId],
        metadata: String,
        concat: String,
    ) -> Result<Upload, Problem> {
        match self.length_of(user, ids).await {
            Ok(length) => {
                self.note(&NewUpload { user, length, metadata, concat: Some(concat) }).await
            }
            // The other one may be done with the pieces by now.
            Err(problem) => self.made_of(user, &concat).await?.ok_or(problem),
        }
    }

    async fn made_of(&self, user: UserId, concat: &str) -> Result<Option<Upload>, Problem> {
        let found = self.intake.catalogue.uploads().made_of(user, concat).await;
        found.map_err(|error| catalogue_failed(&error))
    }

    async fn length_of(&self, user: UserId, ids: &[UploadId]) -> Result<u64, Problem> {
        let mut length: u64 = 0;
        for id in ids {
            let piece = self.find(*id).await?.filter(|piece| piece.user == user);
            let piece = piece.filter(|piece| piece.concat.as_deref() == Some(PARTIAL));
            let piece = piece.ok_or_else(|| no_piece(*id))?;
            if self.offset(&piece).await? != piece.length {
                return Err(unfinished(&piece));
            }
            length = length.saturating_add(piece.length);
        }
        Ok(length)
    }

    async fn join(&self, turn: Turn, id: UploadId, ids: &[UploadId]) -> Result<Standing, Problem> {
        let upload = self.find(id).await?.ok_or_else(nothing)?;
        if upload.became.is_some() {
            let (offset, song) = (upload.length, upload.became);
            return Ok(Standing { upload, offset, song });
        }
        if self.offset(&upload).await? != upload.length {
            let draft = Arrival(self.intake.workshop.new_arrival());
            if let Err(error) = self.files.join(id, ids, &draft.0).await {
                return Err(self.not_joined(&upload, ids, &error).await);
            }
        }
        let song = self.finish(&turn, &upload).await?;
        Ok(Standing { offset: upload.length, upload, song })
    }

    /// Why `ids` could not be joined. Where one of them is over, nothing can become of the whole any more.
    async fn not_joined(&self, upload: &Upload, ids: &[UploadId], error: &io::Error) -> Problem {
        match self.length_of(upload.user, ids).await {
            Err(problem) if problem.status().is_client_error() => {
                self.forget(upload.id).await;
                problem
            }
            _ => refusals::disk_failed(error),
        }
    }
}

/// What `upload` is made of, if it is made of others.
pub(super) fn pieces(upload: &Upload) -> Vec<UploadId> {
    match upload.concat.as_deref().map(str::parse) {
        Some(Ok(Concat::Final(ids))) => ids,
        _ => Vec::new(),
    }
}

fn unreadable() -> Problem {
    let detail = format!(
        "Upload-Concat cannot be read; accepted are 'partial', and 'final;' with up to {MOST} paths of partial uploads."
    );
    Problem::field(headers::CONCAT, detail)
}

fn no_piece(id: UploadId) -> Problem {
    let detail = format!(
        "{id} is no partial upload of yours; accepted are those begun with Upload-Concat: partial."
    );
    Problem::field(headers::CONCAT, detail)
}

fn unfinished(piece: &Upload) -> Problem {
    let detail = format!("The upload {} has not come whole; accepted are finished ones.", piece.id);
    Problem::new(StatusCode::CONFLICT, "unfinished-upload", detail)
}
