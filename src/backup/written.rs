//! Files that are hashed as they are written or read.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::manifest::Kept;

/// A file of lines, compressed, that its owner alone may read.
pub(crate) struct Written {
    path: PathBuf,
    lines: GzEncoder<Hashed<BufWriter<File>>>,
}

impl Written {
    /// Begins the file at `path` below `root`.
    pub(crate) fn create(root: &Path, path: &Path) -> io::Result<Self> {
        let file = Hashed::over(BufWriter::new(private_file(&root.join(path))?));
        // The fastest: an hour's backup is worse than a few bytes.
        Ok(Self { path: path.to_owned(), lines: GzEncoder::new(file, Compression::fast()) })
    }

    pub(crate) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.lines.write_all(line)?;
        self.lines.write_all(b"\n")
    }

    pub(crate) fn finish(self) -> io::Result<Kept> {
        let mut hashed = self.lines.finish()?;
        hashed.inner.flush()?;
        Ok(hashed.kept(&self.path))
    }
}

/// What passes bytes on, and counts and hashes them.
struct Hashed<W> {
    inner: W,
    bytes: u64,
    hash: Sha256,
}

impl<W> Hashed<W> {
    fn over(inner: W) -> Self {
        Self { inner, bytes: 0, hash: Sha256::new() }
    }

    fn kept(self, path: &Path) -> Kept {
        let sha256 = hex::encode(self.hash.finalize());
        let path = path.to_string_lossy().into_owned();
        Kept { path, bytes: self.bytes, sha256, modified_ns: None }
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Copies a file to `path` below `root`, for its owner alone.
pub(crate) fn copy_file(from: &Path, root: &Path, path: &Path) -> io::Result<Kept> {
    let mut to = Hashed::over(private_file(&root.join(path))?);
    io::copy(&mut File::open(from)?, &mut to)?;
    Ok(to.kept(path))
}

/// The length and the SHA-256 of a file.
pub(crate) fn hash_of(path: &Path) -> io::Result<(u64, String)> {
    let mut hashed = Hashed::over(io::sink());
    io::copy(&mut File::open(path)?.take(u64::MAX), &mut hashed)?;
    let Kept { bytes, sha256, .. } = hashed.kept(path);
    Ok((bytes, sha256))
}

/// The SHA-256 of some bytes.
pub(crate) fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A new folder that its owner alone may look into, with its parents.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(folder)
}

fn private_file(path: &Path) -> io::Result<File> {
    path.parent().map_or(Ok(()), make_private)?;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
