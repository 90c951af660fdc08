//! Files to objects. A put is whole or not there at all, and durable when it returns, as far as the
//! store can promise that.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::BytesMut;
use media::Asset;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use origin::{Object, SongFolder};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use transcode::publish_order;

/// Why a file did not become an object.
#[derive(Debug, thiserror::Error)]
#[error("'{key}' could not be stored")]
pub struct PublishError {
    key: String,
    source: io::Error,
}

/// A file up to this size is put at once, a larger one in parts of it.
const PART: usize = 8 << 20;

/// Parts on their way at a time: what bounds the memory that a put takes.
const PARTS_AT_ONCE: usize = 2;

/// Puts the file at `path` under the key of `object`, in bounded memory.
///
/// # Errors
/// The file could not be read or the store refused.
pub async fn put_file(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    object: &Object,
) -> Result<(), PublishError> {
    let put = put(store, path, &key(object)).await;
    put.map_err(|source| PublishError { key: object.to_string(), source })
}

async fn put(store: &Arc<dyn ObjectStore>, path: &Path, key: &Key) -> io::Result<()> {
    let mut file = File::open(path).await?;
    if file.metadata().await?.len() <= PART as u64 {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).await?;
        store.put(key, bytes.into()).await?;
        return Ok(());
    }
    let mut parts = WriteMultipart::new_with_chunk_size(store.put_multipart(key).await?, PART);
    if let Err(error) = put_parts(&mut file, &mut parts).await {
        if let Err(abort) = parts.abort().await {
            tracing::warn!(%key, %abort, "an unfinished object may stay behind");
        }
        return Err(error);
    }
    // This aborts by itself where it fails.
    parts.finish().await?;
    Ok(())
}

async fn put_parts(file: &mut File, parts: &mut WriteMultipart) -> io::Result<()> {
    loop {
        let mut bytes = BytesMut::with_capacity(1 << 20);
        if file.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        parts.wait_for_capacity(PARTS_AT_ONCE).await?;
        parts.put(bytes.freeze());
    }
}

/// Publishes all files of a version from `package`, what is named before what names it: listeners
/// never see half a song.
///
/// # Errors
/// The first file that could not be stored; those before it are.
pub async fn publish_version(
    store: &Arc<dyn ObjectStore>,
    package: &Path,
    folder: SongFolder,
    asset: &Asset,
) -> Result<(), PublishError> {
    let files = publish_order::of(asset).map_err(|error| PublishError {
        key: folder.to_string(),
        source: io::Error::new(io::ErrorKind::InvalidData, error),
    })?;
    for file in files {
        let path = package.join(file.to_string());
        put_file(store, &path, &Object::Song(folder, file)).await?;
    }
    Ok(())
}

/// The store's name for an object. Our keys hold only characters that need no escape.
pub(crate) fn key(object: &Object) -> Key {
    Key::from(object.to_string())
}

#[cfg(test)]
mod tests {
    use media::MasterHash;
    use object_store::local::LocalFileSystem;

    use super::*;

    #[tokio::test]
    async fn a_store_that_refuses_is_an_error_for_small_files_and_large() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn ObjectStore> =
            Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
        let (file, object) = (folder.path().join("file"), Object::Master(MasterHash::new([7; 32])));
        for size in [10, PART + 1] {
            std::fs::write(&file, vec![1; size]).unwrap();
            let in_the_way = folder.path().join("masters");
            std::fs::write(&in_the_way, "no folder").unwrap();
            let refused = put_file(&store, &file, &object).await.unwrap_err().to_string();
            assert_eq!(refused, format!("'{object}' could not be stored"));
            std::fs::remove_file(&in_the_way).unwrap();
            put_file(&store, &file, &object).await.unwrap();
            let stored = store.get(&key(&object)).await.unwrap().bytes().await.unwrap();
            assert_eq!(stored.len(), size);
            std::fs::remove_dir_all(&in_the_way).unwrap();
        }
    }
}
