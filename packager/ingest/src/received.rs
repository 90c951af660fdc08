//! Bytes from a stream to disk, hashed on the way and never held in memory.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{Stream, StreamExt, pin_mut};
use media::MasterHash;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::workshop::Workshop;

/// After how many bytes it is looked again whether there is room for more: others come meanwhile.
const LOOK: u64 = 16 << 20;

/// Why bytes could not be received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError<E> {
    /// The sender went away, or sent what cannot be read.
    #[error("the body could not be read")]
    Sender(#[source] E),
    /// More than is accepted.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// What is accepted.
        limit: u64,
    },
    /// Our disk.
    #[error("the upload could not be written")]
    Disk(#[source] io::Error),
}

/// A master that has arrived whole. Dropping it removes the file, unless somebody else keeps it.
#[derive(Debug)]
pub struct Received {
    file: Place,
    hash: MasterHash,
    size: u64,
}

#[derive(Debug)]
enum Place {
    Passing(Arrival),
    Kept(PathBuf),
}

/// A file in the work folder that goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Arrival(pub(crate) PathBuf);

impl Drop for Arrival {
    fn drop(&mut self) {
        // A file that was never created is as good as removed.
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), %error, "an upload stays behind");
        }
    }
}

impl Received {
    /// Writes `stream` to the workshop, up to `limit` bytes.
    ///
    /// # Errors
    /// The sender's error, too many bytes, or the disk's error; no file is left in any case.
    pub async fn from_stream<E>(
        workshop: &Workshop,
        stream: impl Stream<Item = Result<Bytes, E>>,
        limit: u64,
    ) -> Result<Self, ReceiveError<E>> {
        let arrival = Arrival(workshop.new_arrival());
        let mut file = File::create_new(&arrival.0).await.map_err(ReceiveError::Disk)?;
        let (mut hash, mut size) = (Sha256::new(), 0);
        pour(stream, &mut file, workshop, limit, |chunk| {
            hash.update(chunk);
            size += chunk.len() as u64;
        })
        .await?;
        let hash = MasterHash::new(hash.finalize().into());
        Ok(Self { file: Place::Passing(arrival), hash, size })
    }

    /// What has arrived at `path` already, and stays there.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) async fn kept(path: PathBuf) -> io::Result<Self> {
        let read = move || {
            let (hash, size) = digest(&path)?;
            Ok(Self { file: Place::Kept(path), hash, size })
        };
        tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
    }

    /// Where the bytes are.
    pub(crate) fn path(&self) -> &Path {
        match &self.file {
            Place::Passing(Arrival(path)) | Place::Kept(path) => path,
        }
    }

    /// The SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> MasterHash {
        self.hash
    }

    /// How many bytes arrived.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// The SHA-256 of the file at `path`, and its size.
fn digest(path: &Path) -> io::Result<(MasterHash, u64)> {
    let (mut file, mut hash, mut size) = (std::fs::File::open(path)?, Sha256::new(), 0);
    let mut bytes = vec![0; 1 << 18];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok((MasterHash::new(hash.finalize().into()), size)),
            read => {
                hash.update(&bytes[..read]);
                size += read as u64;
            }
        }
    }
}

/// Writes `stream` to `file`, up to `limit` bytes and while `workshop` has room, and shows `seen` what is written. When this returns, whichever way, what
/// was taken from the stream is with the system.
pub(crate) async fn pour<E>(
    stream: impl Stream<Item = Result<Bytes, E>>,
    file: &mut File,
    workshop: &Workshop,
    limit: u64,
    seen: impl FnMut(&[u8]),
) -> Result<(), ReceiveError<E>> {
    let poured = pour_all(stream, file, workshop, limit, seen).await;
    file.flush().await.map_err(ReceiveError::Disk)?;
    poured
}

async fn pour_all<E>(
    stream: impl Stream<Item = Result<Bytes, E>>,
    file: &mut File,
    workshop: &Workshop,
    limit: u64,
    mut seen: impl FnMut(&[u8]),
) -> Result<(), ReceiveError<E>> {
    let (mut left, mut since) = (limit, 0);
    pin_mut!(stream);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(ReceiveError::Sender)?;
        let fits = left.checked_sub(chunk.len() as u64);
        left = fits.ok_or(ReceiveError::TooLarge { limit })?;
        if since >= LOOK {
            look_for_room(workshop).map_err(ReceiveError::Disk)?;
            since = 0;
        }
        file.write_all(&chunk).await.map_err(ReceiveError::Disk)?;
        since += chunk.len() as u64;
        seen(&chunk);
    }
    Ok(())
}

fn look_for_room(workshop: &Workshop) -> io::Result<()> {
    if workshop.room()? == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_disk_that_fills_up_meanwhile_ends_it_and_what_came_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let workshop = Workshop::open(folder.path()).unwrap();
        let path = folder.path().join("file");
        for (keep_free, kept) in [(0, 40 << 20), (u64::MAX, LOOK)] {
            let workshop = workshop.clone().keeping_free(keep_free);
            let bytes = stream::repeat(Bytes::from(vec![7; 1 << 20])).take(40);
            let mut file = File::create(&path).await.unwrap();
            let bytes = bytes.map(Ok::<_, Infallible>);
            let poured = pour(bytes, &mut file, &workshop, u64::MAX, |_| {}).await;
            match poured {
                Err(ReceiveError::Disk(error)) if keep_free > 0 => {
                    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
                }
                poured => assert!(poured.is_ok() && keep_free == 0, "{poured:?}"),
            }
            assert_eq!(std::fs::metadata(&path).unwrap().len(), kept);
        }
    }
}
