//! Where packages arrive: a folder, by one rename each, or a store, object by object in publish order.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ingest::shelf::may_pass;
use ingest::{PublishError, PutError, Shelf, publish};
use media::{ArtworkHash, Asset};
use origin::{Object, SongFile, SongFolder};
use tokio::runtime::Handle;
use transcode::work_folder::sync_folder;

use super::failure::Failure;
use super::staging::{StagedFolder, Staging};
use super::work::WorkFolder;
use crate::stop::Stop;
use crate::store::{CannotOpen, Place, StoreUrl, refusal};

/// An opened target.
#[derive(Debug)]
pub(crate) enum Target {
    /// A folder that receives whole versions.
    Folder(PathBuf),
    /// A store.
    Store(Box<StoreTarget>),
}

/// A store, the folder in which its packages are made, and what moves bytes.
#[derive(Debug)]
pub(crate) struct StoreTarget {
    shelf: Shelf,
    url: StoreUrl,
    work: WorkFolder,
    patience: Duration,
    runtime: Handle,
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
    ) -> Result<Self, CannotOpen> {
        let url = match place {
            Place::Folder(path) => return Ok(Self::Folder(path.clone())),
            Place::Store(url) => url.clone(),
        };
        let runtime = runtime.clone();
        // The clients of stores look for the runtime that they belong to.
        let _inside = runtime.enter();
        let shelf = url.open(patience)?;
        Ok(Self::Store(Box::new(StoreTarget { shelf, url, work, patience, runtime })))
    }

    /// What is there of a version.
    pub(crate) fn standing(&self, folder: SongFolder) -> Result<Standing, Failure> {
        let whole = match self {
            Self::Folder(out) => whole_folder(&out.join(folder.to_string())),
            Self::Store(store) => {
                let found = store.runtime.block_on(publish::published(&store.shelf, folder));
                found.map_err(|error| store.failure(&error))?
            }
        };
        Ok(whole.map_or(Standing::Lacking, |asset| Standing::Whole(Box::new(asset))))
    }

    /// A place to make one version in.
    pub(crate) fn staging(&self) -> Result<StagedFolder, Failure> {
        let base = match self {
            Self::Folder(out) => out,
            Self::Store(store) => store.work.ready()?,
        };
        let staged = Staging::open(base).and_then(Staging::folder);
        staged.map_err(|error| Failure::folder(base, error))
    }

    /// Publishes what was made. `stored` hears of bytes as they arrive.
    pub(crate) fn publish(
        &self,
        staged: StagedFolder,
        folder: SongFolder,
        asset: &Asset,
        stop: &Stop,
        stored: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Failure> {
        match self {
            Self::Folder(out) => {
                let target = out.join(folder.to_string());
                let moved = staged.publish(&target).map_err(|e| Failure::folder(out, e))?;
                // Somebody else may have been faster; their version is as good.
                let good = moved || whole_folder(&target).is_some();
                if good { Ok(()) } else { Err(Failure::Incomplete { folder: target }) }
            }
            Self::Store(store) => {
                let path = staged.path();
                let put = publish::publish_version(&store.shelf, path, folder, asset, stored);
                store.runtime.block_on(async {
                    tokio::select! {
                        done = put => done.map_err(|error| store.failure(&error)),
                        () = stop.told() => Err(Failure::Stopped),
                    }
                })
            }
        }
    }

    /// Moves a cover to its place, and tells where that is. The same picture is the same object.
    pub(crate) fn put_cover(&self, file: &Path, hash: ArtworkHash) -> Result<String, Failure> {
        let object = Object::Artwork(hash);
        match self {
            Self::Folder(out) => {
                let place = out.join(object.to_string());
                let folder = place.parent().unwrap_or(out);
                let moved = fs::create_dir_all(folder)
                    .and_then(|()| fs::File::open(file)?.sync_all())
                    .and_then(|()| fs::rename(file, &place))
                    .and_then(|()| sync_folder(folder));
                moved.map_err(|error| Failure::folder(out, error))?;
                Ok(place.display().to_string())
            }
            Self::Store(store) => {
                let put = store.runtime.block_on(store.shelf.put(file, &object));
                put.map_err(|source| {
                    store.failure(&PublishError::Put { key: object.to_string(), source })
                })?;
                Ok(format!("{}/{object}", store.url))
            }
        }
    }

    /// Where a version or one of its files is, as a person or a player names it.
    pub(crate) fn address(&self, folder: SongFolder, file: Option<SongFile>) -> String {
        let key = match file {
            Some(file) => Object::Song(folder, file).to_string(),
            None => folder.to_string(),
        };
        match self {
            Self::Folder(out) => out.join(key).display().to_string(),
            Self::Store(store) => format!("{}/{key}", store.url),
        }
    }
}

impl StoreTarget {
    fn failure(&self, error: &PublishError) -> Failure {
        let reason = match error {
            PublishError::Put { source: PutError::Store(error), .. }
            | PublishError::LookUp { source: error, .. }
            | PublishError::Withdraw { source: error, .. } => self.told(error),
            PublishError::Put { source: PutError::Read(error), .. }
            | PublishError::Package(error) => format!("the package cannot be read: {error}"),
        };
        Failure::Store { url: self.url.to_string(), reason }
    }

    fn told(&self, error: &object_store::Error) -> String {
        let mut reason = refusal(error);
        if may_pass(error) {
            let patience = self.patience.as_secs();
            reason
                .push_str(&format!(", and did so for {patience} s; package again to complete it"));
        }
        reason
    }
}

/// What `asset.json` says, where every file that it lists is there in its size.
fn whole_folder(folder: &Path) -> Option<Asset> {
    let text = fs::read(folder.join(SongFile::Asset.to_string())).ok()?;
    let asset: Asset = serde_json::from_slice(&text).ok()?;
    let is_there = |path: &str, size| {
        fs::metadata(folder.join(path)).is_ok_and(|it| it.is_file() && it.len() == size)
    };
    asset.objects.iter().all(|it| is_there(&it.path, it.size)).then_some(asset)
}
