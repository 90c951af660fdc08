//! `segue import INPUT… --server URL`: masters into a running catalogue, over its API.
//!
//! Reading order: [`Options`] → [`credentials`] (who uploads) → [`server`] and [`refusal`] (what is asked of it) →
//! [`song`] and [`compilations`] (one file's way) → [`outcome`] (what is said of it).

mod compilations;
mod credentials;
mod outcome;
mod refusal;
mod server;
mod song;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use reqwest::Url;
use tokio::runtime::Handle;
use transcode::MasterReader;
use transcode::cell::Limits;

use self::compilations::Compilations;
use self::credentials::Credentials;
use self::outcome::{Outcome, State, Totals};
use self::refusal::Refusal;
use self::server::Server;
use self::song::Line;
use crate::WRONG_USAGE;
use crate::batch::{self, Turns};
use crate::cell;
use crate::details::Details;
use crate::inputs::{self, Input, Refused};
use crate::meter::Board;
use crate::package::LONGEST_PATIENCE;
use crate::stop::Stop;

/// Upload masters into a running catalogue
///
/// What is there already is left alone, so that an interrupted run is completed by running it again.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Masters, folders of them, or quoted patterns such as 'music/**/*.flac'. What is no audio in a
    /// folder is left alone.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// The server, such as <https://music.example>.
    #[arg(long, value_name = "URL")]
    server: Url,
    /// Who uploads. The password is read from SEGUE_PASSWORD, or from the file that
    /// SEGUE_PASSWORD_FILE names. Without a user, SEGUE_TOKEN, or the file that SEGUE_TOKEN_FILE
    /// names, must hold an access token.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Files that are on their way at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    #[command(flatten)]
    details: Details,
    /// Upload files again that the server has, but could not package.
    #[arg(long)]
    retry_failed: bool,
    /// For how many seconds a server that fails is tried again.
    #[arg(long, value_name = "SECONDS", default_value_t = 180,
        value_parser = clap::value_parser!(u64).range(..=LONGEST_PATIENCE))]
    patience: u64,
    /// Print one JSON object per file instead of a summary.
    #[arg(long)]
    json: bool,
}

/// Uploads every input; one that fails stops no other.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let credentials =
        match Credentials::read(options.user.as_deref(), &|name| std::env::var(name).ok()) {
            Ok(credentials) => credentials,
            Err(error) => {
                writeln!(io::stderr(), "segue: {error}")?;
                return Ok(ExitCode::from(WRONG_USAGE));
            }
        };
    let (files, reader) = (inputs::gather(&options.inputs), cell::reader(Limits::default()));
    if options.details.names_one_song() && inputs::are_several_songs(&files, &reader) {
        writeln!(io::stderr(), "segue: --title is for one song, and there are several")?;
        return Ok(ExitCode::from(WRONG_USAGE));
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let stop = Stop::on_signals(&runtime)?;
    let reader = cell::stoppable_reader(Limits::default(), &stop);
    let done = run_on(options, &files, &reader, credentials, runtime.handle(), &stop);
    // What still waits for an answer, such as the look-up of a name, is nobody's to wait for.
    runtime.shutdown_background();
    done
}

fn run_on(
    options: &Options,
    files: &[Result<Input, Refused>],
    reader: &MasterReader,
    credentials: Credentials,
    runtime: &Handle,
    stop: &Stop,
) -> anyhow::Result<ExitCode> {
    let patience = Duration::from_secs(options.patience);
    let server = Server::new(options.server.clone(), credentials, patience, runtime, stop)?;
    // Wrong credentials are said once, not once for every file.
    match server.log_in() {
        Err(Refusal::Stopped) => return stopped(stop),
        logged_in => logged_in?,
    }
    let board = Board::of(files.len());
    let line = Line {
        server: &server,
        details: &options.details,
        reader,
        retry_failed: options.retry_failed,
        board: &board,
        stop,
        turns: Turns::default(),
        compilations: Compilations::default(),
    };
    let told = work_through(options, files, &line);
    drop(board);
    let all_done = told?;
    if stop.is_told() {
        return stopped(stop);
    }
    Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn stopped(stop: &Stop) -> anyhow::Result<ExitCode> {
    writeln!(io::stderr(), "segue: stopped; run it again to go on")?;
    Ok(stop.code().unwrap_or(ExitCode::FAILURE))
}

/// Whether nothing failed.
fn work_through(
    options: &Options,
    files: &[Result<Input, Refused>],
    line: &Line<'_>,
) -> anyhow::Result<bool> {
    let (mut totals, mut told) = (Totals::default(), Ok(()));
    let work = |file: &Result<Input, Refused>| match file {
        Ok(input) => line.work_on(input),
        Err(refused) => State::Failed(refused.reason.to_string()),
    };
    batch::run(files, options.jobs.into(), work, |file, state| {
        let file = file.as_ref().map_or_else(|refused| &refused.path, |input| &input.path);
        let outcome = Outcome { file, state };
        totals.add(&outcome);
        // Whoever stopped listening still gets all songs.
        let said = line.board.aside(|| outcome.tell(options.json));
        told = std::mem::replace(&mut told, Ok(())).and(said);
    });
    told?;
    if !options.json {
        writeln!(io::stdout(), "{totals}")?;
    }
    Ok(totals.are_clean())
}
