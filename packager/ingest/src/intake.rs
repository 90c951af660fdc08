//! A master becomes a song and a job.

use std::sync::Arc;

use catalogue::jobs::bound::Bound;
use catalogue::{Accepted, Catalogue, CatalogueError, NewSong};
use media::{UploadId, UserId};
use origin::Object;
use service::problem::chain;
use tokio::sync::Notify;
use transcode::{Parameters, Tags};

use crate::details::Details;
use crate::labels::LabelReader;
use crate::naming;
use crate::publish::{self, PublishError};
use crate::received::Received;
use crate::shelf::Shelf;
use crate::workshop::Workshop;

/// How many songs may wait, where nobody says.
const BOUND: Bound = Bound { each: 1_000, all: 10_000 };

/// Where masters are taken in. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Intake {
    pub(crate) catalogue: Catalogue,
    pub(crate) shelf: Shelf,
    pub(crate) workshop: Workshop,
    pub(crate) limit: u64,
    pub(crate) bound: Bound,
    pub(crate) wake: Arc<Notify>,
    labels: Option<LabelReader>,
    pub(crate) parameters: Arc<Parameters>,
}

/// Why a master was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It could not be stored.
    #[error("the master could not be stored")]
    Publish(#[from] PublishError),
    /// The catalogue refused.
    #[error("the catalogue failed")]
    Catalogue(#[from] CatalogueError),
}

impl Intake {
    /// An intake of masters of up to `limit` bytes.
    #[must_use]
    pub fn new(catalogue: Catalogue, shelf: Shelf, workshop: Workshop, limit: u64) -> Self {
        let (wake, parameters) = (Arc::default(), Arc::default());
        let bound = BOUND;
        Self { catalogue, shelf, workshop, limit, bound, wake, labels: None, parameters }
    }

    /// The same, where no file is taken in that would leave less than so many bytes free on the work folder's disk.
    #[must_use]
    pub fn keeping_free(self, keep_free: u64) -> Self {
        Self { workshop: self.workshop.keeping_free(keep_free), ..self }
    }

    /// The same, where songs are called what their masters' tags say, unless somebody says otherwise.
    #[must_use]
    pub fn reading_tags(self, labels: LabelReader) -> Self {
        Self { labels: Some(labels), ..self }
    }

    /// The same, where no upload is begun that would make the queue longer than that.
    #[must_use]
    pub fn queueing(self, bound: Bound) -> Self {
        Self { bound, ..self }
    }

    /// The same, where songs are made as `parameters` say.
    #[must_use]
    pub fn making(self, parameters: Parameters) -> Self {
        Self { parameters: Arc::new(parameters), ..self }
    }

    /// Where arriving bytes are put.
    #[must_use]
    pub fn workshop(&self) -> &Workshop {
        &self.workshop
    }

    /// Stores the master by its content, then accepts song and job in one transaction. When this
    /// returns, neither a crash nor the loss of power undoes it.
    ///
    /// # Errors
    /// The store or the catalogue failed. The master may be stored then, but no song refers to it.
    pub async fn accept(
        &self,
        received: Received,
        details: Details,
        uploader: UserId,
    ) -> Result<Accepted, IntakeError> {
        let new = self.store(&received, &details, uploader).await?;
        let accepted = self.catalogue.songs().accept_once(&new, details.again()).await?;
        self.keep(&received).await;
        Ok(self.accepted(accepted, &received))
    }

    /// The same for the upload with that id, of which there is one song however often this is called.
    ///
    /// # Errors
    /// As of [`Intake::accept`]; [`CatalogueError::Gone`] where the upload is over.
    pub(crate) async fn accept_upload(
        &self,
        received: &Received,
        details: Details,
        uploader: UserId,
        upload: UploadId,
    ) -> Result<Accepted, IntakeError> {
        let new = self.store(received, &details, uploader).await?;
        let accepted = self.catalogue.uploads().accept(upload, &new, details.again()).await?;
        self.keep(received).await;
        Ok(self.accepted(accepted, received))
    }

    /// Stores the master once more where it was [swept](crate::sweep) before its song named it. The song is accepted, whatever
    /// becomes of this.
    pub(crate) async fn keep(&self, received: &Received) {
        let master = Object::Master(received.hash());
        let kept = async {
            if publish::is_stored(&self.shelf, &master).await? {
                return Ok(());
            }
            publish::put_file(&self.shelf, received.path(), &master).await
        };
        let kept: Result<(), PublishError> = kept.await;
        if let Err(error) = kept {
            tracing::warn!(%master, error = chain(&error), "it is unknown whether a master is stored");
        }
    }

    /// Stores the master, and meanwhile finds out what it says of itself.
    async fn store(
        &self,
        received: &Received,
        details: &Details,
        uploader: UserId,
    ) -> Result<NewSong, PublishError> {
        let (put, tags) = tokio::join!(self.store_master(received), self.tags(received));
        put.map(|()| naming::song_of(received, details, tags, uploader))
    }

    pub(crate) async fn store_master(&self, received: &Received) -> Result<(), PublishError> {
        let master = Object::Master(received.hash());
        // Put even where it is stored already: a copy that went bad on disk is thereby mended.
        publish::put_file(&self.shelf, received.path(), &master).await
    }

    async fn tags(&self, received: &Received) -> Tags {
        match &self.labels {
            Some(labels) => labels.read(received.path()).await,
            None => Tags::default(),
        }
    }

    fn accepted(&self, accepted: Accepted, received: &Received) -> Accepted {
        self.wake.notify_one();
        let Accepted { song, is_duplicate } = &accepted;
        let (master, size) = (received.hash(), received.size());
        tracing::info!(song = %song.id, %master, size, is_duplicate, "accepted");
        accepted
    }
}
