//! What a cell is told, and what it answers: messages of a kind, a length and a body. The reader of
//! answers believes none of them: each has a longest body, and what does not parse ends the cell.

use std::io::{self, Write};

use media::units::{CHANNELS, Samples};
use serde::{Deserialize, Serialize};

use crate::package_error::PackageError;
use crate::stereo::LONGEST_BLOCK;

/// What a cell is to do, all of it: its only argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Brief {
    pub(super) task: Task,
    /// Bytes.
    pub(super) memory: u64,
    /// Seconds.
    pub(super) cpu: u64,
    /// The process that it dies with.
    pub(super) parent: u32,
}

/// What is asked of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    /// What the header says.
    Heading,
    /// The same, and all sound.
    Frames,
    /// The master's tags.
    Tags,
    /// Its cover in sizes.
    Covers,
    /// The sizes of a picture, which is no master.
    Picture,
    /// To try what a cell may not do.
    Escape,
}

/// A kind of message, and the byte that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// JSON: a [`crate::stereo::Heading`].
    Heading = b'H',
    /// Samples, little-endian.
    Block = b'B',
    /// JSON: [`Tags`](crate::Tags).
    Tags = b'T',
    /// Width and height, little-endian, and a JPEG.
    Cover = b'C',
    /// JSON: an [`EscapeReport`](super::EscapeReport).
    Escape = b'E',
    /// JSON: a [`Failure`].
    Failed = b'F',
    /// Why a picture is no cover, in words.
    NoCover = b'P',
    /// Nothing follows.
    End = b'.',
}

/// Bytes before a body.
pub(super) const HEAD: usize = 5;

impl Kind {
    /// The kind and the length of the body, as a head says.
    pub(super) fn parse(head: [u8; HEAD]) -> Option<(Self, usize)> {
        let [kind, length @ ..] = head;
        let kinds = [
            Self::Heading,
            Self::Block,
            Self::Tags,
            Self::Cover,
            Self::Escape,
            Self::Failed,
            Self::NoCover,
            Self::End,
        ];
        let kind = kinds.into_iter().find(|it| *it as u8 == kind)?;
        let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
        (length <= kind.longest()).then_some((kind, length))
    }

    /// The most bytes of a body.
    fn longest(self) -> usize {
        match self {
            Self::Block => LONGEST_BLOCK * CHANNELS * size_of::<f32>(),
            Self::Cover => 8 << 20,
            Self::End => 0,
            _ => 64 << 10,
        }
    }
}

/// Writes one message; `message` is memory for it.
pub(super) fn send(
    out: &mut impl Write,
    kind: Kind,
    message: &mut Vec<u8>,
    body: impl FnOnce(&mut Vec<u8>),
) -> io::Result<()> {
    message.clear();
    message.extend([kind as u8, 0, 0, 0, 0]);
    body(message);
    let length = message.len() - HEAD;
    if length > kind.longest() {
        return Err(io::Error::other("a message that is too long"));
    }
    message[1..HEAD].copy_from_slice(&(length as u32).to_le_bytes());
    out.write_all(message)
}

/// Appends samples as bytes.
pub(super) fn put_samples(samples: &[f32], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + size_of_val(samples), 0);
    for (bytes, sample) in out[start..].chunks_exact_mut(size_of::<f32>()).zip(samples) {
        bytes.copy_from_slice(&sample.to_le_bytes());
    }
}

/// Whole frames of finite samples; `None` where the bytes are anything else.
pub(super) fn take_samples(bytes: &[u8]) -> Option<Vec<f32>> {
    let (samples, rest) = bytes.as_chunks();
    let samples: Vec<f32> = samples.iter().map(|sample| f32::from_le_bytes(*sample)).collect();
    let whole = rest.is_empty() && !samples.is_empty() && samples.len().is_multiple_of(CHANNELS);
    (whole && samples.iter().all(|sample| sample.is_finite())).then_some(samples)
}

/// The errors of a master on their way out of a cell. Those that stand for a fault of ours, or of
/// whoever asks, do not come from there.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Failure {
    NotAudio,
    Empty,
    NoSamples,
    CutOff(f64),
    Damaged(f64, String),
    Several(f64),
    Pieces,
    Channels(usize),
    Layout(usize),
    FlacBits(u32),
    SampleRate(u32),
    TooLong(Samples),
    Read(String),
}

/// The most characters of a text that came out of a cell.
const LONGEST_TEXT: usize = 300;

impl Failure {
    pub(super) fn of(error: &PackageError) -> Self {
        use PackageError as Error;
        match error {
            Error::NotAudio => Self::NotAudio,
            Error::Empty => Self::Empty,
            Error::NoSamples => Self::NoSamples,
            Error::CutOff { seconds } => Self::CutOff(*seconds),
            Error::Damaged { seconds, reason } => Self::Damaged(*seconds, reason.clone()),
            Error::Several { seconds } => Self::Several(*seconds),
            Error::Pieces => Self::Pieces,
            Error::Channels(count) => Self::Channels(*count),
            Error::Layout(count) => Self::Layout(*count),
            Error::FlacBits(bits) => Self::FlacBits(*bits),
            Error::SampleRate(rate) => Self::SampleRate(*rate),
            Error::TooLong { longest } => Self::TooLong(*longest),
            Error::Read(error) => Self::Read(error.to_string()),
            other => Self::Read(other.to_string()),
        }
    }

    pub(super) fn into_error(self) -> PackageError {
        use PackageError as Error;
        match self {
            Self::NotAudio => Error::NotAudio,
            Self::Empty => Error::Empty,
            Self::NoSamples => Error::NoSamples,
            Self::CutOff(seconds) => Error::CutOff { seconds },
            Self::Damaged(seconds, reason) => Error::Damaged { seconds, reason: plain(&reason) },
            Self::Several(seconds) => Error::Several { seconds },
            Self::Pieces => Error::Pieces,
            Self::Channels(count) => Error::Channels(count),
            Self::Layout(count) => Error::Layout(count),
            Self::FlacBits(bits) => Error::FlacBits(bits),
            Self::SampleRate(rate) => Error::SampleRate(rate),
            Self::TooLong(longest) => Error::TooLong { longest },
            Self::Read(reason) => Error::Read(io::Error::other(plain(&reason))),
        }
    }
}

/// One line of no great length.
pub(super) fn plain(text: &str) -> String {
    let kept = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    kept.take(LONGEST_TEXT).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(kind: Kind, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        send(&mut out, kind, &mut Vec::new(), |message| message.extend(body)).unwrap();
        out
    }

    #[test]
    fn a_message_is_a_kind_and_a_length() {
        let message = sent(Kind::Tags, b"{}");
        let (head, body) = message.split_first_chunk().unwrap();
        assert_eq!(Kind::parse(*head), Some((Kind::Tags, 2)));
        assert_eq!(body, b"{}");
    }

    #[test]
    fn what_is_unknown_or_too_long_is_no_message() {
        assert_eq!(Kind::parse([b'X', 0, 0, 0, 0]), None);
        assert_eq!(Kind::parse([b'H', 1, 0, 1, 0]), None, "65,537 bytes of a heading");
        assert_eq!(Kind::parse([b'B', 1, 0, 0x80, 0]), None, "more than the longest block");
        assert_eq!(Kind::parse([b'.', 1, 0, 0, 0]), None);
        let mut out = Vec::new();
        let long = send(&mut out, Kind::Tags, &mut Vec::new(), |body| body.resize(70_000, b' '));
        assert!(long.is_err() && out.is_empty());
    }

    #[test]
    fn samples_come_back_as_they_were() {
        let samples = [0.0, -0.0, 1.0, -1.5, f32::MIN_POSITIVE, 1.0 / 3.0];
        let mut bytes = Vec::new();
        put_samples(&samples, &mut bytes);
        let back = take_samples(&bytes).unwrap();
        let bits = |samples: &[f32]| samples.iter().map(|it| it.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(&samples));
        assert_eq!(take_samples(&bytes[..4]), None, "half a frame");
        assert_eq!(take_samples(&bytes[..9]), None, "half a sample");
        assert_eq!(take_samples(&[]), None);
        for broken in [f32::NAN, f32::INFINITY] {
            let mut bytes = Vec::new();
            put_samples(&[0.0, broken], &mut bytes);
            assert_eq!(take_samples(&bytes), None);
        }
    }

    #[test]
    fn an_error_keeps_its_sentence() {
        let errors = [
            PackageError::NotAudio,
            PackageError::CutOff { seconds: 1.5 },
            PackageError::Damaged { seconds: 0.5, reason: "because".to_owned() },
            PackageError::Several { seconds: 2.0 },
            PackageError::Pieces,
            PackageError::Channels(9),
            PackageError::SampleRate(1),
            PackageError::FlacBits(32),
            PackageError::Read(io::Error::other("gone")),
        ];
        for error in errors {
            let json = serde_json::to_string(&Failure::of(&error)).unwrap();
            let back: Failure = serde_json::from_str(&json).unwrap();
            assert_eq!(back.into_error().to_string(), error.to_string());
        }
        let long = Failure::Damaged(0.0, "a\n".repeat(1_000)).into_error().to_string();
        assert!(long.len() < 400 && !long.contains('\n'));
    }
}
