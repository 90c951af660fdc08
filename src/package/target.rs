//! Where packages arrive: a folder, by one rename each, or a store, object by object in publish order.

mod folder;
mod store;

use std::path::Path;
use std::time::Duration;

use media::{ArtworkHash, Asset};
use origin::{Object, SongFile, SongFolder};
use tokio::runtime::Handle;

use self::folder::FolderTarget;
use self::store::StoreTarget;
use super::failure::Failure;
use super::staging::{StagedFolder, Staging};
use super::work::WorkFolder;
use crate::stop::Stop;
use crate::store::{CannotOpen, Place};

/// An opened target.
#[derive(Debug)]
pub(crate) enum Target {
    /// A folder that receives whole versions.
    Folder(FolderTarget),
    /// A store.
    Store(Box<StoreTarget>),
}

/// What is there of a version.
#[derive(Debug)]
pub(crate) enum Standing {
    /// All of it: what its `asset.json` says.
    Whole(Box<Asset>),
    /// Not all of it, or nothing.
    Lacking,
}

impl Target {
    /// Opens the target; nothing is written and nothing is sent yet.
    pub(crate) fn open(
        place: &Place,
        work: WorkFolder,
        patience: Duration,
        runtime: &Handle,
        stop: &Stop,
    ) -> Result<Self, CannotOpen> {
        Ok(match place {
            Place::Folder(path) => Self::Folder(FolderTarget::new(path, runtime, stop)),
            Place::Store(url) => {
                let store = StoreTarget::open(url, work, patience, runtime, stop)?;
                Self::Store(Box::new(store))
            }
        })
    }

    /// Finds out whether there is anything to publish to, before a song is made for it. A dry run
    /// writes nothing for that.
    pub(crate) fn check(&self, dry_run: bool) -> Result<(), Failure> {
        match self {
            Self::Folder(folder) => folder.check()?,
            Self::Store(store) => store.check()?,
        }
        if dry_run { Ok(()) } else { self.staging().map(drop) }
    }

    /// What is there of a version.
    pub(crate) fn standing(&self, folder: SongFolder) -> Result<Standing, Failure> {
        let whole = match self {
            Self::Folder(target) => target.whole(folder),
            Self::Store(store) => store.whole(folder)?,
        };
        Ok(whole.map_or(Standing::Lacking, |asset| Standing::Whole(Box::new(asset))))
    }

    /// A place to make one version in.
    pub(crate) fn staging(&self) -> Result<StagedFolder, Failure> {
        let base = match self {
            Self::Folder(target) => target.path(),
            Self::Store(store) => store.work()?,
        };
        let staged = Staging::open(base).and_then(Staging::folder);
        staged.map_err(|error| Failure::folder(base, error))
    }

    /// Publishes what was made. Where an earlier publisher left a part of it, that is completed; a
    /// version that is whole is never touched. `stored` hears of bytes as they arrive.
    pub(crate) fn publish(
        &self,
        staged: &StagedFolder,
        folder: SongFolder,
        asset: &Asset,
        stored: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Failure> {
        match self {
            Self::Folder(target) => target.publish(staged, folder, asset, stored),
            Self::Store(store) => store.publish(staged, folder, asset, stored),
        }
    }

    /// Moves a cover to its place, and tells where that is. The same picture is the same object.
    pub(crate) fn put_cover(&self, file: &Path, hash: ArtworkHash) -> Result<String, Failure> {
        let object = Object::Artwork(hash);
        match self {
            Self::Folder(target) => target.put(file, &object)?,
            Self::Store(store) => store.put(file, &object)?,
        }
        Ok(self.named(&object.to_string()))
    }

    /// Where a version or one of its files is, as a person or a player names it.
    pub(crate) fn address(&self, folder: SongFolder, file: Option<SongFile>) -> String {
        self.named(&match file {
            Some(file) => Object::Song(folder, file).to_string(),
            None => folder.to_string(),
        })
    }

    fn named(&self, key: &str) -> String {
        match self {
            Self::Folder(target) => target.path().join(key).display().to_string(),
            Self::Store(store) => format!("{}/{key}", store.url()),
        }
    }
}
