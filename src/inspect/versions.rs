//! The packaged versions below a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The files of which a version has one at least. One that lost its `asset.json` still counts by its
/// playlists.
pub(super) const MARKS: [&str; 5] =
    ["asset.json", "index.m3u8", "ogg.m3u8", "opus.m3u8", "saver.m3u8"];

/// Every folder at or below `path` that holds a version, in order.
pub(super) fn below(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let metadata =
        fs::metadata(path).with_context(|| format!("'{}' cannot be read", path.display()))?;
    let folder = if metadata.is_dir() { path } else { path.parent().unwrap_or(path) };
    let mut found = Vec::new();
    collect(folder, &mut found)?;
    if found.is_empty() {
        bail!(
            "'{}' holds no packaged song; wanted is a version's folder, or one above it",
            path.display()
        );
    }
    found.sort();
    Ok(found)
}

/// Hidden folders hold what is not published; links are not followed, so there is no loop.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if MARKS.iter().any(|name| folder.join(name).is_file()) {
        found.push(folder.to_path_buf());
        return Ok(());
    }
    let entries =
        fs::read_dir(folder).with_context(|| format!("'{}' cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type()?.is_dir() && !hidden {
            collect(&entry.path(), found)?;
        }
    }
    Ok(())
}
