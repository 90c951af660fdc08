//! Where objects are put. A put is whole or not there at all, and durable when it returns, as far as
//! the store can promise that. No put is conditional: several S3-compatible servers ignore the
//! condition, so that nothing may depend on one.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, Error as StoreError, ObjectStore, ObjectStoreExt, PutMultipartOptions,
    PutOptions, WriteMultipart,
};
use origin::Object;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

/// A file up to this size is put at once, a larger one in parts of it. 10,000 parts, as many as S3
/// takes, make 80 GB.
const PART: usize = 8 << 20;

/// Parts of one file on their way at a time.
const PARTS_AT_ONCE: usize = 2;

/// What all puts together may hold in memory, in KiB.
const MEMORY_KIB: u32 = 32 << 10;

/// The pause after a first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Why a file did not become an object.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The file, not the store.
    #[error("the file could not be read")]
    Read(#[from] io::Error),
    /// The store.
    #[error("the store refused")]
    Store(#[from] StoreError),
}

/// A store that is written to. Cloning shares it.
#[derive(Clone)]
pub struct Shelf(Arc<Parts>);

struct Parts {
    store: Arc<dyn ObjectStore>,
    patience: Duration,
    memory: Semaphore,
    /// Learnt from the first refusal: local folders keep no attributes.
    takes_attributes: AtomicBool,
}

/// By the store's name: what a client holds of credentials is not told.
impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shelf({})", self.0.store)
    }
}

impl Shelf {
    /// A shelf in a store whose failures are final: a local folder, memory.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self::patient(store, Duration::ZERO)
    }

    /// A shelf in a store across a network: a put that fails for a reason that may pass is tried
    /// again for as long as `patience`. What the store's own client tries again counts in.
    #[must_use]
    pub fn patient(store: Arc<dyn ObjectStore>, patience: Duration) -> Self {
        let (memory, takes_attributes) =
            (Semaphore::new(MEMORY_KIB as usize), AtomicBool::new(true));
        Self(Arc::new(Parts { store, patience, memory, takes_attributes }))
    }

    /// The store, for reading.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.0.store
    }

    /// Finds out whether the store answers, knows us and has the bucket: by asking for an object that
    /// nobody stores, which needs no right that publishing does not need.
    ///
    /// # Errors
    /// What the store refused with; [`StoreError::NotFound`] where the bucket or container is missing.
    pub async fn check(&self) -> Result<(), StoreError> {
        match self.0.store.get(&Key::from("artist/nobody")).await {
            Err(error @ StoreError::NotFound { .. }) if misses_bucket(&error) => Err(error),
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Puts the file at `path` under the key of `object`, with its content type and cache policy
    /// where the store keeps such. What is there already is replaced.
    ///
    /// # Errors
    /// The file could not be read, or the store refused for good or for longer than the patience.
    pub async fn put(&self, path: &Path, object: &Object) -> Result<(), PutError> {
        let (mut end, mut pause) = (None, FIRST_PAUSE);
        loop {
            let error = match self.attempt(path, object).await {
                Err(PutError::Store(error)) => error,
                done => return done,
            };
            // A put may take longer than the patience: that counts from the first failure.
            let end = *end.get_or_insert_with(|| Instant::now() + self.0.patience);
            if !may_pass(&error) || Instant::now() + pause >= end {
                return Err(error.into());
            }
            tracing::warn!(%object, %error, "a put failed; trying again");
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(&self, path: &Path, object: &Object) -> Result<(), PutError> {
        if self.0.takes_attributes.load(Ordering::Relaxed) {
            match self.put_once(path, &key(object), attributes(object)).await {
                Err(PutError::Store(StoreError::NotImplemented { .. })) => {
                    self.0.takes_attributes.store(false, Ordering::Relaxed);
                }
                done => return done,
            }
        }
        self.put_once(path, &key(object), Attributes::default()).await
    }

    async fn put_once(
        &self,
        path: &Path,
        key: &Key,
        attributes: Attributes,
    ) -> Result<(), PutError> {
        let mut file = File::open(path).await?;
        let size = file.metadata().await?.len();
        let held = size.min((PART * (PARTS_AT_ONCE + 1)) as u64).div_ceil(1 << 10) as u32;
        let _memory = self.0.memory.acquire_many(held).await.expect("it is never closed");
        if size <= PART as u64 {
            let mut bytes = Vec::with_capacity(size as usize);
            file.read_to_end(&mut bytes).await?;
            let options = PutOptions { attributes, ..Default::default() };
            self.0.store.put_opts(key, bytes.into(), options).await?;
            return Ok(());
        }
        let options = PutMultipartOptions { attributes, ..Default::default() };
        let upload = self.0.store.put_multipart_opts(key, options).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
        if let Err(error) = put_parts(&mut file, &mut parts).await {
            if let Err(abort) = parts.abort().await {
                tracing::warn!(%key, %abort, "an unfinished object may stay behind");
            }
            return Err(error);
        }
        // This aborts by itself where it fails.
        parts.finish().await.map_err(ended)?;
        Ok(())
    }
}

async fn put_parts(file: &mut File, parts: &mut WriteMultipart) -> Result<(), PutError> {
    loop {
        let mut bytes = BytesMut::with_capacity(1 << 20);
        if file.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        parts.wait_for_capacity(PARTS_AT_ONCE).await?;
        parts.put(bytes.freeze());
    }
}

/// What a store that is asked directly, without an edge before it, is to say of the object.
fn attributes(object: &Object) -> Attributes {
    Attributes::from_iter([
        (Attribute::ContentType, object.content_type()),
        (Attribute::CacheControl, object.cache_policy().stored()),
    ])
}

/// Whether another attempt may go better. A missing bucket and refused credentials stay.
pub fn may_pass(error: &StoreError) -> bool {
    matches!(error, StoreError::Generic { .. } | StoreError::JoinError { .. })
}

/// Whether not only the object is missing. The client has the stores' codes as text alone: those of S3
/// and Google Cloud Storage, and of Azure.
fn misses_bucket(error: &StoreError) -> bool {
    let said = error.to_string();
    ["NoSuchBucket", "ContainerNotFound"].iter().any(|code| said.contains(code))
}

/// A store that took all parts and then does not know the upload, or denies access to it, has ended
/// it before, and the answer was lost: that is nothing that stays.
fn ended(error: StoreError) -> StoreError {
    match error {
        StoreError::NotFound { .. } | StoreError::PermissionDenied { .. } => {
            StoreError::Generic { store: "upload in parts", source: Box::new(error) }
        }
        other => other,
    }
}

/// The store's name for an object. Our keys hold only characters that need no escape.
pub(crate) fn key(object: &Object) -> Key {
    Key::from(object.to_string())
}

#[cfg(test)]
mod tests {
    use media::MasterHash;
    use object_store::local::LocalFileSystem;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_store_that_refuses_is_an_error_for_small_files_and_large() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        let shelf = Shelf::new(Arc::new(store));
        let (file, object) = (folder.path().join("file"), Object::Master(MasterHash::new([7; 32])));
        for size in [10, PART + 1] {
            std::fs::write(&file, vec![1; size]).unwrap();
            let in_the_way = folder.path().join("masters");
            std::fs::write(&in_the_way, "no folder").unwrap();
            let refused = shelf.put(&file, &object).await.unwrap_err();
            assert!(matches!(refused, PutError::Store(_)), "{refused:?}");
            std::fs::remove_file(&in_the_way).unwrap();
            shelf.put(&file, &object).await.unwrap();
            let stored = shelf.store().get(&key(&object)).await.unwrap().bytes().await.unwrap();
            assert_eq!(stored.len(), size);
            std::fs::remove_dir_all(&in_the_way).unwrap();
        }
    }

    /// Several learn at the same time that the store keeps no attributes.
    #[tokio::test]
    async fn a_folder_takes_many_at_a_time_from_the_first_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        let (shelf, file) = (Shelf::new(Arc::new(store)), folder.path().join("file"));
        std::fs::write(&file, "bytes").unwrap();
        let objects: Vec<_> = (0..16).map(|n| Object::Master(MasterHash::new([n; 32]))).collect();
        let puts = objects.iter().map(|object| shelf.put(&file, object));
        for put in futures::future::join_all(puts).await {
            put.unwrap();
        }
    }

    #[tokio::test]
    async fn content_type_and_cache_policy_are_stored_where_they_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let (file, object) = (folder.path().join("file"), Object::Master(MasterHash::new([7; 32])));
        let shelf = Shelf::new(Arc::new(InMemory::new()));
        for size in [10, PART + 1] {
            std::fs::write(&file, vec![1; size]).unwrap();
            shelf.put(&file, &object).await.unwrap();
            let stored = shelf.store().get(&key(&object)).await.unwrap().attributes;
            assert_eq!(stored, attributes(&object), "{size}");
        }
    }
}
