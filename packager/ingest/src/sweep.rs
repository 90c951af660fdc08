//! What nobody needs any more in the store: objects that no row names, and that nobody is about to name.
//!
//! An upload puts its master, and a packaging its version and pictures, before their rows are written. So nothing is swept
//! that is younger than a grace, nothing of a song that is being packaged, and masters only while nobody can name them
//! ([`catalogue::stored::Unnamed`]); whoever has named one looks whether it is still there.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use catalogue::{Catalogue, CatalogueError};
use futures::{StreamExt, TryStreamExt, stream};
use media::MasterHash;
use media::ids::ArtworkHash;
use object_store::path::Path as Key;
use object_store::{Error as StoreError, ObjectMeta, ObjectStore, ObjectStoreExt};
use origin::{Object, SongFolder};

/// Objects that are removed at a time.
const AT_ONCE: usize = 16;

/// The folders of the store that objects lie in.
const FOLDERS: [&str; 3] = ["masters", "artwork", "artist"];

/// Why a sweep ended early. What was swept until then is gone.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The store.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The catalogue.
    #[error("the catalogue failed")]
    Catalogue(#[from] CatalogueError),
}

/// Something that no row names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Orphan {
    /// A master.
    Master(MasterHash),
    /// One size of a picture.
    Picture(ArtworkHash),
    /// A version of a song, or what there is of it.
    Version(SongFolder),
}

/// What was swept, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// What it was.
    pub orphan: Orphan,
    /// How many objects.
    pub objects: u64,
    /// Their sizes together.
    pub bytes: u64,
}

/// How a sweep goes about it.
#[derive(Debug, Clone, Copy)]
pub struct Sweep<'a> {
    /// The rows.
    pub catalogue: &'a Catalogue,
    /// The objects.
    pub store: &'a dyn ObjectStore,
    /// The latest time of an object that is old enough.
    pub before: SystemTime,
    /// Whether they stay.
    pub dry_run: bool,
}

impl Sweep<'_> {
    /// Removes what no row names, and tells `heard` of each.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn run(&self, mut heard: impl FnMut(Swept)) -> Result<(), SweepError> {
        let found = self.find().await?;
        // After all was found: whatever was named meanwhile is known.
        let pictures = self.catalogue.stored().pictures().await?;
        for (orphan, objects) in found {
            if matches!(orphan, Orphan::Picture(hash) if pictures.contains(&hash)) {
                continue;
            }
            let old_enough =
                |object: &ObjectMeta| SystemTime::from(object.last_modified) < self.before;
            if objects.iter().all(old_enough) && self.remove(orphan, &objects).await? {
                let bytes = objects.iter().map(|object| object.size).sum();
                heard(Swept { orphan, objects: objects.len() as u64, bytes });
            }
        }
        Ok(())
    }

    /// All that there is, whether it is named or not.
    async fn find(&self) -> Result<BTreeMap<Orphan, Vec<ObjectMeta>>, SweepError> {
        let mut found: BTreeMap<Orphan, Vec<ObjectMeta>> = BTreeMap::new();
        for folder in FOLDERS {
            let mut objects = self.store.list(Some(&Key::from(folder)));
            while let Some(object) = objects.try_next().await? {
                // What is none of ours is somebody else's to remove.
                if let Ok(known) = object.location.as_ref().parse::<Object>() {
                    found.entry(orphan(known)).or_default().push(object);
                }
            }
        }
        Ok(found)
    }

    /// Answers whether it went, or would.
    async fn remove(&self, orphan: Orphan, objects: &[ObjectMeta]) -> Result<bool, SweepError> {
        let stored = self.catalogue.stored();
        let unnamed = match orphan {
            Orphan::Master(master) => Some(stored.unnamed_master(&master).await?),
            Orphan::Version(folder) => Some(stored.unnamed_version(&folder).await?),
            // Whose rows were looked at.
            Orphan::Picture(_) => None,
        };
        let unnamed = match unnamed {
            Some(None) => return Ok(false),
            Some(unnamed) => unnamed,
            None => None,
        };
        if self.dry_run {
            return Ok(true);
        }
        let removed = self.remove_all(objects).await?;
        if let Some(unnamed) = unnamed {
            unnamed.removed().await?;
        }
        Ok(removed)
    }

    /// Removes those that are still as they were found. Answers whether those were all.
    async fn remove_all(&self, objects: &[ObjectMeta]) -> Result<bool, SweepError> {
        stream::iter(objects)
            .map(|object| async move {
                match self.store.head(&object.location).await {
                    Ok(now) if now.last_modified == object.last_modified => {}
                    Ok(_) => return Ok(false),
                    Err(StoreError::NotFound { .. }) => return Ok(true),
                    Err(error) => return Err(error.into()),
                }
                match self.store.delete(&object.location).await {
                    Ok(()) | Err(StoreError::NotFound { .. }) => Ok(true),
                    Err(error) => Err(error.into()),
                }
            })
            .buffer_unordered(AT_ONCE)
            .try_fold(true, |all, gone| async move { Ok(all && gone) })
            .await
    }
}

/// When something was last put in before it counts as left: `grace` before `now`.
#[must_use]
pub fn before(now: SystemTime, grace: Duration) -> SystemTime {
    now.checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn orphan(object: Object) -> Orphan {
    match object {
        Object::Master(hash) => Orphan::Master(hash),
        Object::Artwork(hash) => Orphan::Picture(hash),
        Object::Song(folder, _) => Orphan::Version(folder),
    }
}
