//! `segue man`: manual pages, made from what `--help` is made from.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Command;
use clap_mangen::Man;

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The command whose page is printed; without one, segue's own.
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Option<String>,
    /// Write every page into this folder instead: segue.1, segue-package.1 and so on.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints one page, or writes all.
pub(crate) fn run(options: &Options, mut command: Command) -> anyhow::Result<ExitCode> {
    command.build();
    if let Some(folder) = &options.out {
        let written = fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command.disable_help_subcommand(true), folder));
        written.with_context(|| format!("'{}' cannot be written to", folder.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let page = match &options.command {
        None => command,
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| anyhow!("there is no command '{name}'; see segue --help"))?,
    };
    let mut text = Vec::new();
    Man::new(page).render(&mut text)?;
    io::stdout().write_all(&text)?;
    Ok(ExitCode::SUCCESS)
}
