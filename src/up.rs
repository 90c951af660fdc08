//! `segue up`: everything in one process on the embedded default.
//!
//! Reading order: [`settings`] (what to do), [`data_folder`] (where), [`first_run`] (what is there
//! from the start), then [`run`] itself: config → open → build → start → serve → drain.

mod data_folder;
mod demo;
mod first_run;
mod settings;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::{Api, Keys};
use axum::Router;
use bus::Bus;
use cache::Cache;
use catalogue::{Catalogue, CatalogueError};
use delivery::{Edge, Limits, Site, Tls, Trust};
use ingest::{Collector, Intake, LabelReader, Shelf, Uploads, Worker, Workshop};
use media::SegmentSecrets;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use service::health::Health;
use service::{Clock, Metrics, Reload, Shutdown, telemetry};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::data_folder::DataFolder;
use self::settings::Settings;
pub(crate) use self::settings::{DATA, UpArgs, keys};
use crate::probe::{self, Probe};
use crate::store::ORIGIN_TIMEOUT;
use crate::{WRONG_USAGE, cell};

/// How long workers and probes may take to end once the listener is drained.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Runs until SIGTERM or SIGINT.
pub(crate) fn run(args: UpArgs) -> ExitCode {
    let settings = match Settings::decide(args, &|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => return fail(&error.to_string(), WRONG_USAGE),
    };
    // Sends the last spans when it goes.
    let _exporting = match telemetry::start_with(&settings.log, settings.collector.as_ref()) {
        Ok(exporting) => exporting,
        Err(error) => return fail(&format!("spans cannot be sent: {error}"), 1),
    };
    match serve_until_told(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}"), 1),
    }
}

#[expect(clippy::print_stderr, reason = "the one sentence that a person must see, log or not")]
fn fail(reason: &str, code: u8) -> ExitCode {
    eprintln!("segue up: {reason}");
    ExitCode::from(code)
}

fn serve_until_told(settings: &Settings) -> anyhow::Result<()> {
    let data = DataFolder::open(&settings.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime cannot start")?;
    let served = runtime.block_on(serve(settings, &data));
    // A packaging in mid-song holds its thread; its job is back in the queue already.
    runtime.shutdown_background();
    served
}

/// What is asked of the machine before anything is built.
struct Ground {
    listener: TcpListener,
    admin: TcpListener,
    tls: Option<Tls>,
    /// Where we listen.
    url: String,
    catalogue: Catalogue,
    /// What segments are encrypted with.
    secrets: SegmentSecrets,
    intake: Intake,
}

/// What serves.
struct House {
    api: Api,
    site: Site<Router>,
    metrics: Metrics,
    /// What edges are told.
    bus: Bus,
    /// What has happened.
    events: Bus,
    /// Masters that come in pieces.
    pieces: Uploads,
}

async fn serve(settings: &Settings, data: &DataFolder) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals().context("signals cannot be caught")?;
    let reload = Reload::on_hangup().context("signals cannot be caught")?;
    let (health, clock) = (Health::starting(), Clock::system());
    let ground = open(settings, data, &clock).await?;
    first_run::prepare(settings, &ground.catalogue, &ground.intake).await?;
    let house = build(settings, data, &ground, clock).await?;
    if let (Some(files), Some(tls)) = (settings.listener.tls_files.clone(), ground.tls.clone()) {
        tokio::spawn(files.follow(tls, reload));
    }
    let mut tasks = start(settings, &ground, &house, &shutdown);
    probe::spawn(Probe::Origin(store(data)?), &health);
    probe::spawn(Probe::Database(ground.catalogue.clone()), &health);
    let (admin, metrics) = (ground.admin, house.metrics);
    tasks.spawn(serve_admin(admin, health.clone(), metrics, shutdown.clone()));
    let heeding = settings.notices.heed(&house.bus, &house.site.edge, &health, &shutdown).await;
    health.set_ready(true);
    tell(&format!("Segue is at {}", ground.url));

    let told = shutdown.clone();
    let cut = delivery::serve(ground.listener, house.site, async move { told.begun().await }).await;
    health.set_ready(false);
    heeding.leave().await;
    drain(tasks).await;
    ground.catalogue.close().await;
    tracing::info!(cut, "stopped");
    Ok(())
}

async fn open(settings: &Settings, data: &DataFolder, clock: &Clock) -> anyhow::Result<Ground> {
    let (listener, admin) = settings.listener.open().await?;
    let tls = settings.listener.tls()?;
    let url = settings.listener.url_of(&listener)?;
    let database = settings.database.clone().unwrap_or_else(|| data.database());
    let catalogue = Catalogue::open(&database, clock.clone())
        .await
        .with_context(|| format!("the database {database} cannot be opened"))?;
    let packaging = &settings.packaging;
    let make_secret = packaging.encrypt && packaging.segment_secrets.first().is_none();
    let secrets = packaging.segment_secrets.clone().and(data.segment_secrets(make_secret)?);
    let intake = open_intake(settings, data, &catalogue).await?;
    let intake = intake.making(packaging.parameters(&secrets));
    Ok(Ground { listener, admin, tls, url, catalogue, secrets, intake })
}

async fn build(
    settings: &Settings,
    data: &DataFolder,
    ground: &Ground,
    clock: Clock,
) -> anyhow::Result<House> {
    let keys = Keys {
        access: data.key("access")?,
        playback: data.key("playback")?,
        believed: data.believed("playback")?,
    };
    let trust = Trust {
        keys: keys.believed.clone(),
        segments: ground.secrets.clone(),
        pulls: settings.listener.pulls.clone(),
    };
    let bus = settings.notices.bus_or_own(&data.notices()).await?;
    let events = settings.notices.event_bus(&data.events()).await?;
    let options = settings.front.options(&ground.url, settings.hooks.clone())?;
    let api = Api::new(ground.catalogue.clone(), clock.clone(), options, keys, bus.clone())
        .context("the API cannot start")?;
    let (intake, reader) = (ground.intake.clone(), cell::reader(settings.packaging.limits));
    let pieces = Uploads::new(intake.clone());
    let uploads = ingest::upload::router(intake.clone()).merge(pieces.routes());
    let uploads = uploads.merge(ingest::artwork::uploads(intake.clone(), reader.clone()));
    let avatars = ingest::avatars::uploads(intake.clone(), reader);
    let open = ingest::artwork::shown(intake).merge(pieces.capabilities());
    let fallback = api::router(&api, api::Ingest { uploads, avatars, open });
    let cache = Cache::new(store(data)?, settings::CACHE_BYTES, ORIGIN_TIMEOUT);
    let (edge, metrics) = (Edge::new(cache, trust, clock), Metrics::default());
    edge.register(&metrics);
    let site = Site { edge, fallback, tls: ground.tls.clone(), limits: Limits::default() };
    Ok(House { api, site, metrics, bus, events, pieces })
}

/// Whatever goes on beside the answers.
fn start(settings: &Settings, ground: &Ground, house: &House, shutdown: &Shutdown) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let packaging = &settings.packaging;
    let reader = cell::reader(packaging.limits);
    if let Some(weakness) = cell::weakness(packaging.limits) {
        tracing::warn!("{weakness}");
    }
    let parameters = packaging.parameters(&ground.secrets);
    for _ in 0..packaging.workers {
        let (intake, reader) = (ground.intake.clone(), reader.clone());
        let worker = Worker::new(intake, reader, parameters.clone(), shutdown.clone());
        tasks.spawn(worker.remarking_on(house.events.clone()).run());
    }
    tasks.spawn(house.pieces.clone().tend(shutdown.clone()));
    let collector = Collector::new(ground.intake.clone(), Clock::system());
    tasks.spawn(collector.run(shutdown.clone()));
    tasks.spawn(api::send_mails(house.api.clone(), shutdown.clone()));
    let heard = settings.notices.follow(&house.events);
    tasks.spawn(house.api.live().clone().follow(ground.catalogue.clone(), heard, shutdown.clone()));
    tasks.spawn(house.api.live().clone().overhear(house.events.clone(), shutdown.clone()));
    let (catalogue, events) = (ground.catalogue.clone(), house.events.clone());
    let (notices, hooks) = (house.bus.clone(), settings.hooks.clone());
    tasks.spawn(api::relay(catalogue, events, notices, hooks, shutdown.clone()));
    tasks.spawn(api::tell_hooks(house.api.clone(), shutdown.clone()));
    tasks
}

/// Whoever holds a probe's connection open does not hold up the end.
async fn drain(mut tasks: JoinSet<()>) {
    let all_done = async { while tasks.join_next().await.is_some() {} };
    if timeout(LAST_WORK, all_done).await.is_err() {
        tracing::warn!("ended before everybody was done");
    }
}

/// The queue and its folders. Where the queue is in the data folder, the lock on that says that no other process works on
/// it: whoever still holds a job is dead. In a database of others, their leases end by themselves.
async fn open_intake(
    settings: &Settings,
    data: &DataFolder,
    catalogue: &Catalogue,
) -> anyhow::Result<Intake> {
    let taken_over = match &settings.database {
        None => take_over(catalogue).await.context("the queue cannot be read")?,
        Some(_) => 0,
    };
    if taken_over > 0 {
        tracing::warn!(jobs = taken_over, "the last run ended in mid-job; taking them over");
        data.sweep_songs().context("half-written objects cannot be removed")?;
    }
    let workshop = Workshop::open(&data.work()).context("the work folder cannot be emptied")?;
    let shelf = Shelf::new(store(data)?);
    let intake = Intake::new(catalogue.clone(), shelf, workshop, settings.upload_limit);
    let labels = LabelReader::new(cell::label_reader(settings.packaging.limits));
    let intake = intake.keeping_free(settings.keep_free).queueing(settings.bound);
    Ok(intake.reading_tags(labels))
}

/// Answers how many jobs were in hand.
async fn take_over(catalogue: &Catalogue) -> Result<u64, CatalogueError> {
    catalogue.duties().take_over().await?;
    catalogue.deliveries().take_over().await?;
    catalogue.jobs().take_over().await
}

fn store(data: &DataFolder) -> anyhow::Result<Arc<dyn ObjectStore>> {
    let store = LocalFileSystem::new_with_prefix(data.objects())
        .context("the object folder cannot be opened")?;
    // An upload that was answered with 202 survives the loss of power.
    Ok(Arc::new(store.with_fsync(true)))
}

async fn serve_admin(listener: TcpListener, health: Health, metrics: Metrics, shutdown: Shutdown) {
    if let Err(error) = api::admin::serve(listener, health, metrics, shutdown).await {
        tracing::error!(%error, "the admin listener failed");
    }
}

#[expect(clippy::print_stdout, reason = "standard output is for what a person asked for")]
fn tell(line: &str) {
    println!("{line}");
}
