//! What a backup says of itself: `manifest.json`, and beside it its SHA-256 as `sha256sum` writes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};
use catalogue::backup::Schema;
use serde::{Deserialize, Serialize};

use super::written::{self, hash_of};

/// Below it lies what goes into the data folder as it is.
pub(crate) const DATA: &str = "data";

/// What holds the objects of all backups in one place, each under its SHA-256: none is ever overwritten by another.
pub(crate) const OBJECTS: &str = "objects";

const FILE: &str = "manifest.json";
const HASH: &str = "manifest.json.sha256";

/// The form that this release writes, and the only one that it reads.
const FORMAT: u32 = 1;

/// All that a backup holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    /// The release that made it.
    release: String,
    /// Tables and their columns.
    pub(crate) schema: Schema,
    /// How many rows each table has.
    pub(crate) rows: BTreeMap<String, u64>,
    /// How many objects there are.
    pub(crate) objects: u64,
    /// How many of those no backup before it had.
    pub(crate) new_objects: u64,
    /// Every file of the backup but this one.
    pub(crate) files: Vec<Kept>,
}

/// A file or an object that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Relative to the backup, or to the objects.
    pub(crate) path: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// Its SHA-256 in hex digits.
    pub(crate) sha256: String,
    /// When an object was written, in nanoseconds since 1970: with its length, what says that it is the same still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) modified_ns: Option<u64>,
}

/// Where the rows of a table are, relative to the backup.
pub(crate) fn table_file(table: &str) -> PathBuf {
    PathBuf::from(format!("tables/{table}.jsonl.gz"))
}

impl Manifest {
    pub(crate) fn of(schema: Schema) -> Self {
        let release = env!("CARGO_PKG_VERSION").to_owned();
        let rows = BTreeMap::new();
        Self {
            format: FORMAT,
            release,
            schema,
            rows,
            objects: 0,
            new_objects: 0,
            files: Vec::new(),
        }
    }

    pub(crate) fn write(&self, backup: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        let sum = format!("{}  {FILE}\n", written::hash(&text));
        fs::write(backup.join(FILE), text)?;
        fs::write(backup.join(HASH), sum)?;
        Ok(())
    }

    /// Reads that of `backup`, and nothing that was changed since it was written.
    pub(crate) fn read(backup: &Path) -> anyhow::Result<Self> {
        let unread = || format!("{} cannot be read", backup.join(FILE).display());
        let text = fs::read(backup.join(FILE)).with_context(unread)?;
        let sum = fs::read_to_string(backup.join(HASH)).with_context(unread)?;
        if sum.split(' ').next() != Some(&written::hash(&text)) {
            bail!(
                "{} is damaged: it has another SHA-256 than {HASH} says",
                backup.join(FILE).display()
            );
        }
        let format = serde_json::from_slice::<Format>(&text).with_context(unread)?.format;
        if format != FORMAT {
            bail!("{} is of form {format}; this release reads form {FORMAT}", backup.display());
        }
        serde_json::from_slice(&text).with_context(unread)
    }

    /// Whether `folder` holds a whole backup.
    pub(crate) fn is_in(folder: &Path) -> bool {
        folder.join(FILE).is_file()
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Kept {
    /// Where it is below `root`; `None` where its path leads elsewhere.
    pub(crate) fn below(&self, root: &Path) -> Option<PathBuf> {
        let path = Path::new(&self.path);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        (plain && !self.path.is_empty()).then(|| root.join(path))
    }

    /// Where an object is kept in `pool`; `None` where the SHA-256 is none.
    pub(crate) fn pooled(&self, pool: &Path) -> Option<PathBuf> {
        let digits = self.sha256.len() == 64 && self.sha256.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then(|| pool.join(&self.sha256[..2]).join(&self.sha256))
    }

    /// Refuses what is not at `path` as it was; `None` is a path that leads elsewhere.
    pub(crate) fn check(&self, path: Option<PathBuf>) -> anyhow::Result<()> {
        let Some(path) = path else { bail!("the backup names a file '{}'", self.path) };
        let hashed =
            hash_of(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        if hashed != (self.bytes, self.sha256.clone()) {
            bail!(
                "{} is damaged: its length or SHA-256 is not what the backup says",
                path.display()
            );
        }
        Ok(())
    }
}
