//! Claims jobs, one after the other, and holds their leases while it works.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use bus::Bus;
use catalogue::{Attempt, CatalogueError, Job, Packaged, Song};
use futures::FutureExt;
use origin::SongFolder;
use service::Shutdown;
use service::problem::chain;
use tokio::time::sleep;
use transcode::{MasterReader, Parameters, version_of};

use crate::halt::Halt;
use crate::intake::Intake;
use crate::packaging::{self, PackagingError};
use crate::progress::Reporter;
use crate::publish;

/// How long a job is held without a sign of life.
const LEASE: Duration = Duration::from_secs(30);

/// How often the lease is renewed, and whoever called the job off is heard.
const RENEWAL: Duration = Duration::from_secs(2);

/// How often the queue is looked at when nobody rings: retries become due by themselves.
const LOOK: Duration = Duration::from_secs(1);

/// How long the removal of an old version may take before it is tried again later to make that one anew.
const REMOVAL: Duration = Duration::from_secs(10 * 60);

/// How long a worker rests when the database fails.
const REST: Duration = Duration::from_secs(5);

/// Packages songs until it is told to stop.
#[derive(Debug)]
pub struct Worker {
    intake: Intake,
    reader: MasterReader,
    parameters: Parameters,
    shutdown: Shutdown,
    bus: Option<Bus>,
}

/// How the work on one job ended.
enum Ending {
    /// Nothing was to be done where nothing was packaged.
    Worked(Result<Option<Packaged>, PackagingError>),
    Lost(CatalogueError),
    Stopped,
}

impl Worker {
    /// A worker on the queue of `intake`, which makes of every song what `parameters` say;
    /// `reader` reads their masters.
    #[must_use]
    pub fn new(
        intake: Intake,
        reader: MasterReader,
        parameters: Parameters,
        shutdown: Shutdown,
    ) -> Self {
        Self { intake, reader, parameters, shutdown, bus: None }
    }

    /// The same, which says on the bus of events how far it has come: whoever watches a song hears it at once then.
    #[must_use]
    pub fn remarking_on(self, events: Bus) -> Self {
        Self { bus: Some(events), ..self }
    }

    /// Works until the shutdown begins. A job in hand is then put back at once.
    pub async fn run(self) {
        while !self.shutdown.has_begun() {
            match self.intake.catalogue.jobs().claim(LEASE).await {
                Ok(Some(job)) => self.work_on(&job).await,
                Ok(None) => self.wait(LOOK).await,
                Err(error) => {
                    tracing::error!(%error, "the queue cannot be read");
                    self.wait(REST).await;
                }
            }
        }
    }

    async fn wait(&self, time: Duration) {
        tokio::select! {
            () = self.intake.wake.notified() => {}
            () = sleep(time) => {}
            () = self.shutdown.begun() => {}
        }
    }

    async fn work_on(&self, job: &Job) {
        tracing::info!(song = %job.song, attempt = job.attempt, "packaging");
        let reporter = Reporter::new();
        let ending = tokio::select! {
            worked = AssertUnwindSafe(self.package(job, &reporter)).catch_unwind() => {
                // A panic costs one attempt, not the worker.
                Ending::Worked(worked.unwrap_or(Err(PackagingError::Panicked)))
            }
            lost = self.hold(job) => Ending::Lost(lost),
            never = reporter.report(&self.intake.catalogue, self.bus.as_ref(), job) => match never {},
            () = self.shutdown.begun() => Ending::Stopped,
        };
        if let Err(error) = self.settle(job, ending).await {
            tracing::error!(song = %job.song, %error, "a job could not be settled");
        }
    }

    async fn package(
        &self,
        job: &Job,
        reporter: &Reporter,
    ) -> Result<Option<Packaged>, PackagingError> {
        let song = self.intake.catalogue.songs().get(job.song).await;
        let song = song.map_err(std::io::Error::other)?;
        // The schema forbids a job without a song.
        let song = song.ok_or_else(|| std::io::Error::other("the song is gone"))?;
        let song = Song { master: job.master, ..song };
        if self.is_made(&song).await? {
            return Ok(None);
        }
        self.clear_the_way(job).await?;
        let version = version_of(&song.master, &self.parameters);
        let twin = self.intake.catalogue.songs().twin(&song, version).await;
        let twin = twin.map_err(std::io::Error::other)?.map(|twin| SongFolder {
            artist: twin.artist,
            album: twin.album,
            song: twin.song,
            version,
        });
        let Intake { shelf, workshop, .. } = &self.intake;
        // Goes with this future, whoever drops it.
        let halt = Halt::default();
        let reader = halt.over(&self.reader);
        let parameters = &self.parameters;
        packaging::package_song(shelf, workshop, &reader, parameters, &song, twin, reporter)
            .await
            .map(Some)
    }

    /// Whether the song's current version is what would be made, and all of it is in the store.
    async fn is_made(&self, song: &Song) -> Result<bool, PackagingError> {
        let version = version_of(&song.master, &self.parameters);
        match &song.current {
            Some(current) if current.version == version => {
                let (artist, album, song) = (current.artist, current.album, song.id);
                let folder = SongFolder { artist, album, song, version };
                Ok(publish::published(&self.intake.shelf, folder).await?.is_some())
            }
            _ => Ok(false),
        }
    }

    /// Waits until the version's objects are not being removed, as long as it was an old one.
    async fn clear_the_way(&self, job: &Job) -> Result<(), PackagingError> {
        let version = version_of(&job.master, &self.parameters);
        for _ in 0..REMOVAL.as_secs() {
            let cleared = self.intake.catalogue.versions().clear_the_way(job.song, &version).await;
            if cleared.map_err(std::io::Error::other)? {
                return Ok(());
            }
            sleep(LOOK).await;
        }
        Err(std::io::Error::other("the version is still being removed").into())
    }

    /// Renews the lease for ever; ends only when it is lost.
    async fn hold(&self, job: &Job) -> CatalogueError {
        loop {
            sleep(RENEWAL).await;
            match self.intake.catalogue.jobs().renew(job, LEASE).await {
                Ok(()) => {}
                // Nobody may have taken it: who finishes finds out.
                Err(error) if error.is_passing() => {
                    tracing::warn!(song = %job.song, %error, "a lease could not be renewed");
                }
                Err(error) => return error,
            }
        }
    }

    async fn settle(&self, job: &Job, ending: Ending) -> Result<(), CatalogueError> {
        let jobs = self.intake.catalogue.jobs();
        match ending {
            Ending::Worked(Ok(None)) => {
                jobs.find_done(job).await?;
                tracing::info!(song = %job.song, "nothing was to be made");
            }
            Ending::Worked(Ok(Some(done))) => {
                jobs.complete(job, &done).await?;
                tracing::info!(song = %job.song, version = %done.version, "ready");
            }
            Ending::Worked(Err(error)) if error.may_pass() => {
                let error_text = chain(&error);
                let attempt = jobs.retry(job, &error_text, &error.reason()).await?;
                let again = matches!(attempt, Attempt::Again(_));
                tracing::error!(song = %job.song, error = error_text, again, "packaging failed");
            }
            Ending::Worked(Err(error)) => {
                tracing::warn!(song = %job.song, error = chain(&error), "the master cannot be packaged");
                jobs.fail(job, &error.reason()).await?;
            }
            Ending::Lost(error) => {
                tracing::warn!(song = %job.song, %error, "gave the job up");
            }
            Ending::Stopped => jobs.hand_back(job).await?,
        }
        Ok(())
    }
}
