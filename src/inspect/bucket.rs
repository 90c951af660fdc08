//! Versions in an object store.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::time::Duration;

use anyhow::bail;
use bytes::{Buf, Bytes};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use ingest::Shelf;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt};
use tokio::runtime::Runtime;
use transcode::inspect::Source;

use super::versions::MARKS;
use crate::store::{StoreUrl, refusal};

/// How long a store that fails is asked again.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store, and what waits for its answers.
#[derive(Debug)]
pub(super) struct Bucket {
    runtime: Runtime,
    shelf: Shelf,
    url: StoreUrl,
}

/// One version in it.
#[derive(Debug)]
pub(super) struct Version<'a> {
    bucket: &'a Bucket,
    folder: Path,
}

impl Bucket {
    /// Opens the store at a folder's URL, or at that of a version's playlist.
    pub(super) fn open(url: StoreUrl) -> anyhow::Result<Self> {
        let url = url.without(&MARKS);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shelf = {
            let _inside = runtime.enter();
            url.open(PATIENCE)?
        };
        Ok(Self { runtime, shelf, url })
    }

    /// Every version at or below the URL, in order. Only where it is no version itself, objects are
    /// listed.
    pub(super) fn versions(&self) -> anyhow::Result<Vec<Version<'_>>> {
        let found = self.runtime.block_on(self.find());
        let found = found.map_err(|error| {
            anyhow::anyhow!("'{}' cannot be read: {}", self.url, refusal(&error))
        })?;
        if found.is_empty() {
            bail!(
                "'{}' holds no packaged song; wanted is a version's folder, or one above it",
                self.url
            );
        }
        Ok(found.into_iter().map(|folder| Version { bucket: self, folder }).collect())
    }

    async fn find(&self) -> Result<BTreeSet<Path>, Error> {
        let store = self.shelf.store();
        self.shelf.check().await?;
        match store.head(&Path::from("asset.json")).await {
            Ok(_) => return Ok(BTreeSet::from([Path::default()])),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let versions =
            store.list(None).try_filter_map(|found| async move { Ok(version_of(&found.location)) });
        versions.try_collect().await
    }
}

/// The folder of a version, where an object marks one.
fn version_of(object: &Path) -> Option<Path> {
    let is_mark = object.filename().is_some_and(|name| MARKS.contains(&name));
    let depth = object.parts().count().saturating_sub(1);
    is_mark.then(|| object.parts().take(depth).collect())
}

impl Version<'_> {
    /// Where it is.
    pub(super) fn address(&self) -> String {
        let url = &self.bucket.url;
        if self.folder == Path::default() {
            url.to_string()
        } else {
            format!("{url}/{}", self.folder)
        }
    }
}

impl Source for Version<'_> {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + '_>> {
        let key: Path = self.folder.parts().chain(Path::from(path).parts()).collect();
        let got = self.bucket.runtime.block_on(self.bucket.shelf.store().get(&key));
        let stream = got.map_err(failed)?.into_stream();
        Ok(Box::new(Download { runtime: &self.bucket.runtime, stream, piece: Bytes::new() }))
    }
}

fn failed(error: Error) -> io::Error {
    match error {
        Error::NotFound { .. } => io::ErrorKind::NotFound.into(),
        error => io::Error::other(refusal(&error)),
    }
}

/// An object as it arrives.
struct Download<'a> {
    runtime: &'a Runtime,
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Download<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.stream.next()) {
                Some(piece) => self.piece = piece.map_err(failed)?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
