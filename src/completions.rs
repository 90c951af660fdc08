//! `segue completions SHELL`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Whose: for bash, `source <(segue completions bash)` in ~/.bashrc.
    shell: Shell,
}

/// Prints the shell's script.
pub(crate) fn run(options: &Options, mut command: Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "segue", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
