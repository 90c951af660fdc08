//! `segue worker`: packages songs of a catalogue that others serve. It has no listener but the admin's.
//!
//! Reading order: [`settings`] (what to do), then [`run`] itself: config → open → work → hand back.

mod settings;

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bus::Bus;
use catalogue::Catalogue;
use ingest::{Intake, Shelf, Worker, Workshop};
use object_store::local::LocalFileSystem;
use service::health::Health;
use service::{Clock, Metrics, Shutdown, telemetry};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::settings::Settings;
pub(crate) use self::settings::WorkerArgs;
use crate::listener::{self, ADMIN_LISTEN};
use crate::probe::{self, Probe};
use crate::shown::tell;
use crate::store::Place;
use crate::{cell, database};

/// How long a store that fails is tried again before an attempt at a song has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long jobs may take to be handed back.
const LAST_WORK: Duration = Duration::from_secs(5);

/// How long the lock of a worker that was killed may outlive it: in a cell that it was about to start.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// How often such a lock is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Runs until SIGTERM or SIGINT.
pub(crate) fn run(args: WorkerArgs) -> anyhow::Result<ExitCode> {
    let settings = match Settings::decide(args, &|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => return Ok(database::wrong_usage("worker", &error)),
    };
    // Sends the last spans when it goes.
    let _exporting = telemetry::start_with(&settings.log, settings.collector.as_ref())
        .context("spans cannot be sent")?;
    let workplace = Workplace::open(&settings.work)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime cannot start")?;
    let worked = runtime.block_on(work(&settings, &workplace));
    // A packaging that is still unwinding holds its thread; its job is back in the queue already.
    runtime.shutdown_background();
    worked.map(|()| ExitCode::SUCCESS)
}

async fn work(settings: &Settings, workplace: &Workplace) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals().context("signals cannot be caught")?;
    let (health, metrics) = (Health::starting(), Metrics::default());
    let admin = listener::listen(ADMIN_LISTEN, settings.admin_listen).await?;
    let url = listener::url("http", admin.local_addr().context("the listener has no address")?);
    let catalogue = Catalogue::open(&settings.database, Clock::system())
        .await
        .with_context(|| format!("the database {} cannot be opened", settings.database))?;
    let shelf = shelf(&settings.store)?;
    probe::spawn(Probe::Origin(Arc::clone(shelf.store())), &health);
    probe::spawn(Probe::Database(catalogue.clone()), &health);
    let serving = api::admin::serve(admin, health.clone(), metrics, shutdown.clone());
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the admin listener failed");
        }
    });
    let events = settings.notices.shared_event_bus().await?;
    // Nothing is uploaded here.
    let intake = Intake::new(catalogue.clone(), shelf, workplace.workshop.clone(), 0);
    let tasks = start(settings, &intake, events.as_ref(), &shutdown);
    health.set_ready(true);
    tell(&format!("The worker is ready; its probes are at {url}"));
    shutdown.begun().await;
    health.set_ready(false);
    drain(tasks).await;
    catalogue.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn start(
    settings: &Settings,
    intake: &Intake,
    events: Option<&Bus>,
    shutdown: &Shutdown,
) -> JoinSet<()> {
    let packaging = &settings.packaging;
    if let Some(weakness) = cell::weakness(packaging.limits) {
        tracing::warn!("{weakness}");
    }
    let reader = cell::reader(packaging.limits);
    let parameters = packaging.parameters(&packaging.segment_secrets);
    (0..packaging.workers)
        .map(|_| {
            let (intake, reader) = (intake.clone(), reader.clone());
            let worker = Worker::new(intake, reader, parameters.clone(), shutdown.clone());
            match events {
                Some(events) => worker.remarking_on(events.clone()),
                None => worker,
            }
            .run()
        })
        .collect()
}

async fn drain(mut tasks: JoinSet<()>) {
    let all_done = async { while tasks.join_next().await.is_some() {} };
    if timeout(LAST_WORK, all_done).await.is_err() {
        tracing::warn!("ended before every job was handed back; their leases will end");
    }
}

fn shelf(place: &Place) -> anyhow::Result<Shelf> {
    match place {
        Place::Folder(path) => {
            let store = LocalFileSystem::new_with_prefix(path)
                .with_context(|| format!("the store {} cannot be opened", path.display()))?;
            // A song that is ready survives the loss of power.
            Ok(Shelf::new(Arc::new(store.with_fsync(true))))
        }
        Place::Store(url) => Ok(url.open(PATIENCE)?),
    }
}

/// A folder of unfinished work, locked for as long as this lives.
struct Workplace {
    workshop: Workshop,
    _lock: File,
}

impl Workplace {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let unusable = || format!("the work folder {} cannot be written", path.display());
        fs::create_dir_all(path).with_context(unusable)?;
        let lock = File::create(path.join("lock")).with_context(unusable)?;
        let deadline = Instant::now() + LAST_BREATH;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(LOOK),
                Err(TryLockError::WouldBlock) => {
                    bail!("the work folder {} is in use by another segue worker", path.display())
                }
                Err(TryLockError::Error(error)) => return Err(error).with_context(unusable),
            }
        }
        let workshop = Workshop::open(path).with_context(unusable)?;
        Ok(Self { workshop, _lock: lock })
    }
}
