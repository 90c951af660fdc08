//! `segue gc`: removes from the store what no row of the catalogue names: masters, versions and pictures that a process left
//! when it died, or that belonged to what is gone.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use catalogue::{Catalogue, DatabaseUrl};
use clap::Args;
use ingest::sweep::{self, Orphan, Sweep, Swept};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use origin::Object;
use serde_json::json;
use service::Clock;

use crate::database;
use crate::leftovers::{self, Leftover};
use crate::shown::{Shown, tell};
use crate::store::Place;

/// How long a store that fails is tried again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Remove what nobody needs any more from the store: unfinished songs, and masters and pictures that no row names. It may
/// run beside segue up. What segue package has put into the same store is nobody's, too
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Say what would go, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave alone whatever is younger, in hours: an upload or a packaging may be about to name it
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=8_760))]
    grace: u32,
    /// The store, where it is not the folder objects of the data folder
    #[arg(long, value_name = "DIR|URL")]
    store: Option<Place>,
    /// Print one JSON object per master, picture or version instead
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: database::NamedArgs,
}

/// Runs until all is looked at.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { dry_run, grace, store, json, named } = options;
    let named = match named.decide() {
        Ok(named) => named,
        Err(error) => return Ok(database::wrong_usage("gc", &error)),
    };
    let url = named.database();
    if let DatabaseUrl::Sqlite(path) = &url
        && !path.exists()
    {
        // An empty catalogue names nothing: all would go.
        bail!("there is no database {}", path.display());
    }
    let place = store.unwrap_or_else(|| Place::Folder(named.data.join("objects")));
    let grace = Duration::from_secs(u64::from(grace) * 3_600);
    let before = sweep::before(Clock::system().now(), grace);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut told = Told { json, objects: 0, bytes: 0 };
    runtime.block_on(sweep_objects(&url, &place, before, dry_run, &mut told))?;
    if let Place::Folder(folder) = &place {
        sweep_staged(folder, before, dry_run, &mut told)
            .context("half-written objects cannot be removed")?;
    }
    told.total(dry_run);
    Ok(ExitCode::SUCCESS)
}

async fn sweep_objects(
    url: &DatabaseUrl,
    place: &Place,
    before: SystemTime,
    dry_run: bool,
    told: &mut Told,
) -> anyhow::Result<()> {
    let store = open(place)?;
    let catalogue = Catalogue::open(url, Clock::system())
        .await
        .with_context(|| format!("the database {url} cannot be opened"))?;
    let none = catalogue.songs().are_none().await.context("the database cannot be read")?;
    if none && !dry_run {
        bail!(
            "the database {url} has no songs: all of the store would go, and it may be another's"
        );
    }
    let sweep = Sweep { catalogue: &catalogue, store: &*store, before, dry_run };
    let swept = sweep
        .run(|Swept { orphan, objects, bytes }| {
            let (kind, key) = name(&orphan);
            told.tell(kind, &key, objects, bytes);
        })
        .await;
    catalogue.close().await;
    swept.context("the store was not swept to its end")
}

/// What was being put into a folder when its process died.
fn sweep_staged(
    folder: &Path,
    before: SystemTime,
    dry_run: bool,
    told: &mut Told,
) -> io::Result<()> {
    leftovers::find(folder, &mut |Leftover { path, modified, bytes }| {
        if modified < before {
            if !dry_run {
                fs::remove_file(&path)?;
            }
            let key = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            told.tell("half-written", &key, 1, bytes);
        }
        Ok(())
    })
}

fn open(place: &Place) -> anyhow::Result<Arc<dyn ObjectStore>> {
    Ok(match place {
        Place::Folder(path) => Arc::new(
            LocalFileSystem::new_with_prefix(path)
                .with_context(|| format!("the store {} cannot be opened", path.display()))?,
        ),
        Place::Store(url) => Arc::clone(url.open(PATIENCE)?.store()),
    })
}

/// What it is, and its key, or that of the folder that all of it is in.
fn name(orphan: &Orphan) -> (&'static str, String) {
    match orphan {
        Orphan::Master(hash) => ("master", Object::Master(*hash).to_string()),
        Orphan::Picture(hash) => ("picture", Object::Artwork(*hash).to_string()),
        Orphan::Version(folder) => ("version", folder.to_string()),
    }
}

/// What a person hears.
struct Told {
    json: bool,
    objects: u64,
    bytes: u64,
}

impl Told {
    fn tell(&mut self, kind: &str, key: &str, objects: u64, bytes: u64) {
        self.objects += objects;
        self.bytes += bytes;
        tell(&if self.json {
            json!({"kind": kind, "key": key, "objects": objects, "bytes": bytes}).to_string()
        } else {
            format!("{kind}  {}  {objects} objects, {bytes} bytes", Shown(key))
        });
    }

    fn total(&self, dry_run: bool) {
        let went = if dry_run { "would be removed" } else { "were removed" };
        if !self.json {
            tell(&format!("{} objects of {} bytes {went}", self.objects, self.bytes));
        }
    }
}
