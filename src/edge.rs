//! `segue edge`: an edge by itself, over a store that others fill, believing keys that others publish.
//!
//! Reading order: [`settings`] (what to do), then [`run`] itself: config → build → catch up → serve → drain.

mod settings;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::http::StatusCode;
use cache::Cache;
use delivery::shield::Shield;
use delivery::{Edge, Limits, Site, Trust};
use object_store::ObjectStore;
use service::health::Health;
use service::{Clock, Metrics, Problem, Reload, Shutdown, telemetry};

pub(crate) use self::settings::EdgeArgs;
use self::settings::{Settings, ShieldSecret};
use crate::WRONG_USAGE;
use crate::probe::{self, Probe};
use crate::store::ORIGIN_TIMEOUT;

/// Runs until SIGTERM or SIGINT.
pub(crate) fn run(args: EdgeArgs) -> anyhow::Result<ExitCode> {
    let settings = match Settings::decide(args, &|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => return Ok(wrong(&error.to_string())),
    };
    // Sends the last spans when it goes.
    let _exporting = telemetry::start_with(&settings.log, settings.collector.as_ref())
        .context("spans cannot be sent")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime cannot start")?;
    let served = runtime.block_on(serve(&settings));
    runtime.shutdown_background();
    served.map(|()| ExitCode::SUCCESS)
}

#[expect(clippy::print_stderr, reason = "the one sentence that a person must see, log or not")]
fn wrong(reason: &str) -> ExitCode {
    eprintln!("segue edge: {reason}");
    ExitCode::from(WRONG_USAGE)
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals().context("signals cannot be caught")?;
    let reload = Reload::on_hangup().context("signals cannot be caught")?;
    let health = Health::starting();
    let (listener, admin) = settings.listener.open().await?;
    let url = settings.listener.url_of(&listener)?;
    let tls = settings.listener.tls()?;

    let keys = settings.keys.read().await.context("no keys to believe tokens by")?;
    let trust = Trust {
        keys,
        segments: settings.segment_secrets.clone(),
        pulls: settings.listener.pulls.clone(),
    };
    let origin = settings.origin.read_only().context("the origin cannot be opened")?;
    let cache = cache(settings, Arc::clone(&origin))?;
    let (edge, metrics) = (Edge::new(cache, trust, Clock::system()), Metrics::default());
    edge.register(&metrics);
    probe::spawn(Probe::Origin(origin), &health);
    let serving = api::admin::serve(admin, health.clone(), metrics, shutdown.clone());
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the admin listener failed");
        }
    });
    tokio::spawn(settings.keys.clone().follow(edge.clone(), reload.clone()));
    if let (Some(files), Some(tls)) = (settings.listener.tls_files.clone(), tls.clone()) {
        tokio::spawn(files.follow(tls, reload));
    }
    let heeding = match settings.notices.bus().await? {
        Some(bus) => Some(settings.notices.heed(&bus, &edge, &health, &shutdown).await),
        None => {
            tracing::warn!("without a bus this edge hears of no purge or revocation");
            None
        }
    };
    health.set_ready(true);
    tell(&format!("The edge is at {url}"));

    let site =
        Site { edge, fallback: Router::new().fallback(nothing), tls, limits: Limits::default() };
    let told = shutdown.clone();
    let cut = delivery::serve(listener, site, async move { told.begun().await }).await;
    health.set_ready(false);
    if let Some(heeding) = heeding {
        heeding.leave().await;
    }
    tracing::info!(cut, "stopped");
    Ok(())
}

fn cache(settings: &Settings, origin: Arc<dyn ObjectStore>) -> anyhow::Result<Cache> {
    let bounds = cache::Settings::new(settings.cache_size, ORIGIN_TIMEOUT);
    let Some((url, ShieldSecret(secret))) = &settings.shield else {
        return Ok(Cache::with(origin, bounds));
    };
    let shield = Shield { url, secret, authority: None }.store().context("no shield")?;
    Ok(Cache::behind(shield, origin, bounds))
}

async fn nothing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "This is an edge: songs are below /t/.")
}

#[expect(clippy::print_stdout, reason = "standard output is for what a person asked for")]
fn tell(line: &str) {
    println!("{line}");
}
