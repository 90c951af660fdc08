//! `asset.json` of each version, read through the cache itself: what its objects must be.

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt;
use futures::future::BoxFuture;
use media::asset::ObjectAsset;
use origin::{Object, Purge, PurgeTarget, SongFile, SongFolder};
use serde::Deserialize;

use crate::block::BlockKey;
use crate::budget::Asker;
use crate::cache::Cache;
use crate::digest::{Digest, Promise};
use crate::epochs::{Epoch, Epochs, Stamp, Standing};
use crate::fill_error::FillError;
use crate::opened::Opened;

/// What all versions' manifests may cost, in bytes.
const CAPACITY: u64 = 64 << 20;

/// The longest `asset.json` that is read: a day of music has a tenth of it.
const MAX_SIZE: u64 = 32 << 20;

/// What the objects of a version must be.
#[derive(Debug)]
struct Manifest {
    objects: HashMap<SongFile, Arc<Digest>>,
    /// When its read began.
    read: Epoch,
    stamp: Stamp,
}

/// The part of `asset.json` that the cache goes by.
#[derive(Deserialize)]
struct Listing {
    objects: Vec<ObjectAsset>,
}

/// The manifests that were read, by version.
#[derive(Debug)]
pub(crate) struct Manifests(moka::sync::Cache<SongFolder, Arc<Manifest>>);

impl Manifest {
    fn read(json: &[u8], epoch: Epoch) -> Option<Arc<Self>> {
        let listing: Listing = serde_json::from_slice(json).ok()?;
        let objects = listing.objects.iter().map(|object| {
            let digest = Arc::new(Digest::read(object)?);
            Some((object.path.parse().ok()?, digest))
        });
        let objects = objects.collect::<Option<_>>()?;
        Some(Arc::new(Self { objects, read: epoch, stamp: Stamp::new(epoch) }))
    }

    fn weight(&self) -> u32 {
        self.objects.values().fold(512, |sum, digest| digest.weight().saturating_add(sum))
    }

    /// What was softly purged may be answered for a while, but nothing is judged by it.
    fn is_fresh(&self, folder: &SongFolder, epochs: &Epochs) -> bool {
        epochs.check(&asset_of(folder), &self.stamp) == Standing::Fresh
    }
}

impl Manifests {
    pub(crate) fn new() -> Self {
        let weigh = |_: &SongFolder, manifest: &Arc<Manifest>| manifest.weight();
        Self(moka::sync::Cache::builder().max_capacity(CAPACITY).weigher(weigh).build())
    }

    /// Frees what was purged, and notes of the rest that it was not.
    pub(crate) fn sweep(&self, epochs: &Epochs) {
        for (folder, manifest) in &self.0 {
            if !manifest.is_fresh(&folder, epochs) {
                self.0.invalidate(&*folder);
            }
        }
    }
}

impl Cache {
    /// What the object must be. An object that its version does not list is none of it.
    ///
    /// # Errors
    /// [`FillError::NotFound`] where the version does not list it, [`FillError::Corrupt`] where the list
    /// can't be read, and what the list's own fill failed with.
    pub(crate) async fn promise(&self, object: &Object) -> Result<Promise, FillError> {
        let Object::Song(folder, file) = *object else { return Ok(None) };
        if file == SongFile::Asset {
            return Ok(None);
        }
        match self.manifest(folder).await {
            Ok(manifest) => {
                manifest.objects.get(&file).cloned().map(Some).ok_or(FillError::NotFound)
            }
            Err(FillError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the object may be there, as far as that is known already.
    ///
    /// # Errors
    /// [`FillError::NotFound`] where its version is known not to list it.
    pub(crate) fn check_listed(&self, object: &Object) -> Result<(), FillError> {
        match *object {
            Object::Song(folder, file) if file != SongFile::Asset => {
                let manifest = self.known_manifest(&folder);
                let lacks = manifest.is_some_and(|manifest| !manifest.objects.contains_key(&file));
                if lacks { Err(FillError::NotFound) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn known_manifest(&self, folder: &SongFolder) -> Option<Arc<Manifest>> {
        let known = self.0.manifests.0.get(folder);
        known.filter(|manifest| manifest.is_fresh(folder, &self.0.epochs))
    }

    /// What the object must be by a list that was read after all that was purged of it, softly or not.
    ///
    /// # Errors
    /// As [`Cache::promise`].
    pub(crate) async fn promise_anew(&self, object: &Object) -> Result<Promise, FillError> {
        let promise = self.promise(object).await;
        let is_older = |manifest: Arc<Manifest>| {
            self.0.epochs.standing(object, manifest.read) != Standing::Fresh
        };
        match object {
            Object::Song(folder, _) if self.known_manifest(folder).is_some_and(is_older) => {
                self.doubt_promise(object);
                self.promise(object).await
            }
            _ => promise,
        }
    }

    /// Has the next promise made from an `asset.json` read anew.
    pub(crate) fn doubt_promise(&self, object: &Object) {
        if let Object::Song(folder, _) = object {
            self.purge(&Purge::of(PurgeTarget::Object(asset_of(folder))));
        }
    }

    async fn manifest(&self, folder: SongFolder) -> Result<Arc<Manifest>, FillError> {
        let (known, epochs) = (&self.0.manifests.0, &self.0.epochs);
        if let Some(manifest) = self.known_manifest(&folder) {
            return Ok(manifest);
        }
        let (json, epoch) = self.whole(asset_of(&folder)).await?;
        // Many may have waited for the bytes: one of them reads them.
        let entry = known.entry(folder).or_optionally_insert_with(|| Manifest::read(&json, epoch));
        match entry.map(moka::Entry::into_value) {
            Some(manifest) if !manifest.is_fresh(&folder, epochs) => {
                let manifest = Manifest::read(&json, epoch).ok_or(FillError::Corrupt)?;
                known.insert(folder, Arc::clone(&manifest));
                Ok(manifest)
            }
            manifest => manifest.ok_or(FillError::Corrupt),
        }
    }

    /// All of an object, and when its read began: perhaps long ago. Boxed, since a fill asks for it that may be asked
    /// for by a fill.
    fn whole(&self, object: Object) -> BoxFuture<'static, Result<(Vec<u8>, Epoch), FillError>> {
        let cache = self.clone();
        Box::pin(async move {
            let (key, now) = (BlockKey { object, index: 0 }, cache.0.epochs.now());
            let (lookup, source) = cache.lookup(key, Asker::Judge);
            let opened = Opened::wait(&cache, object, lookup, source).await?;
            let (size, read) = (opened.size(), opened.first_read().unwrap_or(now));
            if size > MAX_SIZE {
                return Err(FillError::Corrupt);
            }
            let mut whole = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
            let mut parts = opened.read(0..size);
            while let Some(part) = parts.try_next().await? {
                whole.extend_from_slice(&part);
            }
            Ok((whole, read))
        })
    }
}

fn asset_of(folder: &SongFolder) -> Object {
    Object::Song(*folder, SongFile::Asset)
}
