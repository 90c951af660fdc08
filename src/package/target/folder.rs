//! A folder that receives whole versions.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ingest::{Shelf, publish};
use media::Asset;
use object_store::local::LocalFileSystem;
use origin::{Object, SongFile, SongFolder};
use service::problem::chain;
use tokio::runtime::Handle;
use transcode::publish_order;
use transcode::work_folder::sync_folder;

use crate::leftovers::sweep;
use crate::package::failure::Failure;
use crate::package::staging::StagedFolder;
use crate::stop::Stop;

/// How often it is looked whether another process is still at work.
const LOOK: Duration = Duration::from_millis(100);

/// A folder, and what completes a version in it.
#[derive(Debug)]
pub(crate) struct FolderTarget {
    path: PathBuf,
    runtime: Handle,
    stop: Stop,
}

impl FolderTarget {
    pub(super) fn new(path: &Path, runtime: &Handle, stop: &Stop) -> Self {
        Self { path: path.to_path_buf(), runtime: runtime.clone(), stop: stop.clone() }
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Nothing else than a folder may be there.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match fs::metadata(&self.path) {
            Ok(found) if !found.is_dir() => {
                Err(Failure::folder(&self.path, io::ErrorKind::NotADirectory.into()))
            }
            _ => Ok(()),
        }
    }

    /// What `asset.json` says, where every file that it lists is there in its size.
    pub(super) fn whole(&self, folder: SongFolder) -> Option<Asset> {
        let path = self.path.join(folder.to_string());
        let text = fs::read(path.join(SongFile::Asset.to_string())).ok()?;
        let asset: Asset = serde_json::from_slice(&text).ok()?;
        let is_there = |listed: &str, size| {
            fs::metadata(path.join(listed)).is_ok_and(|it| it.is_file() && it.len() == size)
        };
        let ours = asset.version == folder.version && publish_order::of(&asset).is_ok();
        let whole = ours && asset.objects.iter().all(|it| is_there(&it.path, it.size));
        whole.then_some(asset)
    }

    pub(super) fn publish(
        &self,
        staged: &StagedFolder,
        folder: SongFolder,
        asset: &Asset,
        stored: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Failure> {
        let target = self.path.join(folder.to_string());
        let moved = staged.publish(&target).map_err(|error| self.failure(error))?;
        if moved { Ok(()) } else { self.complete(staged, folder, asset, stored) }
    }

    /// Waits until no other process completes a version.
    fn alone(&self, staged: &StagedFolder) -> Result<File, Failure> {
        loop {
            if let Some(alone) = staged.alone().map_err(|error| self.failure(error))? {
                return Ok(alone);
            }
            let rest = async { tokio::time::sleep(LOOK).await };
            self.stop.wait(&self.runtime, rest).ok_or(Failure::Stopped)?;
        }
    }

    /// What is in the way is whole, since somebody else was faster, or has lost files: those are put
    /// as into any store. One process at a time does that, so that a version which another one just
    /// completed is seen to be whole.
    fn complete(
        &self,
        staged: &StagedFolder,
        folder: SongFolder,
        asset: &Asset,
        stored: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Failure> {
        let _alone = self.alone(staged)?;
        if self.whole(folder).is_some() {
            return Ok(());
        }
        sweep(&self.path.join(folder.to_string())).map_err(|error| self.failure(error))?;
        let store = LocalFileSystem::new_with_prefix(&self.path);
        let store = store.map_err(|error| self.failure(error.into()))?.with_fsync(true);
        let shelf = Shelf::new(Arc::new(store));
        let put = publish::publish_version(&shelf, staged.path(), folder, asset, stored);
        let put = self.stop.wait(&self.runtime, put).ok_or(Failure::Stopped)?;
        put.map_err(|error| self.failure(io::Error::other(chain(&error))))
    }

    pub(super) fn put(&self, file: &Path, object: &Object) -> Result<(), Failure> {
        let place = self.path.join(object.to_string());
        let folder = place.parent().unwrap_or(&self.path);
        let moved = fs::create_dir_all(folder)
            .and_then(|()| File::open(file)?.sync_all())
            .and_then(|()| fs::rename(file, &place))
            .and_then(|()| sync_folder(folder));
        moved.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: io::Error) -> Failure {
        Failure::folder(&self.path, error)
    }
}
