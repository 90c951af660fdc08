//! `segue cell`, which nobody types: the process that a master is read in, and how this program
//! starts itself as one.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use media::Samples;
use media::units::SAMPLE_RATE;
use service::config::ByteSize;
use transcode::MasterReader;
use transcode::cell::{self, Cell, Limits};

use crate::stop::Stop;

const CELL: &str = "cell";

/// In seconds, where nobody says.
pub(crate) const DECODE_TIME: u64 = 30;

/// What another process of ours wants of this one, where that is what it was started for. No
/// command of a person's: neither help nor completions tell of it.
pub(crate) fn asked_for() -> Option<String> {
    let mut arguments = std::env::args().skip(1);
    (arguments.next()? == CELL).then(|| arguments.next().unwrap_or_default())
}

/// Reads one master, and nothing else any more.
pub(crate) fn run(brief: &str) -> anyhow::Result<ExitCode> {
    cell::serve(brief)?;
    Ok(ExitCode::SUCCESS)
}

/// What reading one master may take.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Bounds {
    /// The memory that decoding one song may take.
    #[arg(long, value_name = "SIZE", default_value = "512MiB")]
    decode_memory: ByteSize,
    /// The CPU seconds that decoding one song may take, and a quarter of the song's length more; by
    /// the clock, four times as many, and the song's length more.
    #[arg(long, value_name = "SECONDS", default_value_t = DECODE_TIME, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    decode_time: u64,
    /// The longest song that is accepted.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    longest_song: u64,
}

impl Bounds {
    pub(crate) fn limits(self) -> Limits {
        limits(self.decode_memory, self.decode_time, self.longest_song)
    }
}

/// The packager's own words for it.
pub(crate) fn limits(memory: ByteSize, seconds: u64, hours: u64) -> Limits {
    Limits {
        memory: memory.0,
        cpu: Duration::from_secs(seconds),
        // Others want the cores, too.
        patience: Duration::from_secs(seconds * 4),
        longest: Samples(hours * 3_600 * u64::from(SAMPLE_RATE)),
    }
}

/// Reads masters in processes of this very program.
pub(crate) fn reader(limits: Limits) -> MasterReader {
    MasterReader::in_cells(cells(limits))
}

/// Reads the tags of masters for somebody who waits: whatever takes longer has none.
pub(crate) fn label_reader(limits: Limits) -> MasterReader {
    let (cpu, patience) = (Duration::from_secs(5), Duration::from_secs(30));
    let (cpu, patience) = (limits.cpu.min(cpu), limits.patience.min(patience));
    reader(Limits { cpu, patience, ..limits })
}

/// The same, for threads whose work ends where we are told to stop.
pub(crate) fn stoppable_reader(limits: Limits, stop: &Stop) -> MasterReader {
    let stop = stop.clone();
    MasterReader::in_cells(cells(limits).watched(move || stop.check()))
}

/// Those processes.
pub(crate) fn cells(limits: Limits) -> Cell {
    Cell::of(program(), [OsString::from(CELL)], limits)
}

/// This program. On Linux it is found even where its file was replaced by a newer one meanwhile,
/// which may speak otherwise.
fn program() -> PathBuf {
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() { own } else { std::env::current_exe().unwrap_or_else(|_| "segue".into()) }
}

/// What is to be said of a system that holds cells less tightly than it could; `None` where all is
/// well.
pub(crate) fn weakness(limits: Limits) -> Option<String> {
    match cells(limits).try_escape() {
        Ok(report) => report.unfiltered.map(|reason| {
            format!(
                "decoders run with limits on memory and time, but without a filter of system calls, \
                 which this system does not offer: {reason}"
            )
        }),
        Err(error) => Some(error.to_string()),
    }
}
