//! Bytes from a stream to disk, hashed on the way and never held in memory.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{Stream, StreamExt, pin_mut};
use media::MasterHash;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::workshop::Workshop;

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

/// A master that has arrived whole. Dropping it removes the file.
#[derive(Debug)]
pub struct Received {
    file: Arrival,
    hash: MasterHash,
    size: u64,
}

#[derive(Debug)]
struct Arrival(PathBuf);

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
        pin_mut!(stream);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(ReceiveError::Sender)?;
            size += chunk.len() as u64;
            if size > limit {
                return Err(ReceiveError::TooLarge { limit });
            }
            hash.update(&chunk);
            file.write_all(&chunk).await.map_err(ReceiveError::Disk)?;
        }
        file.flush().await.map_err(ReceiveError::Disk)?;
        Ok(Self { file: arrival, hash: MasterHash::new(hash.finalize().into()), size })
    }

    /// Where the bytes are.
    pub(crate) fn path(&self) -> &Path {
        &self.file.0
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
