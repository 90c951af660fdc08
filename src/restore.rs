//! `segue restore`: a backup as a data folder and a catalogue, in an empty place. Everything is checked before anything is
//! made, and the data folder comes into being with one rename.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use catalogue::DatabaseUrl;
use catalogue::backup::Refill;
use clap::Args;
use flate2::read::GzDecoder;
use service::Clock;
use transcode::work_folder::{sync_folder, sync_tree};

use crate::backup::manifest::{self, DATA, Kept, Manifest, OBJECTS};
use crate::backup::{objects, written};
use crate::database;
use crate::shown::tell;

/// Makes a data folder, and fills the database, from a backup. Both must be empty; a backup of SQLite may be restored into
/// PostgreSQL (SEGUE_DATABASE_URL), and the other way round
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A backup, or the folder that backups lie in: the last one then
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    #[command(flatten)]
    named: database::NamedArgs,
}

/// Runs until it is there as a whole.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let named = match options.named.decide() {
        Ok(named) => named,
        Err(error) => return Ok(database::wrong_usage("restore", &error)),
    };
    let backup = Checked::read(&options.backup)?;
    let staged = Staged::beside(&named.data)?;
    for object in &backup.objects {
        let (Some(from), Some(to)) = (object.pooled(&backup.pool), object.below(&staged.objects()))
        else {
            bail!("the backup names an object '{}'", object.path)
        };
        objects::link_or_copy(&from, &to)
            .with_context(|| format!("{} cannot be restored", from.display()))?;
    }
    for file in backup.manifest.files.iter().filter(|file| file.path.starts_with(DATA)) {
        let path = Path::new(&file.path);
        let inner = path.strip_prefix(DATA)?;
        written::copy_file(&backup.folder.join(path), &staged.folder, inner)
            .with_context(|| format!("{} cannot be restored", path.display()))?;
    }
    let own = DatabaseUrl::Sqlite(staged.folder.join(database::FILE));
    let url = named.named.unwrap_or(own);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let refused = || format!("the database {url} cannot be restored into");
    runtime.block_on(refill(&backup, &url)).with_context(refused)?;
    staged.publish(&named.data)?;
    tell(&format!(
        "{} rows and {} objects of {} are in {}",
        backup.manifest.rows.values().sum::<u64>(),
        backup.objects.len(),
        backup.folder.display(),
        named.data.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// A backup every byte of which is as it was written.
struct Checked {
    folder: PathBuf,
    pool: PathBuf,
    manifest: Manifest,
    objects: Vec<Kept>,
}

impl Checked {
    fn read(given: &Path) -> anyhow::Result<Self> {
        let folder = match Manifest::is_in(given) {
            true => Some(given.to_owned()),
            false => objects::last(given)
                .with_context(|| format!("{} cannot be read", given.display()))?,
        };
        let Some(folder) = folder else { bail!("there is no backup in {}", given.display()) };
        let manifest = Manifest::read(&folder)?;
        manifest.files.iter().try_for_each(|file| file.check(file.below(&folder)))?;
        let pool = folder.parent().unwrap_or(Path::new("")).join(OBJECTS);
        let objects = objects::read_list(&folder)?;
        objects.iter().try_for_each(|object| object.check(object.pooled(&pool)))?;
        Ok(Self { folder, pool, manifest, objects })
    }
}

async fn refill(backup: &Checked, url: &DatabaseUrl) -> anyhow::Result<()> {
    let schema = &backup.manifest.schema;
    let mut refill = Refill::begin(url, Clock::system(), schema).await?;
    for own in refill.tables() {
        let table = schema.tables.iter().find(|table| table.name == own.name);
        let table = table.context("the backup lacks a table")?;
        let file = File::open(backup.folder.join(manifest::table_file(&table.name)))?;
        let count = refill.fill(table, BufReader::new(GzDecoder::new(file))).await?;
        if backup.manifest.rows.get(&table.name) != Some(&count) {
            bail!("{} has {count} rows, and the backup says otherwise", table.name);
        }
    }
    Ok(refill.finish().await?)
}

/// A data folder that comes into being beside its place. Its lock is the data folder's own.
struct Staged {
    folder: PathBuf,
    _lock: File,
}

impl Staged {
    fn beside(data: &Path) -> anyhow::Result<Self> {
        let unusable = || format!("the folder {} cannot be made", data.display());
        if !is_empty(data).with_context(unusable)? {
            bail!(
                "{} is not empty; a backup is restored into a folder that is empty or not there",
                data.display()
            );
        }
        let name = data.file_name().context("the data folder needs a name")?.to_string_lossy();
        let folder = data.with_file_name(format!(".{name}.restoring"));
        written::make_private(&folder).with_context(unusable)?;
        let lock = File::create(folder.join("lock")).with_context(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another segue restore into {} is at work", data.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(unusable),
        }
        remove_leftovers(&folder).with_context(unusable)?;
        Ok(Self { folder, _lock: lock })
    }

    fn objects(&self) -> PathBuf {
        self.folder.join(OBJECTS)
    }

    /// Moves it to its place, on stable storage before and after.
    fn publish(&self, data: &Path) -> anyhow::Result<()> {
        sync_tree(&self.folder)?;
        fs::rename(&self.folder, data)
            .with_context(|| format!("{} cannot be moved to its place", self.folder.display()))?;
        let parent = data.parent().filter(|parent| !parent.as_os_str().is_empty());
        Ok(sync_folder(parent.unwrap_or(Path::new(".")))?)
    }
}

fn is_empty(folder: &Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        entries => Ok(entries?.next().is_none()),
    }
}

/// What a restore that was killed has left.
fn remove_leftovers(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else if path.file_name().is_none_or(|name| name != "lock") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
