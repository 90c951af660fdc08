//! `segue migrate`: brings the schema of a database up to date, before the new release is started on it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use catalogue::{Catalogue, DatabaseUrl};
use clap::Args;
use service::Clock;
use service::config::{ConfigError, Said};

use crate::up::{DATA, keys};
use crate::{WRONG_USAGE, database};

/// Brings the schema of the database in SEGUE_DATABASE_URL, or of the one in the data folder, up to date. `segue up` does
/// the same when it starts
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder whose database is meant, where SEGUE_DATABASE_URL names none [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// A TOML file with these settings in snake_case [env: SEGUE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs until it is done. Whoever is up to date is left as it is.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let url = match decide(options) {
        Ok(url) => url,
        Err(error) => return Ok(wrong_usage(&error)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let opened = Catalogue::open(&url, Clock::system()).await;
        let catalogue = opened.with_context(|| format!("the database {url} cannot be migrated"))?;
        catalogue.close().await;
        tell(&format!("The database {url} is up to date"));
        Ok(ExitCode::SUCCESS)
    })
}

fn decide(options: Options) -> Result<DatabaseUrl, ConfigError> {
    let env = |name: &str| std::env::var(name).ok();
    let file = options.config.or_else(|| env("SEGUE_CONFIG").map(PathBuf::from));
    let flags = options.data.map(|data| (DATA.name, data));
    let said = Said::read(&keys(), file.as_deref(), &env, flags)?;
    let data = said.get(&DATA)?.unwrap_or_else(|| PathBuf::from("data"));
    let own = || DatabaseUrl::Sqlite(data.join(database::FILE));
    Ok(database::decide(&said)?.unwrap_or_else(own))
}

#[expect(clippy::print_stderr, reason = "the one sentence that a person must see, log or not")]
fn wrong_usage(error: &ConfigError) -> ExitCode {
    eprintln!("segue migrate: {error}");
    ExitCode::from(WRONG_USAGE)
}

#[expect(clippy::print_stdout, reason = "standard output is for what a person asked for")]
fn tell(line: &str) {
    println!("{line}");
}
