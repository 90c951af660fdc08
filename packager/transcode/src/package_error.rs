//! Why a master could not be packaged, in sentences for the person who uploaded it.

use std::io;

use media::units::Samples;

use crate::cell::CellError;
use crate::encode::EncodeError;
use crate::inspect::{Report, Severity};
use crate::parameters::Contradiction;

/// Why a master could not be packaged.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// What was asked for contradicts itself: a fault of whoever configured it, not of the master.
    #[error(transparent)]
    Parameters(#[from] Contradiction),
    /// Nothing that a decoder knows.
    #[error("this is not audio that Segue knows; accepted are {}", crate::ACCEPTED)]
    NotAudio,
    /// A file of no bytes.
    #[error("the file is empty")]
    Empty,
    /// A file that is audio, but holds no sample of it.
    #[error("the file holds no sound: not a single sample")]
    NoSamples,
    /// The stream ends before what its header promises, or in the middle of a packet.
    #[error("the file is cut off: it ends after {seconds:.1} s of sound; please upload it again")]
    CutOff {
        /// The sound that was there.
        seconds: f64,
    },
    /// Bytes in the middle that cannot be decoded.
    #[error("the file is damaged: it cannot be decoded after {seconds:.1} s of sound ({reason})")]
    Damaged {
        /// The sound before the damage.
        seconds: f64,
        /// What the decoder said.
        reason: String,
    },
    /// Sound goes on behind the length that the header promises.
    #[error(
        "the file holds several streams: behind the first, which ends after {seconds:.1} s, there \
         is more sound; please upload each song as its own file"
    )]
    Several {
        /// The sound of the first.
        seconds: f64,
    },
    /// An MP4 whose edit list plays pieces of its sound.
    #[error(
        "the file's edit list puts the song together from several pieces of its sound; accepted is \
         one piece: please export the song as one"
    )]
    Pieces,
    /// No channel, or more than 7.1.
    #[error("the file has {0} channels; accepted are 1 to 8 (mono to 7.1)")]
    Channels(usize),
    /// Channels that stand for speakers which no stereo is mixed from.
    #[error(
        "the file has {0} channels of which it does not say, or not in a known way, where they are \
         heard; accepted are the usual layouts up to 7.1"
    )]
    Layout(usize),
    /// FLAC deeper than its decoder goes.
    #[error("the file is FLAC of {0} bit, which cannot be decoded yet; accepted are up to 24 bit")]
    FlacBits(u32),
    /// A rate that no master has.
    #[error("the file's sample rate is {0} Hz; accepted are 8,000 to 384,000 Hz")]
    SampleRate(u32),
    /// More sound than is accepted, promised or found.
    #[error("the song is longer than {}, which is the most that is accepted", hours(*.longest))]
    TooLong {
        /// What is accepted.
        longest: Samples,
    },
    /// The process that decodes it ended before its end.
    #[error(transparent)]
    Cell(#[from] CellError),
    /// The master could not be read.
    #[error("the file cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The package could not be written.
    #[error("the package cannot be written: {0}")]
    Write(#[source] io::Error),
    /// An encoder refused: a fault of the packager, not of the master.
    #[error("an encoder failed, which is not the file's fault: {0}")]
    Encode(#[from] EncodeError),
    /// The package did not pass its own inspection: a fault of the packager, not of the master.
    #[error("the package broke rules, which is not the file's fault: {}", breaches(.0))]
    Breach(Box<Report>),
}

/// The first few: where one rule is broken, often many are.
fn breaches(report: &Report) -> String {
    let breaches = report.findings.iter().filter(|it| it.severity == Severity::Breach);
    let breaches: Vec<String> =
        breaches.take(3).map(|it| format!("{} at {}", it.rule, it.at)).collect();
    breaches.join(", ")
}

/// Whole hours, or minutes, or seconds.
fn hours(length: Samples) -> String {
    let seconds = length.seconds();
    match seconds as u64 {
        whole if whole > 0 && whole.is_multiple_of(3_600) => format!("{} h", whole / 3_600),
        whole if whole > 0 && whole.is_multiple_of(60) => format!("{} minutes", whole / 60),
        _ => format!("{seconds:.0} s"),
    }
}
