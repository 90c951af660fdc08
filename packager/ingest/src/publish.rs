//! A packaged version to a store: what is named before what names it, so that listeners never see
//! half a song, whenever the publisher dies.

use std::io;
use std::path::Path;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use media::Asset;
use object_store::{Error as StoreError, ObjectStoreExt};
use origin::{Object, SongFile, SongFolder};
use transcode::publish_order;

use crate::shelf::{PutError, Shelf, key};

/// Objects that are put, or asked about, at a time; what they hold in memory is bounded by the shelf.
const AT_ONCE: usize = 16;

/// The longest `asset.json` that is looked at, in bytes: a day of music has a sixteenth of it.
const LONGEST_ASSET: u64 = 128 << 20;

/// Why a version was not published, or not found out about.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// An object could not be stored.
    #[error("'{key}' could not be stored")]
    Put {
        /// Its key.
        key: String,
        /// Why.
        source: PutError,
    },
    /// What is there could not be found out.
    #[error("'{key}' could not be looked up")]
    LookUp {
        /// Its key.
        key: String,
        /// Why.
        source: StoreError,
    },
    /// What a changed package would have made unplayable could not be taken away.
    #[error("'{key}' could not be withdrawn")]
    Withdraw {
        /// Its key.
        key: String,
        /// Why.
        source: StoreError,
    },
    /// The package is none.
    #[error("the package cannot be read")]
    Package(#[from] io::Error),
}

/// Puts one file; see [`Shelf::put`].
///
/// # Errors
/// [`PublishError::Put`].
pub async fn put_file(shelf: &Shelf, path: &Path, object: &Object) -> Result<(), PublishError> {
    let put = shelf.put(path, object).await;
    put.map_err(|source| PublishError::Put { key: object.to_string(), source })
}

/// Publishes all files of a version from `package`. Where an earlier publisher of the same bytes was
/// interrupted, only what is missing is put. `stored` hears how many bytes have been put.
///
/// # Errors
/// The first object that could not be stored. No multivariant playlist is there then, unless all
/// that it leads to is.
pub async fn publish_version(
    shelf: &Shelf,
    package: &Path,
    folder: SongFolder,
    asset: &Asset,
    stored: &(dyn Fn(u64) + Sync),
) -> Result<(), PublishError> {
    let files = publish_order::of(asset).map_err(invalid)?;
    let ours = tokio::fs::read(package.join(SongFile::Asset.to_string())).await?;
    let files = match stored_asset(shelf, folder).await? {
        Some(theirs) if theirs == ours => missing(shelf, folder, asset).await?,
        Some(_) | None => {
            withdraw(shelf, folder, &files).await?;
            files
        }
    };
    // What is of one rank does not name each other.
    for rank in files.chunk_by(|a, b| publish_order::key(*a).0 == publish_order::key(*b).0) {
        put_all(shelf, package, folder, rank, stored).await?;
    }
    Ok(())
}

/// What `asset.json` says of the version, where all of the version is in the store: every object
/// that is listed is there in its size.
///
/// # Errors
/// The store could not be asked.
pub async fn published(shelf: &Shelf, folder: SongFolder) -> Result<Option<Asset>, PublishError> {
    let Some(bytes) = stored_asset(shelf, folder).await? else { return Ok(None) };
    let Ok(asset) = serde_json::from_slice::<Asset>(&bytes) else { return Ok(None) };
    // What another release or somebody else's hand left there is made anew.
    let ours = asset.version == folder.version && publish_order::of(&asset).is_ok();
    let whole = ours && missing(shelf, folder, &asset).await?.is_empty();
    Ok(whole.then_some(asset))
}

/// Publishes a version that is in the store already, as that of another song: object by object, in the same order. `None`
/// where it is not whole there.
///
/// # Errors
/// As [`publish_version`].
pub(crate) async fn copy_version(
    shelf: &Shelf,
    from: SongFolder,
    to: SongFolder,
) -> Result<Option<Asset>, PublishError> {
    let Some(asset) = published(shelf, from).await? else { return Ok(None) };
    let files = publish_order::of(&asset).map_err(invalid)?;
    if stored_asset(shelf, to).await? != stored_asset(shelf, from).await? {
        withdraw(shelf, to, &files).await?;
    }
    for rank in files.chunk_by(|a, b| publish_order::key(*a).0 == publish_order::key(*b).0) {
        let copying = stream::iter(rank.iter().map(Ok));
        let copied = copying.try_for_each_concurrent(AT_ONCE, |file| async move {
            let (from, to) = (Object::Song(from, *file), Object::Song(to, *file));
            shelf.store().copy(&key(&from), &key(&to)).await.map_err(|error| (to, error))
        });
        match copied.await {
            Ok(()) => {}
            // Somebody took it away meanwhile.
            Err((_, StoreError::NotFound { .. })) => return Ok(None),
            Err((to, error)) => {
                let source = PutError::Store(error);
                return Err(PublishError::Put { key: to.to_string(), source });
            }
        }
    }
    // What was put is what was there.
    Ok(published(shelf, to).await?.filter(|copy| copy.objects == asset.objects))
}

async fn stored_asset(shelf: &Shelf, folder: SongFolder) -> Result<Option<Bytes>, PublishError> {
    let object = Object::Song(folder, SongFile::Asset);
    let read = async {
        let found = shelf.store().get(&key(&object)).await?;
        if found.meta.size > LONGEST_ASSET { Ok(None) } else { found.bytes().await.map(Some) }
    };
    match read.await {
        Err(StoreError::NotFound { .. }) => Ok(None),
        found => found.map_err(|source| looking_up(&object, source)),
    }
}

/// The listed objects that are not there in their size, in publish order.
async fn missing(
    shelf: &Shelf,
    folder: SongFolder,
    asset: &Asset,
) -> Result<Vec<SongFile>, PublishError> {
    let listed = asset.objects.iter().map(|listed| {
        let file = listed.path.parse::<SongFile>().map_err(invalid)?;
        Ok((Object::Song(folder, file), file, listed.size))
    });
    let listed: Vec<_> = listed.collect::<Result<_, PublishError>>()?;
    let mut missing: Vec<SongFile> = stream::iter(listed)
        .map(|(object, file, size)| async move {
            let there = size_of(shelf, &object).await? == Some(size);
            Ok::<_, PublishError>((!there).then_some(file))
        })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(|file| async move { Ok(file) })
        .try_collect()
        .await?;
    missing.sort_by_key(|file| publish_order::key(*file));
    Ok(missing)
}

/// Whether there is such an object.
///
/// # Errors
/// [`PublishError::LookUp`].
pub(crate) async fn is_stored(shelf: &Shelf, object: &Object) -> Result<bool, PublishError> {
    Ok(size_of(shelf, object).await?.is_some())
}

async fn size_of(shelf: &Shelf, object: &Object) -> Result<Option<u64>, PublishError> {
    match shelf.store().head(&key(object)).await {
        Ok(meta) => Ok(Some(meta.size)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(source) => Err(looking_up(object, source)),
    }
}

/// Takes away what leads to objects that are about to change: a version that was packaged on another
/// kind of CPU may differ in a last bit, and its playlists with it.
async fn withdraw(
    shelf: &Shelf,
    folder: SongFolder,
    files: &[SongFile],
) -> Result<(), PublishError> {
    let leading = files.iter().filter(|file| publish_order::leads_to_media(**file));
    for file in leading.rev() {
        let object = Object::Song(folder, *file);
        if size_of(shelf, &object).await?.is_some() {
            match shelf.store().delete(&key(&object)).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(source) => {
                    return Err(PublishError::Withdraw { key: object.to_string(), source });
                }
            }
        }
    }
    Ok(())
}

async fn put_all(
    shelf: &Shelf,
    package: &Path,
    folder: SongFolder,
    files: &[SongFile],
    stored: &(dyn Fn(u64) + Sync),
) -> Result<(), PublishError> {
    stream::iter(files.iter().copied().map(Ok))
        .try_for_each_concurrent(AT_ONCE, |file| async move {
            let path = package.join(file.to_string());
            put_file(shelf, &path, &Object::Song(folder, file)).await?;
            stored(tokio::fs::metadata(&path).await?.len());
            Ok(())
        })
        .await
}

fn looking_up(object: &Object, source: StoreError) -> PublishError {
    PublishError::LookUp { key: object.to_string(), source }
}

fn invalid(error: origin::UnknownObject) -> PublishError {
    PublishError::Package(io::Error::new(io::ErrorKind::InvalidData, error))
}
