//! A store that receives objects in publish order.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ingest::shelf::may_pass;
use ingest::{PublishError, PutError, Shelf, publish};
use media::Asset;
use origin::{Object, SongFolder};
use tokio::runtime::Handle;

use crate::package::failure::Failure;
use crate::package::staging::StagedFolder;
use crate::package::work::WorkFolder;
use crate::stop::Stop;
use crate::store::{CannotOpen, StoreUrl, refusal};
use crate::waiting;

/// A store, the folder in which its packages are made, and what moves bytes. No request is waited
/// for once we are told to stop.
#[derive(Debug)]
pub(crate) struct StoreTarget {
    shelf: Shelf,
    url: StoreUrl,
    work: WorkFolder,
    patience: Duration,
    runtime: Handle,
    stop: Stop,
    refusals: Mutex<Refusals>,
}

/// What the store refused for good since it last took a song.
#[derive(Debug, Default)]
struct Refusals {
    songs: usize,
    last: String,
}

impl Refusals {
    /// A song's rights may be wrong where the next one's are right; so many in a row are no chance.
    const ENOUGH: usize = 3;

    fn add(&mut self, reason: String) -> String {
        self.songs += 1;
        self.last.clone_from(&reason);
        reason
    }

    /// Why no song is worth another attempt.
    fn reason(&self) -> Option<String> {
        let songs = self.songs;
        (songs >= Self::ENOUGH).then(|| format!("{}; it did so for {songs} songs", self.last))
    }
}

impl StoreTarget {
    pub(super) fn open(
        url: &StoreUrl,
        work: WorkFolder,
        patience: Duration,
        runtime: &Handle,
        stop: &Stop,
    ) -> Result<Self, CannotOpen> {
        // The clients of stores look for the runtime that they belong to.
        let _inside = runtime.enter();
        let (runtime, stop) = (runtime.clone(), stop.clone());
        let (shelf, url, refusals) = (url.open(patience)?, url.clone(), Mutex::default());
        Ok(Self { shelf, url, work, patience, runtime, stop, refusals })
    }

    pub(super) fn url(&self) -> &StoreUrl {
        &self.url
    }

    pub(super) fn work(&self) -> Result<&PathBuf, Failure> {
        self.work.ready()
    }

    /// Whether the store answers, knows us and has the bucket.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let (whom, started) = (self.url.to_string(), Instant::now());
        let found = waiting::aloud(&whom, self.shelf.check());
        let found = self.stop.wait(&self.runtime, found).ok_or(Failure::Stopped)?;
        found.map_err(|error| self.refused(self.told(&error, started.elapsed())))
    }

    /// What `asset.json` says, where all of the version is there. A store that went on refusing is
    /// not asked any more: nothing is encoded for nothing.
    pub(super) fn whole(&self, folder: SongFolder) -> Result<Option<Asset>, Failure> {
        if let Some(reason) = self.refusals().reason() {
            return Err(self.refused(reason));
        }
        self.wait(publish::published(&self.shelf, folder))
    }

    pub(super) fn publish(
        &self,
        staged: &StagedFolder,
        folder: SongFolder,
        asset: &Asset,
        stored: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Failure> {
        self.wait(publish::publish_version(&self.shelf, staged.path(), folder, asset, stored))?;
        *self.refusals() = Refusals::default();
        Ok(())
    }

    pub(super) fn put(&self, file: &Path, object: &Object) -> Result<(), Failure> {
        self.wait(publish::put_file(&self.shelf, file, object))
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, PublishError>>) -> Result<T, Failure> {
        let started = Instant::now();
        let done = self.stop.wait(&self.runtime, work).ok_or(Failure::Stopped)?;
        done.map_err(|error| self.failure(&error, started.elapsed()))
    }

    fn failure(&self, error: &PublishError, took: Duration) -> Failure {
        self.refused(match error {
            PublishError::Put { source: PutError::Store(error), .. }
            | PublishError::LookUp { source: error, .. }
            | PublishError::Withdraw { source: error, .. } => {
                let told = self.told(error, took);
                match may_pass(error) {
                    true => told + "; package again to complete it",
                    false => self.refusals().add(told),
                }
            }
            PublishError::Put { source: PutError::Read(error), .. }
            | PublishError::Package(error) => format!("the package cannot be read: {error}"),
        })
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self, reason: String) -> Failure {
        Failure::Store { url: self.url.to_string(), reason }
    }

    /// What the store said, and for how long it was asked where that was more than once: an answer
    /// that asking again does not change comes at once.
    fn told(&self, error: &object_store::Error, took: Duration) -> String {
        let mut reason = refusal(error);
        let tried = took.min(self.patience).as_secs_f64().round();
        if may_pass(error) && tried > 0.0 {
            reason.push_str(&format!(", even after {tried} s of trying again (--patience)"));
        }
        reason
    }
}
