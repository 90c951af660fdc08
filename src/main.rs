//! The one binary: one subcommand per role, nothing else.

mod backup;
mod batch;
mod cell;
mod completions;
mod database;
mod details;
mod edge;
mod front;
mod gc;
mod hooks;
mod import;
mod inputs;
mod inspect;
mod jobs;
mod leftovers;
mod listener;
mod man;
mod meter;
mod migrate;
mod names;
mod notices;
mod package;
mod packaging;
mod probe;
mod repackage;
mod restore;
mod secrets;
mod shown;
mod spans;
mod stop;
mod store;
mod up;
mod waiting;
mod worker;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::shown::Shown;

/// The exit code for wrong usage or configuration.
pub(crate) const WRONG_USAGE: u8 = 2;

/// Adaptive HLS for music: packager, edge and API in one binary.
#[derive(Debug, Parser)]
#[command(version, about)]
struct CommandLine {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Run everything in one process: API, web page, ingest and edge.
    Up(Box<up::UpArgs>),
    /// Run an edge by itself.
    Edge(Box<edge::EdgeArgs>),
    /// Run a worker by itself, which packages songs that another machine takes in.
    Worker(Box<worker::WorkerArgs>),
    /// Bring the schema of a database up to date.
    Migrate(migrate::Options),
    /// Write a backup of a catalogue, its keys and its objects, while it is in use.
    Backup(backup::Options),
    /// Make a data folder and fill a database from a backup.
    Restore(restore::Options),
    /// See what other people's caches could not be told, and tell it again.
    Hooks(hooks::Options),
    /// Package masters without a server.
    Package(package::Options),
    /// Check packaged songs against every rule that they were made by.
    Inspect(inspect::Options),
    /// Upload masters into a running catalogue.
    Import(import::Options),
    /// See which songs are packaged, put failed ones back into the queue, or call some off.
    Jobs(jobs::Options),
    /// Remove what nobody needs any more from the store.
    Gc(gc::Options),
    /// Package songs once more from their masters, behind whatever else waits.
    Repackage(repackage::Options),
    /// Print what makes a shell complete our commands.
    Completions(completions::Options),
    /// Print a manual page, or write all of them into a folder.
    Man(man::Options),
}

/// 0 done, 1 the work failed, 2 wrong usage or configuration.
fn main() -> ExitCode {
    let done =
        cell::asked_for().map_or_else(|| run(CommandLine::parse().role), |it| cell::run(&it));
    done.unwrap_or_else(|error| {
        // Where not even stderr takes the sentence, the exit code still tells.
        drop(writeln!(std::io::stderr(), "segue: {}", Shown(format!("{error:#}"))));
        ExitCode::FAILURE
    })
}

fn run(role: Role) -> anyhow::Result<ExitCode> {
    match role {
        Role::Up(args) => Ok(up::run(*args)),
        Role::Edge(args) => edge::run(*args),
        Role::Worker(args) => worker::run(*args),
        Role::Migrate(options) => migrate::run(options),
        Role::Backup(options) => backup::run(options),
        Role::Restore(options) => restore::run(options),
        Role::Hooks(options) => hooks::run(options),
        Role::Package(options) => package::run(&options),
        Role::Inspect(options) => inspect::run(&options),
        Role::Import(options) => import::run(&options),
        Role::Jobs(options) => jobs::run(options),
        Role::Gc(options) => gc::run(options),
        Role::Repackage(options) => repackage::run(options),
        Role::Completions(options) => completions::run(&options, CommandLine::command()),
        Role::Man(options) => man::run(&options, CommandLine::command()),
    }
}
