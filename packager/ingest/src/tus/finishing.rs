//! What has come whole becomes a song, and what is over goes.

use std::time::Duration;

use catalogue::{Became, CatalogueError, Upload};
use media::UploadId;
use service::{Problem, Shutdown};
use tokio::time::sleep;

use super::metadata::Metadata;
use super::turns::Turn;
use super::{Uploads, concatenation, nothing};
use crate::intake::IntakeError;
use crate::received::Received;
use crate::refusals;

/// How often it is looked after what nobody asks for.
const EVERY: Duration = Duration::from_secs(60);

impl Uploads {
    /// Makes a song of what has come whole, or replaces the master of one, unless it is a piece of another. However often it is begun, there is one song;
    /// the file goes after the song is there.
    pub(super) async fn finish(
        &self,
        _turn: &Turn,
        upload: &Upload,
    ) -> Result<Option<Became>, Problem> {
        if upload.concat.as_deref() == Some(concatenation::PARTIAL) {
            return Ok(None);
        }
        let Metadata { details, song: replaced, .. } = Metadata::read(&upload.metadata)?;
        let received = Received::kept(self.files.path(upload.id)).await;
        let received = received.map_err(|error| refusals::disk_failed(&error))?;
        let became = match replaced {
            None => {
                let accepted =
                    self.intake.accept_upload(&received, details, upload.user, upload.id);
                accepted.await.map(|accepted| Became::from(&accepted))
            }
            Some(song) => {
                let file_name = details.file_name.as_deref().unwrap_or_default();
                let replaced = self.intake.replace_by(upload.id, &received, song, file_name);
                replaced.await.map(|_| Became { song, is_duplicate: false })
            }
        };
        let became = became.map_err(|error| match error {
            IntakeError::Catalogue(CatalogueError::Gone) => nothing(),
            error => refusals::not_accepted(&error),
        })?;
        self.clear(upload).await;
        Ok(Some(became))
    }

    /// Removes what became a song: its pieces, if it is made of any, and then its file, by which [`tend`](Self::tend) finds
    /// what is not removed yet.
    async fn clear(&self, upload: &Upload) {
        for piece in concatenation::pieces(upload) {
            self.forget(piece).await;
        }
        self.remove_file(upload.id).await;
    }

    /// Forgets an upload that was refused, or is part of another.
    pub(super) async fn forget(&self, id: UploadId) {
        if let Err(error) = self.intake.catalogue.uploads().remove(id).await {
            tracing::warn!(%id, %error, "an upload that is done with stays until its time is over");
        }
        self.remove_file(id).await;
    }

    /// What stays behind is found by [`tend`](Self::tend).
    async fn remove_file(&self, id: UploadId) {
        if let Err(error) = self.files.remove(id).await {
            tracing::warn!(%id, %error, "an upload stays behind");
        }
    }

    /// Finishes what has come whole and was not finished, as its process died or its disk failed, and removes what is over,
    /// until the shutdown begins.
    pub async fn tend(self, shutdown: Shutdown) {
        loop {
            self.look_after_all().await;
            tokio::select! {
                () = shutdown.begun() => return,
                () = sleep(EVERY) => {}
            }
        }
    }

    async fn look_after_all(&self) {
        match self.files.ids().await {
            Err(error) => tracing::error!(%error, "uploads cannot be looked after"),
            Ok(ids) => {
                for id in ids {
                    self.look_after(id).await;
                }
            }
        }
    }

    async fn look_after(&self, id: UploadId) {
        let looked = async {
            match self.find(id).await? {
                Some(upload) if upload.became.is_none() => self.standing(upload).await.map(drop),
                over => {
                    // Whoever writes still finds that it is over when they are done.
                    if let Some(_turn) = self.turns.take(id).await {
                        match over {
                            Some(upload) => self.clear(&upload).await,
                            None => self.remove_file(id).await,
                        }
                    }
                    Ok(())
                }
            }
        };
        if let Err(problem) = looked.await {
            tracing::warn!(%id, ?problem, "an upload could not be looked after");
        }
    }
}
