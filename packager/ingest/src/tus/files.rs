//! Where the bytes of uploads are: a file for each, whose length is how many have come.
//!
//! A file holds nothing that does not count, so that nothing beside it must be believed after a crash.

use std::io;
use std::path::{Path, PathBuf};

use media::UploadId;
use tokio::fs::{self, File, OpenOptions};
use tokio::task::spawn_blocking;

/// The folder of them.
#[derive(Debug, Clone)]
pub(super) struct Files(PathBuf);

impl Files {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    pub(super) fn path(&self, id: UploadId) -> PathBuf {
        self.0.join(id.to_string())
    }

    /// How many bytes have come and will be here after a loss of power. More may be on their way to the disk.
    pub(super) async fn offset(&self, id: UploadId) -> io::Result<u64> {
        match File::open(self.path(id)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
            Ok(file) => {
                let length = file.metadata().await?.len();
                file.sync_data().await?;
                Ok(length)
            }
        }
    }

    /// The file, to be written at its end.
    pub(super) async fn open(&self, id: UploadId) -> io::Result<File> {
        let path = self.path(id);
        let file = OpenOptions::new().append(true).create(true).open(&path).await?;
        if file.metadata().await?.len() == 0 {
            self.sync_folder().await?;
        }
        Ok(file)
    }

    /// Puts all of the file at `from` behind what has come of `id`.
    pub(super) async fn append(&self, id: UploadId, from: &Path) -> io::Result<()> {
        let (to, from) = (self.open(id).await?.into_std().await, from.to_owned());
        spawn_blocking(move || {
            let (mut from, mut to) = (std::fs::File::open(from)?, to);
            io::copy(&mut from, &mut to)?;
            to.sync_data()
        })
        .await
        .map_err(io::Error::other)?
    }

    /// Makes `id` of the files of `pieces`, one behind the other: all of them or nothing. `draft` is where it is made.
    pub(super) async fn join(
        &self,
        id: UploadId,
        pieces: &[UploadId],
        draft: &Path,
    ) -> io::Result<()> {
        let pieces: Vec<_> = pieces.iter().map(|piece| self.path(*piece)).collect();
        let (draft, path) = (draft.to_owned(), self.path(id));
        spawn_blocking(move || {
            let mut whole = std::fs::File::create(&draft)?;
            for piece in pieces {
                io::copy(&mut std::fs::File::open(piece)?, &mut whole)?;
            }
            whole.sync_data()?;
            std::fs::rename(&draft, &path)
        })
        .await
        .map_err(io::Error::other)??;
        self.sync_folder().await
    }

    /// Removes what has come of `id`, if anything has.
    pub(super) async fn remove(&self, id: UploadId) -> io::Result<()> {
        match fs::remove_file(self.path(id)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// All of which something has come.
    pub(super) async fn ids(&self) -> io::Result<Vec<UploadId>> {
        let (mut entries, mut ids) = (fs::read_dir(&self.0).await?, Vec::new());
        while let Some(entry) = entries.next_entry().await? {
            ids.extend(entry.file_name().to_str().and_then(|name| name.parse::<UploadId>().ok()));
        }
        Ok(ids)
    }

    /// A file's name is as durable as its bytes.
    async fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.0).await?.sync_all().await
    }
}
