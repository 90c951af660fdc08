//! `segue package FILE… --out DIR`: masters in, packaged songs out, without a server.

mod failure;
mod meter;
mod outcome;
mod staging;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use media::{AlbumId, ArtistId, MasterHash, SongId};
use origin::SongFolder;
use transcode::Parameters;

use self::failure::Failure;
use self::meter::Meter;
use self::outcome::{Outcome, State};
use self::staging::Staging;

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The masters: WAV, AIFF, CAF, FLAC, ALAC, MP3, AAC, Ogg Vorbis, Opus, Matroska or WebM audio.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder that receives artist/…/album/…/song/version/ of each master.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print one JSON object per file instead of a summary.
    #[arg(long)]
    json: bool,
}

/// Packages every file; one that fails stops no other.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut seen = HashSet::new();
    let (mut all_done, mut told) = (true, Ok(()));
    for file in &options.files {
        let state = if seen.insert(fs::canonicalize(file).unwrap_or_else(|_| file.clone())) {
            package(file, &options.out).unwrap_or_else(State::Failed)
        } else {
            State::Failed(Failure::GivenTwice)
        };
        all_done &= !matches!(state, State::Failed(_));
        // Whoever stopped listening still gets all songs.
        told = told.and(tell(&Outcome { file, state }, options.json));
    }
    told?;
    Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Results go to stdout, failures to stderr; with `--json`, both go to stdout as well.
fn tell(outcome: &Outcome<'_>, json: bool) -> anyhow::Result<()> {
    if let State::Failed(failure) = &outcome.state {
        writeln!(io::stderr(), "segue: {}: {failure}", outcome.file.display())?;
    }
    if json {
        writeln!(io::stdout(), "{}", serde_json::to_string(outcome)?)?;
    } else {
        write!(io::stdout(), "{outcome}")?;
    }
    Ok(())
}

fn package(file: &Path, out: &Path) -> Result<State, Failure> {
    let hash = hash(file)?;
    let target = out.join(folder(&hash).to_string());
    if is_packaged(&target) {
        return Ok(State::AlreadyPackaged { folder: target });
    }
    let staging = Staging::open(out).map_err(|error| Failure::target(out, error))?;
    let work = staging.folder().map_err(|error| Failure::target(out, error))?;
    let started = Instant::now();
    let meter = Meter::new(file);
    let asset =
        transcode::package(file, &hash, work.path(), &parameters(), &|now| meter.show(now))?;
    let elapsed = started.elapsed();
    if work.publish(&target).map_err(|error| Failure::target(out, error))? {
        Ok(State::Packaged { folder: target, asset: Box::new(asset), elapsed })
    } else if is_packaged(&target) {
        Ok(State::AlreadyPackaged { folder: target })
    } else {
        Err(Failure::Incomplete { folder: target })
    }
}

/// `asset.json` and the multivariant playlists are the last files of a version; a folder arrives as
/// a whole, so one of them stands for all.
fn is_packaged(folder: &Path) -> bool {
    folder.join("asset.json").is_file()
}

fn hash(file: &Path) -> Result<MasterHash, Failure> {
    let metadata = fs::metadata(file).map_err(Failure::Open)?;
    if !metadata.is_file() {
        return Err(Failure::NotAFile);
    }
    let opened = File::open(file).map_err(Failure::Open)?;
    transcode::hash_master(opened).map_err(Failure::Open)
}

/// What every song gets.
fn parameters() -> Parameters {
    Parameters::default()
}

/// Without a catalogue, ids follow from the master alone: the same file is the same song.
fn folder(master: &MasterHash) -> SongFolder {
    SongFolder {
        artist: ArtistId::derived_from(master),
        album: AlbumId::derived_from(master),
        song: SongId::derived_from(master),
        version: transcode::version_of(master, &parameters()),
    }
}
