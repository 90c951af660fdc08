//! Files to objects. A put is whole or not there at all, and durable when it returns, as far as the
//! store can promise that.

use std::io;
use std::path::Path;
use std::sync::Arc;

use media::Asset;
use object_store::buffered::BufWriter;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use origin::{Object, SongFolder};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use transcode::publish_order;

/// Why a file did not become an object.
#[derive(Debug, thiserror::Error)]
#[error("'{key}' could not be stored")]
pub struct PublishError {
    key: String,
    source: io::Error,
}

/// Puts the file at `path` under the key of `object`, in bounded memory.
///
/// # Errors
/// The file could not be read or the store refused.
pub async fn put_file(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    object: &Object,
) -> Result<(), PublishError> {
    let failed = |source| PublishError { key: object.to_string(), source };
    let mut file = File::open(path).await.map_err(failed)?;
    let mut writer = BufWriter::new(Arc::clone(store), key(object));
    let copied = match tokio::io::copy(&mut file, &mut writer).await {
        Ok(_) => writer.shutdown().await,
        Err(error) => Err(error),
    };
    if let Err(error) = copied {
        if let Err(abort) = writer.abort().await {
            tracing::warn!(%object, %abort, "an unfinished object may stay behind");
        }
        return Err(failed(error));
    }
    Ok(())
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

/// Whether the object is in the store with this size.
///
/// # Errors
/// The store could not be asked.
pub async fn is_stored(
    store: &Arc<dyn ObjectStore>,
    object: &Object,
    size: u64,
) -> Result<bool, object_store::Error> {
    match store.head(&key(object)).await {
        Ok(meta) => Ok(meta.size == size),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The store's name for an object. Our keys hold only characters that need no escape.
pub(crate) fn key(object: &Object) -> Key {
    Key::from(object.to_string())
}
