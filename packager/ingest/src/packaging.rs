//! One job: the master from the store, through the packager, back into the store.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use catalogue::progress::Stage;
use catalogue::{Artwork, Packaged, Song};
use futures::TryStreamExt;
use media::{Asset, MasterHash};
use object_store::ObjectStoreExt;
use origin::{Object, SongFolder};
use service::problem::chain;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use transcode::artwork::ArtworkError;
use transcode::cell::CellError;
use transcode::{MasterReader, PackageError, Parameters, package, version_of};

use crate::covers;
use crate::progress::Reporter;
use crate::publish::{self, PublishError};
use crate::shelf::{self, Shelf};
use crate::workshop::{Bench, Workshop};

/// Why a song was not packaged.
#[derive(Debug, thiserror::Error)]
pub enum PackagingError {
    /// The packager's sentence.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The work folder.
    #[error("the work folder failed")]
    Work(#[from] io::Error),
    /// The stored bytes are no longer those that were uploaded.
    #[error("the stored master {0} has changed")]
    Changed(MasterHash),
    /// The master is not to be had.
    #[error("the master could not be fetched")]
    Fetch(#[from] object_store::Error),
    /// An object could not be stored.
    #[error("the package could not be published")]
    Publish(#[from] PublishError),
    /// The packager panicked.
    #[error("the packager broke down")]
    Broken(#[from] tokio::task::JoinError),
    /// Something else panicked on the way.
    #[error("the work broke down")]
    Panicked,
}

impl PackagingError {
    /// Whether another attempt may go better. What is wrong with a file stays wrong.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Package(PackageError::Cell(error)) => error.may_pass(),
            Self::Package(error) => matches!(
                error,
                PackageError::Read(_) | PackageError::Write(_) | PackageError::Encode(_)
            ),
            Self::Changed(_) => false,
            Self::Work(_)
            | Self::Fetch(_)
            | Self::Publish(_)
            | Self::Broken(_)
            | Self::Panicked => true,
        }
    }

    /// What the artist is told, should it end here.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            // Which rule the package broke is for the log.
            Self::Package(error)
                if !self.may_pass() && !matches!(error, PackageError::Breach(_)) =>
            {
                error.to_string()
            }
            Self::Package(error @ PackageError::Cell(CellError::Stalled { .. })) => {
                error.to_string()
            }
            Self::Changed(_) => {
                "the stored file went bad on our side; please upload it again".into()
            }
            _ => "something failed on our side, which is not the file's fault; please try again \
                  later"
                .to_owned(),
        }
    }
}

/// Packages and publishes the song's master, or copies what was made of it under the song `twin`. The same master and parameters give the same version and the same
/// objects, so doing it again after a crash changes nothing.
///
/// # Errors
/// See [`PackagingError`]; what was published until then has no multivariant playlist.
pub(crate) async fn package_song(
    shelf: &Shelf,
    workshop: &Workshop,
    reader: &MasterReader,
    parameters: &Parameters,
    song: &Song,
    twin: Option<SongFolder>,
    reporter: &Reporter,
) -> Result<Packaged, PackagingError> {
    reporter.tell(Stage::Fetching, Some(0.0));
    let bench = Arc::new(workshop.new_bench()?);
    fetch(shelf, &song.master, &bench.master()).await?;
    let folder = SongFolder {
        artist: song.artist_id,
        album: song.album_id,
        song: song.id,
        version: version_of(&song.master, parameters),
    };
    let asset = match copied(shelf, twin, folder, reporter).await {
        Some(asset) => asset,
        None => {
            let asset = make(reader, &bench, song, parameters, reporter).await?;
            publish(shelf, &bench, folder, &asset, reporter).await?;
            asset
        }
    };
    let done = Packaged {
        artwork: store_cover(shelf, reader, &bench).await?,
        version: asset.version,
        artist: song.artist_id,
        album: song.album_id,
        duration_ms: asset.duration_ms,
        sets: asset.sets.clone(),
        dash: asset.dash,
    };
    Ok(done)
}

/// What was made of the same master already, under another song: nothing is made twice, however often it is uploaded, where
/// the store copies. Where it does not, it is made.
async fn copied(
    shelf: &Shelf,
    twin: Option<SongFolder>,
    folder: SongFolder,
    reporter: &Reporter,
) -> Option<Asset> {
    let twin = twin?;
    reporter.tell(Stage::Publishing, Some(0.0));
    publish::copy_version(shelf, twin, folder).await.unwrap_or_else(|error| {
        tracing::warn!(error = chain(&error), "what was made already cannot be copied");
        None
    })
}

/// Who is called off goes at once: the bench stays until the last thread that works on it is done.
async fn make(
    reader: &MasterReader,
    bench: &Arc<Bench>,
    song: &Song,
    parameters: &Parameters,
    reporter: &Reporter,
) -> Result<Asset, PackagingError> {
    let (master, hash, folder) = (bench.master(), song.master, bench.package());
    let (by, parameters, told) = (reader.clone(), parameters.clone(), reporter.clone());
    let held = Arc::clone(bench);
    let made = move || {
        let _held = held;
        package(&by, &master, &hash, &folder, &parameters, &|progress| told.packaging(progress))
    };
    Ok(tokio::task::spawn_blocking(made).await??)
}

async fn publish(
    shelf: &Shelf,
    bench: &Bench,
    folder: SongFolder,
    asset: &Asset,
    reporter: &Reporter,
) -> Result<(), PublishError> {
    let total: u64 = asset.objects.iter().map(|object| object.size).sum();
    let put = AtomicU64::new(0);
    reporter.tell(Stage::Publishing, Some(0.0));
    let stored = |bytes| {
        let put = put.fetch_add(bytes, Ordering::Relaxed) + bytes;
        reporter.tell(Stage::Publishing, Some(put as f64 / total.max(1) as f64));
    };
    publish::publish_version(shelf, &bench.package(), folder, asset, &stored).await
}

/// The sizes of the master's cover, stored; none where it has none. One that cannot be used costs the song nothing.
async fn store_cover(
    shelf: &Shelf,
    reader: &MasterReader,
    bench: &Bench,
) -> Result<Option<Artwork>, PackagingError> {
    let (reader, master) = (reader.clone(), bench.master());
    let read = move || match reader.covers(&master) {
        // That may be no fault of the picture's.
        Err(ArtworkError::Cell(CellError::Start(_) | CellError::Killed)) => reader.covers(&master),
        read => read,
    };
    let sizes = tokio::task::spawn_blocking(read).await?.unwrap_or_else(|error| {
        tracing::warn!(error = chain(&error), "a master's cover cannot be used");
        Vec::new()
    });
    Ok(covers::store(shelf, &bench.cover(), sizes).await?)
}

async fn fetch(shelf: &Shelf, master: &MasterHash, to: &Path) -> Result<(), PackagingError> {
    let found = shelf.store().get(&shelf::key(&Object::Master(*master))).await?;
    let mut stream = found.into_stream();
    let (mut file, mut hash) = (File::create(to).await?, Sha256::new());
    while let Some(chunk) = stream.try_next().await? {
        hash.update(&chunk);
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    if MasterHash::new(hash.finalize().into()) != *master {
        return Err(PackagingError::Changed(*master));
    }
    Ok(())
}
