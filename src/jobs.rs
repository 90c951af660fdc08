//! `segue jobs`: the queue of songs that are packaged, for whoever operates it.
//!
//! Reading order: [`Options`] → [`list`] and [`order`] (what is done) → [`line()`] and [`sentence`] (what is said of it).

use std::process::ExitCode;

use anyhow::{Context, bail};
use catalogue::Catalogue;
use catalogue::jobs::desk::{Entry, Filter, Order, State};
use catalogue::song_document::rfc3339;
use clap::{Args, Subcommand};
use media::{JobId, SongId};
use serde_json::json;
use service::Clock;
use service::config::ConfigError;

use crate::database;
use crate::shown::{Shown, tell};

/// See which songs are packaged, put failed ones back into the queue, or call some off
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List jobs, newest first.
    List(ListOptions),
    /// Put jobs back that failed, were parked or cancelled: their songs are packaged again.
    Retry(RetryOptions),
    /// Call off jobs that wait or are being worked on: their songs have failed then.
    Cancel(OrderOptions),
}

#[derive(Debug, Args)]
struct ListOptions {
    /// Only those: queued, delayed (tried again after a while), running, done, failed (the master is to blame), parked (tried
    /// in vain) or cancelled
    #[arg(long, value_name = "STATE")]
    state: Option<State>,
    /// Only those of this account
    #[arg(long, value_name = "USERNAME")]
    owner: Option<String>,
    /// Only those of this song
    #[arg(long, value_name = "ID")]
    song: Option<SongId>,
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct OrderOptions {
    /// The jobs, as segue jobs list names them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<JobId>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct RetryOptions {
    /// The jobs, as segue jobs list names them
    #[arg(required_unless_present = "parked", value_name = "ID")]
    ids: Vec<JobId>,
    /// All that were tried in vain, such as while a store was away
    #[arg(long, conflicts_with = "ids")]
    parked: bool,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct How {
    /// Print one JSON object per job
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: database::NamedArgs,
}

/// 0 where all was done, 1 where something was not, 2 for wrong usage.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match options.command {
            Command::List(options) => list(options).await,
            Command::Retry(RetryOptions { ids, parked, how }) => {
                let which = if parked { Which::Parked } else { Which::These(ids) };
                order(which, how, Verb::Retry).await
            }
            Command::Cancel(OrderOptions { ids, how }) => {
                order(Which::These(ids), how, Verb::Cancel).await
            }
        }
    })
}

async fn list(options: ListOptions) -> anyhow::Result<ExitCode> {
    let ListOptions { state, owner, song, limit, how } = options;
    let url = match how.named.decide() {
        Ok(named) => named.database(),
        Err(error) => return Ok(wrong_usage(&error)),
    };
    let catalogue = database::open(&url, Clock::system()).await?;
    let owner = match owner {
        Some(name) => Some(account(&catalogue, &name).await?),
        None => None,
    };
    let filter = Filter { state, owner, song };
    let entries =
        catalogue.jobs().list(&filter, limit).await.context("the queue cannot be read")?;
    for entry in &entries {
        tell(&if how.json { document(entry).to_string() } else { line(entry) });
    }
    catalogue.close().await;
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Clone, Copy)]
enum Verb {
    Retry,
    Cancel,
}

#[derive(Debug)]
enum Which {
    These(Vec<JobId>),
    Parked,
}

impl Which {
    async fn ids(self, catalogue: &Catalogue) -> anyhow::Result<Vec<JobId>> {
        if let Self::These(ids) = self {
            return Ok(ids);
        }
        let parked = Filter { state: Some(State::Parked), owner: None, song: None };
        let entries = catalogue.jobs().list(&parked, u32::MAX).await;
        let entries = entries.context("the queue cannot be read")?;
        Ok(entries.into_iter().map(|entry| entry.id).collect())
    }
}

/// What is asked of one job stops no other.
async fn order(which: Which, how: How, verb: Verb) -> anyhow::Result<ExitCode> {
    let url = match how.named.decide() {
        Ok(named) => named.database(),
        Err(error) => return Ok(wrong_usage(&error)),
    };
    let catalogue = database::open(&url, Clock::system()).await?;
    let (jobs, mut code) = (catalogue.jobs(), ExitCode::SUCCESS);
    for id in which.ids(&catalogue).await? {
        let came = match verb {
            Verb::Retry => jobs.put_back(id).await,
            Verb::Cancel => jobs.cancel(id, &operator()).await,
        };
        let came = came.with_context(|| format!("nothing was done about the job {id}"))?;
        let done = matches!(came, Order::Done | Order::Idle);
        if !done {
            code = ExitCode::FAILURE;
        }
        tell(&if how.json {
            json!({"id": id, "done": done, "state": state_after(came, verb)}).to_string()
        } else {
            sentence(id, came, verb)
        });
    }
    catalogue.close().await;
    Ok(code)
}

async fn account(catalogue: &Catalogue, name: &str) -> anyhow::Result<media::UserId> {
    match catalogue.users().by_username(name).await.context("the accounts cannot be read")? {
        Some((user, _)) => Ok(user.id),
        None => bail!("there is no account '{}'", Shown(name)),
    }
}

/// Whoever types this, as far as the machine says.
fn operator() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    named.map_or_else(|| "an operator".to_owned(), |name| format!("{} at a shell", Shown(name)))
}

fn wrong_usage(error: &ConfigError) -> ExitCode {
    database::wrong_usage("jobs", error)
}

fn line(entry: &Entry) -> String {
    let owner = entry.owner_name.as_deref().unwrap_or("-");
    let error = entry.last_error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    let (id, state, attempts) = (entry.id, entry.state.name(), entry.attempts);
    let said = format!("{owner}  {}{error}", entry.title);
    format!("{id}  {state:<9}  {attempts}  {}  {}", rfc3339(entry.updated_ms), Shown(said))
}

fn document(entry: &Entry) -> serde_json::Value {
    json!({
        "id": entry.id,
        "state": entry.state.name(),
        "song": entry.song,
        "title": entry.title,
        "owner": entry.owner_name,
        "owner_id": entry.owner,
        "priority": entry.priority.name(),
        "attempts": entry.attempts,
        "last_error": entry.last_error,
        "created_at": rfc3339(entry.created_ms),
        "updated_at": rfc3339(entry.updated_ms),
        "due_at": entry.due_ms.map(rfc3339),
    })
}

fn sentence(id: JobId, came: Order, verb: Verb) -> String {
    match (came, verb) {
        (Order::Done, Verb::Retry) => format!("{id} is queued again"),
        (Order::Idle, Verb::Retry) => format!("{id} is in the queue already"),
        (Order::Done, Verb::Cancel) => format!("{id} is cancelled"),
        (Order::Idle, Verb::Cancel) => format!("{id} is cancelled already"),
        (Order::TooLate(state), _) => {
            format!("{id} stays as it is: it is {} already", state.name())
        }
        (Order::Unknown, _) => format!("{id} is no job of this database"),
    }
}

/// What the job is now; none where there is none.
fn state_after(came: Order, verb: Verb) -> Option<&'static str> {
    match (came, verb) {
        (Order::Unknown, _) => None,
        (Order::TooLate(state), _) => Some(state.name()),
        (_, Verb::Retry) => Some(State::Queued.name()),
        (_, Verb::Cancel) => Some(State::Cancelled.name()),
    }
}
