//! `segue migrate`: brings the schema of a database up to date, before the new release is started on it.

use std::process::ExitCode;

use anyhow::Context;
use catalogue::Catalogue;
use clap::Args;
use service::Clock;

use crate::database;
use crate::shown::tell;

/// Brings the schema of the database in SEGUE_DATABASE_URL, or of the one in the data folder, up to date. `segue up` does
/// the same when it starts
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    named: database::NamedArgs,
}

/// Runs until it is done. Whoever is up to date is left as it is.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let url = match options.named.decide() {
        Ok(named) => named.database(),
        Err(error) => return Ok(database::wrong_usage("migrate", &error)),
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
