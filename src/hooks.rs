//! `segue hooks`: what other people's caches could not be told, and telling it again; and the hooks of a configuration file
//! ([`settings`]).

pub(crate) mod settings;

use std::process::ExitCode;

use anyhow::Context;
use catalogue::{Catalogue, Delivery, DeliveryState, song_document};
use clap::{Args, Subcommand};
use service::Clock;
use uuid::Uuid;

use crate::database;
use crate::shown::{Shown, tell};

/// How many are listed.
const MOST: u32 = 1_000;

/// Lists what hooks could not be told, or tells it again
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List dead letters: purges that were tried too often. What became of something last comes first
    List(ListOptions),
    /// Tell hooks dead letters again: the running `segue up` does so at once
    Replay(ReplayOptions),
}

#[derive(Debug, Args)]
struct ListOptions {
    #[command(flatten)]
    named: database::NamedArgs,
    /// Which: dead, open (those that wait) or done (of the last two days)
    #[arg(long, value_name = "STATE", default_value = "dead")]
    state: DeliveryState,
    /// Those of one hook alone
    #[arg(long, value_name = "NAME")]
    hook: Option<String>,
}

#[derive(Debug, Args)]
struct ReplayOptions {
    #[command(flatten)]
    named: database::NamedArgs,
    /// The one that has this id in the list
    #[arg(required_unless_present_any = ["hook", "all"])]
    id: Option<Uuid>,
    /// All of one hook
    #[arg(long, value_name = "NAME")]
    hook: Option<String>,
    /// All that there are
    #[arg(long, conflicts_with_all = ["id", "hook"])]
    all: bool,
}

/// Runs until it is done.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    match options.what {
        What::List(ListOptions { named, state, hook }) => on(named, async move |catalogue| {
            let listed = catalogue.deliveries().list(state, hook.as_deref(), MOST).await;
            for delivery in listed.context("the queue cannot be read")? {
                tell(&Shown(line(&delivery)).to_string());
            }
            Ok(())
        }),
        What::Replay(ReplayOptions { named, id, hook, all: _ }) => {
            on(named, async move |catalogue| {
                let opened = catalogue.deliveries().replay(hook.as_deref(), id).await;
                let opened = opened.context("the queue cannot be changed")?;
                tell(&format!("{opened} to be told again"));
                Ok(())
            })
        }
    }
}

fn on(
    named: database::NamedArgs,
    work: impl AsyncFnOnce(&Catalogue) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let url = match named.decide() {
        Ok(named) => named.database(),
        Err(error) => return Ok(database::wrong_usage("hooks", &error)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let opened = Catalogue::open(&url, Clock::system()).await;
        let catalogue = opened.with_context(|| format!("the database {url} cannot be opened"))?;
        let done = work(&catalogue).await;
        catalogue.close().await;
        done.map(|()| ExitCode::SUCCESS)
    })
}

/// Id, hook, state, attempts, when something last became of it, cause, event, and why it failed.
fn line(delivery: &Delivery) -> String {
    let Delivery { id, hook, state, attempts, updated_ms, cause, event, last_error, .. } = delivery;
    let at = song_document::rfc3339(*updated_ms);
    let reason = last_error.as_deref().unwrap_or("-");
    format!("{id}  {hook}  {}  {attempts}  {at}  {cause}  {event}  {reason}", state.name())
}
