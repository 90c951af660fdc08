//! `segue package INPUT… --out DIR|URL`: masters in, packaged songs out, without a server.
//!
//! Reading order: [`Options`] → [`crate::inputs`] (which files) → [`crate::batch`] (side by side) → [`song`] (one of
//! them) → [`target`] (where it arrives) → [`outcome`] and [`summary`] (what is said of it).

mod album;
mod asked;
mod cover;
mod failure;
mod ids;
mod outcome;
mod side_by_side;
mod song;
mod staging;
mod summary;
mod target;
mod work;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use service::config::ByteSize;
use tokio::runtime::Runtime;
use transcode::MasterReader;

use self::album::{Album, Sleeve};
use self::asked::Asked;
use self::cover::Scaler;
use self::failure::Failure;
use self::ids::Ids;
use self::outcome::{Outcome, State};
use self::song::Line;
use self::summary::Summary;
use self::target::Target;
use self::work::WorkFolder;
use crate::WRONG_USAGE;
use crate::batch::{self, Turns};
use crate::cell::{self, Bounds};
use crate::details::Details;
use crate::inputs::{self, Input, Refused};
use crate::meter::Board;
use crate::shown::Shown;
use crate::stop::Stop;
use crate::store::Place;

/// Package masters without a server
///
/// What is packaged already is left alone, so that an interrupted run is completed by running it again.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Masters, folders of them, or quoted patterns such as 'music/**/*.flac'. A file is what its
    /// bytes say; what is no audio in a folder is left alone.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// What receives artist/…/album/…/song/version/ of each master: a folder, or the URL of a
    /// store (s3://BUCKET/PREFIX, gs://…, az://…), whose credentials and endpoint are read from
    /// the environment (AWS_ACCESS_KEY_ID, AWS_ENDPOINT and so on).
    #[arg(long, value_name = "DIR|URL")]
    out: Place,
    /// Songs that are packaged side by side [default: by the number of cores].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// The memory that they may take together: it bounds the number of songs side by side.
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    memory: ByteSize,
    /// Say what would be packaged, and where to; write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Ids for the object keys, as far as they are not to follow from the master:
    /// artist=UUID,album=UUID,song=UUID.
    #[arg(long, value_name = "IDS")]
    ids: Option<Ids>,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    details: Details,
    #[command(flatten)]
    bounds: Bounds,
    /// Take the inputs as one album: packaged in the order of its tracks (by tags, else by file
    /// name), with one album id and the album's length and loudness at the end. Its title and artist
    /// are those of --album and --artist, else of the tags, else of the folder.
    #[arg(long)]
    as_album: bool,
    /// For how many seconds a store that fails is tried again.
    #[arg(long, value_name = "SECONDS", default_value_t = 180,
        value_parser = clap::value_parser!(u64).range(..=LONGEST_PATIENCE))]
    patience: u64,
    /// Where packages for a store are made before they are put [default: in the system's temporary
    /// folder].
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// Print one JSON object per file instead of a summary.
    #[arg(long)]
    json: bool,
}

/// A week, in seconds.
pub(crate) const LONGEST_PATIENCE: u64 = 7 * 24 * 3_600;

impl Options {
    /// What cannot be meant.
    fn contradiction(
        &self,
        files: &[Result<Input, Refused>],
        reader: &MasterReader,
    ) -> Option<String> {
        let one_song = match self.ids.unwrap_or_default().song {
            Some(_) => Some("--ids song=…"),
            None => self.details.names_one_song().then_some("--title"),
        };
        match one_song {
            Some(option) if inputs::are_several_songs(files, reader) => {
                Some(format!("{option} is for one song, and there are several"))
            }
            _ => self.asked.parameters().check().err().map(|error| error.to_string()),
        }
    }
}

/// Packages every input; one that fails stops no other.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut files = inputs::gather(&options.inputs);
    let reader = cell::reader(options.bounds.limits());
    if let Some(contradiction) = options.contradiction(&files, &reader) {
        return wrong(&contradiction);
    }
    let album = options.as_album.then(|| Album::arrange(&mut files, &options.details, &reader));
    let runtime = runtime()?;
    let stop = Stop::on_signals(&runtime)?;
    let reader = cell::stoppable_reader(options.bounds.limits(), &stop);
    let done = run_on(options, &files, &reader, album.as_ref(), &runtime, &stop);
    // What still waits for an answer, such as the look-up of a name, is nobody's to wait for.
    runtime.shutdown_background();
    done
}

fn run_on(
    options: &Options,
    files: &[Result<Input, Refused>],
    reader: &MasterReader,
    album: Option<&Album>,
    runtime: &Runtime,
    stop: &Stop,
) -> anyhow::Result<ExitCode> {
    let work = WorkFolder::of(options.work.as_deref());
    let patience = Duration::from_secs(options.patience);
    let target = match Target::open(&options.out, work, patience, runtime.handle(), stop) {
        Ok(target) => target,
        Err(error) => return wrong(&error.to_string()),
    };
    // Said once, and not once for every song, after it was made.
    match target.check(options.dry_run) {
        Err(Failure::Stopped) => return stopped(stop),
        checked => checked?,
    }
    if let Some(weakness) = cell::weakness(options.bounds.limits()) {
        writeln!(io::stderr(), "segue: {}", Shown(weakness))?;
    }
    let board = Board::of(files.len());
    let line = Line {
        target: &target,
        parameters: options.asked.parameters(),
        reader,
        details: &options.details,
        album,
        ids: options.ids.unwrap_or_default(),
        dry_run: options.dry_run,
        board: &board,
        stop,
        turns: Turns::default(),
        scaler: Scaler::default(),
    };
    let told = work_through(options, files, &line);
    drop(board);
    let all_done = told?;
    if stop.is_told() {
        return stopped(stop);
    }
    Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether nothing failed.
fn work_through(
    options: &Options,
    files: &[Result<Input, Refused>],
    line: &Line<'_>,
) -> anyhow::Result<bool> {
    let jobs = side_by_side::jobs(options.jobs, options.memory.0);
    let (started, mut told) = (Instant::now(), Ok(()));
    let (mut summary, mut sleeve) = (Summary::default(), Sleeve::default());
    let work = |file: &Result<Input, Refused>| match file {
        Ok(input) => line.work_on(input),
        Err(refused) => State::Failed(Failure::Refused(refused.reason.to_string())),
    };
    batch::run(files, jobs, work, |file, state| {
        let path = file.as_ref().map_or_else(|refused| &refused.path, |input| &input.path);
        let outcome = Outcome { file: path, state };
        summary.add(&outcome);
        sleeve.add(&outcome);
        // Whoever stopped listening still gets all songs.
        let said = line.board.aside(|| tell(&outcome, options.json));
        told = std::mem::replace(&mut told, Ok(())).and(said);
    });
    told?;
    line.board.aside(|| {
        if !options.json {
            write!(io::stdout(), "{}", summary.over(started.elapsed()))?;
        }
        match line.album {
            Some(album) if options.json => {
                writeln!(io::stdout(), "{}", sleeve.document(album, line.ids.album))
            }
            Some(album) => writeln!(io::stdout(), "{}", sleeve.line(album)),
            None => Ok(()),
        }
    })?;
    Ok(summary.is_clean())
}

/// Results go to stdout, failures to stderr; with `--json`, both go to stdout as well.
fn tell(outcome: &Outcome<'_>, json: bool) -> anyhow::Result<()> {
    if let State::Failed(failure) = &outcome.state {
        let sentence = format!("{}: {failure}", outcome.file.display());
        writeln!(io::stderr(), "segue: {}", Shown(sentence))?;
    }
    if json {
        writeln!(io::stdout(), "{}", serde_json::to_string(outcome)?)?;
    } else {
        write!(io::stdout(), "{outcome}")?;
    }
    Ok(())
}

/// Threads that move bytes to a store and hear signals: they wait more than they work.
fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

fn stopped(stop: &Stop) -> anyhow::Result<ExitCode> {
    writeln!(io::stderr(), "segue: stopped; run it again to go on")?;
    Ok(stop.code().unwrap_or(ExitCode::FAILURE))
}

fn wrong(reason: &str) -> anyhow::Result<ExitCode> {
    writeln!(io::stderr(), "segue: {}", Shown(reason))?;
    Ok(ExitCode::from(WRONG_USAGE))
}
