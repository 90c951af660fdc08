//! Removes the objects of versions that nobody can ask for any more: those that were replaced longer ago than any token lives
//! that opens them.
//!
//! One process does it for all that share a catalogue, in turns that are shorter than it has the duty for: what one that stalls
//! removes later must not be what another has let be made anew.

use std::time::{Duration, UNIX_EPOCH};

use catalogue::{CatalogueError, Retired};
use futures::{StreamExt, TryStreamExt};
use object_store::{Error as StoreError, ObjectStoreExt, path::Path as Key};
use origin::{Object, SongFile, SongFolder};
use service::problem::chain;
use service::{Clock, Shutdown};
use token::playback::longest_life;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::intake::Intake;
use crate::shelf::key;

/// How often it is looked for what may go.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// How long one process keeps the duty to itself.
const HELD: Duration = Duration::from_secs(5 * 60);

/// How long of that it removes objects: what it asks the store for later could come after what another one does.
const REMOVES: Duration = Duration::from_secs(3 * 60);

/// What is granted beyond the life of tokens: a replica that lags may still name what was replaced, and clocks differ.
const GRACE: Duration = Duration::from_secs(60 * 60);

/// Versions that are looked at in one go.
const AT_ONCE: u32 = 1_000;

/// Objects that are removed at a time where a store takes one in a request.
const DELETES_AT_ONCE: usize = 16;

/// Why the objects of a version stay for now.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// What is old could not be read, or noted.
    #[error("the catalogue failed")]
    Catalogue(#[from] CatalogueError),
    /// An object could not be removed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// It is gone on with by whoever has the duty next.
    #[error("the store took longer than {REMOVES:?}")]
    Slow,
}

/// Removes old versions from the store of an intake.
#[derive(Debug)]
pub struct Collector {
    intake: Intake,
    clock: Clock,
    /// This process among those that share the catalogue.
    holder: Uuid,
}

impl Collector {
    /// A collector that tells the age of versions by `clock`.
    #[must_use]
    pub fn new(intake: Intake, clock: Clock) -> Self {
        Self { intake, clock, holder: Uuid::now_v7() }
    }

    /// Removes what is over until the shutdown begins.
    pub async fn run(self, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                ended = self.collect_all() => if let Err(error) = ended {
                    tracing::warn!(error = %chain(&error), "old versions stay in the store");
                }
            }
            tokio::select! {
                () = shutdown.begun() => return,
                () = sleep(EVERY) => {}
            }
        }
    }

    /// Removes what nobody can ask for any more, unless that is somebody else's duty at the moment. Answers how many
    /// versions that were.
    ///
    /// # Errors
    /// The first version that could not be removed: what is left of it is no version any more.
    pub async fn collect_all(&self) -> Result<u64, CollectionError> {
        let catalogue = &self.intake.catalogue;
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let until = now.saturating_sub(longest_life(Duration::ZERO)).saturating_sub(GRACE);
        let retired = catalogue.versions().retired(millis(until), AT_ONCE).await?;
        let mut count = 0;
        for version in retired.iter().filter(|version| is_over(version, now)) {
            if !catalogue.duties().hold("collection", self.holder, HELD).await? {
                break;
            }
            count += u64::from(self.collect(version).await?);
        }
        Ok(count)
    }

    async fn collect(&self, version: &Retired) -> Result<bool, CollectionError> {
        let versions = self.intake.catalogue.versions();
        if !versions.begin_removal(version).await? {
            return Ok(false);
        }
        let removed = timeout(REMOVES, self.remove(version)).await;
        removed.map_err(|_| CollectionError::Slow)??;
        versions.end_removal(version).await?;
        tracing::info!(song = %version.song, version = %version.version, "an old version was removed");
        Ok(true)
    }

    /// Removes whatever lies in the version's folder: what names others first.
    async fn remove(&self, version: &Retired) -> Result<(), StoreError> {
        let store = self.intake.shelf.store();
        let found: Vec<Key> =
            store.list(Some(&folder(version))).map_ok(|meta| meta.location).try_collect().await?;
        let (leading, others): (Vec<_>, Vec<_>) = found.into_iter().partition(leads);
        for keys in [leading, others] {
            futures::stream::iter(keys)
                .map(|key| async move {
                    match store.delete(&key).await {
                        Err(StoreError::NotFound { .. }) => Ok(()),
                        deleted => deleted,
                    }
                })
                .buffer_unordered(DELETES_AT_ONCE)
                .try_collect::<Vec<()>>()
                .await?;
        }
        Ok(())
    }
}

/// Whether no token opens it any more.
fn is_over(version: &Retired, now: Duration) -> bool {
    let life = longest_life(Duration::from_millis(version.duration_ms));
    let since = Duration::from_millis(version.retired_ms);
    since.saturating_add(life).saturating_add(GRACE) <= now
}

/// Where the version's objects lie.
fn folder(version: &Retired) -> Key {
    let Retired { song, version, artist, album, .. } = *version;
    let asset = key(&Object::Song(SongFolder { artist, album, song, version }, SongFile::Asset));
    let parts: Vec<_> = asset.parts().collect();
    Key::from_iter(parts[..parts.len() - 1].iter().cloned())
}

fn leads(key: &Key) -> bool {
    matches!(key.extension(), Some("m3u8" | "mpd" | "json"))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
