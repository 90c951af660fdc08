//! The objects: backups in one place share them by what they hold, and each lists its own.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::Context;
use flate2::read::GzDecoder;

use super::manifest::{Kept, Manifest, OBJECTS};
use super::written::{Written, hash_of};
use crate::leftovers::is_staged;

/// Where a backup lists its objects.
const LIST: &str = "objects.jsonl.gz";

/// Objects by their paths.
pub(crate) type Known = HashMap<String, Kept>;

/// Those of the last whole backup in `place`.
pub(crate) fn of_last(place: &Path) -> anyhow::Result<Known> {
    let Some(last) = last(place)? else { return Ok(Known::new()) };
    // Where the last one is damaged, everything is looked at anew.
    let list = Manifest::read(&last).and_then(|_| read_list(&last)).unwrap_or_default();
    Ok(list.into_iter().map(|object| (object.path.clone(), object)).collect())
}

/// The last whole backup in `place`: names are in the order of time.
pub(crate) fn last(place: &Path) -> io::Result<Option<PathBuf>> {
    let folders = fs::read_dir(place)?.map(|entry| Ok(entry?.path()));
    let folders: Vec<_> = folders.collect::<io::Result<_>>()?;
    let whole = |folder: &PathBuf| {
        let dated = folder.file_name().and_then(|name| name.to_str());
        dated.is_some_and(|name| name.ends_with('Z')) && Manifest::is_in(folder)
    };
    Ok(folders.into_iter().filter(whole).max())
}

/// Puts what is missing of the objects below `from` into `place`. Answers all of them, and how many were missing.
pub(crate) fn take(from: &Path, place: &Path, known: &Known) -> io::Result<(Vec<Kept>, u64)> {
    let (mut list, mut copied) = (Vec::new(), 0);
    for path in files_below(from)? {
        let own = from.join(&path);
        let name = path.to_string_lossy().into_owned();
        let now = match fs::metadata(&own) {
            // Withdrawn since it was listed: what rows name was there before them.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            now => now?,
        };
        let same = |known: &&Kept| known.bytes == now.len() && known.modified_ns == modified(&now);
        let (object, trusted) = match known.get(&name).filter(same) {
            Some(known) => (known.clone(), true),
            None => (look_at(&own, name, &now)?, false),
        };
        copied += u64::from(pool(&own, &place.join(OBJECTS), &object, trusted)?);
        list.push(object);
    }
    Ok((list, copied))
}

fn look_at(own: &Path, path: String, now: &Metadata) -> io::Result<Kept> {
    let (bytes, sha256) = hash_of(own)?;
    Ok(Kept { path, bytes, sha256, modified_ns: modified(now) })
}

fn modified(file: &Metadata) -> Option<u64> {
    let since = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// Puts an object into the pool, if it is not there. Answers whether it was put. What an earlier backup put there is
/// `trusted` by its length; what this one has looked at anew is compared, since what is there may have rotted.
fn pool(own: &Path, pool: &Path, object: &Kept, trusted: bool) -> io::Result<bool> {
    let kept = object.pooled(pool).ok_or(io::ErrorKind::InvalidData)?;
    let is_it = || io::Result::Ok(hash_of(&kept)? == (object.bytes, object.sha256.clone()));
    let there = fs::metadata(&kept).is_ok_and(|there| there.len() == object.bytes);
    if there && (trusted || is_it()?) {
        return Ok(false);
    }
    link_or_copy(own, &kept)?;
    if !is_it()? {
        let changed = format!("{} changed while it was copied", own.display());
        fs::remove_file(&kept)?;
        return Err(io::Error::other(changed));
    }
    Ok(true)
}

/// A second name for the same bytes where both are on one file system: objects are replaced, never written into. Else a
/// copy, under its name once it is whole.
pub(crate) fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    let draft = to.with_added_extension("draft");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if fs::hard_link(from, &draft).is_err() {
        fs::copy(from, &draft)?;
        File::open(&draft)?.sync_all()?;
    }
    // Two names of one file already: rename would leave both.
    fs::rename(&draft, to)?;
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(crate) fn write_list(backup: &Path, objects: &[Kept]) -> anyhow::Result<Kept> {
    let mut file = Written::create(backup, Path::new(LIST))?;
    for object in objects {
        file.line(&serde_json::to_vec(object)?)?;
    }
    Ok(file.finish()?)
}

pub(crate) fn read_list(backup: &Path) -> anyhow::Result<Vec<Kept>> {
    let unread = || format!("{} cannot be read", backup.join(LIST).display());
    let file = File::open(backup.join(LIST)).with_context(unread)?;
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect::<anyhow::Result<_>>()
        .with_context(unread)
}

/// Every whole file below `folder`, relative to it.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(path) = open.pop() {
        let entries = match fs::read_dir(folder.join(&path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let inner = path.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(inner);
            } else if !is_staged(&entry.file_name().to_string_lossy()) {
                files.push(inner);
            }
        }
    }
    files.sort();
    Ok(files)
}
