//! `segue backup`: all of a data folder and its catalogue as of one moment, while `segue up` runs on them.
//!
//! Reading order: [`manifest`] (what a backup says of itself), [`written`] (files that are hashed as they are written),
//! [`objects`] (what all backups in one place share), then [`run`] itself. `restore.rs` is the way back.
//!
//! The catalogue is read first: whatever its rows name was stored before they were written, and no object ever changes.

pub(crate) mod manifest;
pub(crate) mod objects;
pub(crate) mod written;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use catalogue::DatabaseUrl;
use catalogue::backup::Snapshot;
use clap::Args;
use transcode::work_folder::{sync_folder, sync_tree};

use self::manifest::{Manifest, OBJECTS};
use self::written::{Written, copy_file};
use crate::database::{self, Named};
use crate::shown::tell;

/// What of a data folder is kept beside its objects and its database: keys, and what edges were told.
const KEPT: [&str; 3] = ["keys", "notices.jsonl", "events.jsonl"];

/// What a backup is called until it is whole.
const PARTIAL: &str = "partial";

/// Writes a backup of the catalogue, the keys and the objects into a folder, while segue up goes on. Backups in one
/// folder share the objects, so that each holds only what is new
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder that backups lie in, each under the time at which it was made
    #[arg(value_name = "TARGET")]
    target: PathBuf,
    #[command(flatten)]
    named: database::NamedArgs,
}

/// Runs until it is whole. One that is killed leaves those before it as they are.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let named = match options.named.decide() {
        Ok(named) => named,
        Err(error) => return Ok(database::wrong_usage("backup", &error)),
    };
    if !named.data.is_dir() {
        bail!("there is no data folder {}", named.data.display());
    }
    let place = Place::open(&options.target)?;
    let backup = place.partial()?;
    let manifest = fill(&backup, &place, &named)?;
    manifest.write(&backup)?;
    let name = place.publish(&backup)?;
    tell(&format!(
        "{} rows and {} objects ({} new) are in {}",
        manifest.rows.values().sum::<u64>(),
        manifest.objects,
        manifest.new_objects,
        name.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Everything but the manifest, which is answered.
fn fill(backup: &Path, place: &Place, named: &Named) -> anyhow::Result<Manifest> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = named.database();
    let mut manifest = runtime
        .block_on(rows(backup, &url))
        .with_context(|| format!("the database {url} cannot be read whole"))?;
    for kept in KEPT {
        let unread = || format!("{} cannot be copied", named.data.join(kept).display());
        keep(&named.data, backup, Path::new(kept), &mut manifest).with_context(unread)?;
    }
    let known = objects::of_last(&place.folder)?;
    let (list, copied) = objects::take(&named.data.join("objects"), &place.folder, &known)
        .context("the objects cannot be copied")?;
    manifest.objects = list.len() as u64;
    manifest.new_objects = copied;
    manifest.files.push(objects::write_list(backup, &list)?);
    if copied > 0 {
        sync_tree(&place.folder.join(OBJECTS))?;
    }
    Ok(manifest)
}

/// Every row of every table, as of one moment.
async fn rows(backup: &Path, url: &DatabaseUrl) -> anyhow::Result<Manifest> {
    let mut snapshot = Snapshot::take(url).await?;
    let mut manifest = Manifest::of(snapshot.schema().clone());
    if manifest.schema.migrations.is_empty() {
        bail!("nobody has run segue migrate or segue up on it");
    }
    for table in manifest.schema.tables.clone() {
        let mut file = Written::create(backup, &manifest::table_file(&table.name))?;
        let count = snapshot.lines(&table, |line| file.line(line)).await?;
        manifest.files.push(file.finish()?);
        manifest.rows.insert(table.name, count);
    }
    snapshot.close().await;
    Ok(manifest)
}

/// Copies a file, or all files in a folder, if there are any.
fn keep(data: &Path, backup: &Path, path: &Path, manifest: &mut Manifest) -> io::Result<()> {
    let from = data.join(path);
    match fs::metadata(&from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => fs::read_dir(from)?
            .try_for_each(|entry| keep(data, backup, &path.join(entry?.file_name()), manifest)),
        // A key that was being written.
        Ok(_) if path.extension().is_some_and(|end| end == "new") => Ok(()),
        Ok(_) => {
            let kept = Path::new(manifest::DATA).join(path);
            manifest.files.push(copy_file(&from, backup, &kept)?);
            Ok(())
        }
    }
}

/// The folder that backups lie in, locked for as long as this lives.
struct Place {
    folder: PathBuf,
    _lock: File,
}

impl Place {
    fn open(folder: &Path) -> anyhow::Result<Self> {
        let unusable = || format!("the folder {} cannot be written", folder.display());
        fs::create_dir_all(folder).with_context(unusable)?;
        let lock = File::create(folder.join("lock")).with_context(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!("another backup into {} is being made", folder.display())
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(unusable),
        }
    }

    /// An empty folder to write into, which nobody else may look into: it will hold keys.
    fn partial(&self) -> io::Result<PathBuf> {
        let partial = self.folder.join(PARTIAL);
        match fs::remove_dir_all(&partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => written::make_private(&partial)?,
        }
        Ok(partial)
    }

    /// Gives the whole backup its name, on stable storage before and after.
    fn publish(&self, partial: &Path) -> io::Result<PathBuf> {
        sync_tree(partial)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let named = |second: u64| {
            let time = catalogue::song_document::rfc3339(second * 1_000);
            self.folder.join(time.replace(':', "-"))
        };
        // Names are in the order of making, however fast they come.
        let name = (now..).map(named).find(|name| !name.exists()).expect("time goes on");
        fs::rename(partial, &name)?;
        sync_folder(&self.folder)?;
        Ok(name)
    }
}
