//! One kind of master: how it is made, and what of it must come back.

use std::path::{Path, PathBuf};
use std::process::Command;

/// File name ending, container, codec, depth, rate in Hz, channels, maker, what is exact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) u32,
    pub(super) usize,
    pub(super) Tool,
    pub(super) Exact,
);

/// Who makes the master, with which arguments.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tool {
    Ffmpeg(&'static str),
    Flac(&'static str),
    Lame(&'static str),
    Oggenc(&'static str),
    Opusenc(&'static str),
    Sox(&'static str),
    /// The FDK's encoder: an audio object type, in a container.
    Fdk(u32, &'static str),
}

/// What of the original comes back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Exact {
    /// Every sample.
    Bits,
    /// Every sample, to about so many bits.
    Depth(u32),
    /// Lossy: offset 0 and the very length.
    Place,
    /// Lossy: offset and length within one frame.
    Near,
    /// A sentence that says so.
    Refused(&'static str),
    /// The file does not say where the song lies: it begins late by so many frames, and is longer by
    /// at most so many.
    Late { frames: i64, more: usize },
}

impl Row {
    /// The row of the table.
    pub(super) fn line(&self) -> String {
        let Row(_, container, codec, depth, rate, channels, tool, exact) = self;
        let channels = match channels {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            6 => "5.1".to_owned(),
            8 => "7.1".to_owned(),
            other => other.to_string(),
        };
        let depth = if depth.is_empty() { "–" } else { depth };
        let (tool, exact) = (tool.text(), exact.text());
        format!("| {container} | {codec} | {depth} | {rate} | {channels} | {tool} | {exact} |")
    }

    /// The file, made from `wav`.
    pub(super) fn make(&self, wav: &Path, folder: &Path, number: usize) -> PathBuf {
        let out = folder.join(format!("{number}.{}", self.0));
        self.6.run(wav, &out);
        out
    }
}

impl Exact {
    fn text(self) -> String {
        match self {
            Self::Bits => "to the bit".to_owned(),
            Self::Depth(bits) => {
                format!("offset 0, exact length; to the {bits} bits that it holds")
            }
            Self::Place => "offset 0, exact length".to_owned(),
            Self::Near => "offset and length within one frame: SBR counts in pairs".to_owned(),
            Self::Refused(said) => format!("**refused**: {said}"),
            Self::Late { frames, more } => format!(
                "carries no gapless data: {frames} frames come first, at most {more} too many in all"
            ),
        }
    }
}

impl Tool {
    fn text(self) -> String {
        let (name, arguments) = match self {
            Self::Ffmpeg(arguments) => ("ffmpeg", arguments),
            Self::Flac(arguments) => ("flac", arguments),
            Self::Lame(arguments) => ("lame", arguments),
            Self::Oggenc(arguments) => ("oggenc", arguments),
            Self::Opusenc(arguments) => ("opusenc", arguments),
            Self::Sox(arguments) => ("sox", arguments),
            Self::Fdk(kind, container) => return format!("FDK, object type {kind}, {container}"),
        };
        format!("`{name} {arguments}").trim_end().to_owned() + "`"
    }

    fn run(self, wav: &Path, out: &Path) {
        let mut command = match self {
            Self::Ffmpeg(arguments) => {
                let mut command = Command::new("ffmpeg");
                command.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(wav);
                command.args(arguments.split_whitespace()).args(["-strict", "-2"]).arg(out);
                command
            }
            Self::Flac(arguments) => {
                let mut command = Command::new("flac");
                let arguments = arguments.split_whitespace();
                command.args(["-s", "-f"]).args(arguments).arg("-o").arg(out).arg(wav);
                command
            }
            Self::Lame(arguments) => {
                let mut command = Command::new("lame");
                command.arg("--silent").args(arguments.split_whitespace()).arg(wav).arg(out);
                command
            }
            Self::Oggenc(arguments) => {
                let mut command = Command::new("oggenc");
                command.arg("-Q").args(arguments.split_whitespace()).arg("-o").arg(out).arg(wav);
                command
            }
            Self::Opusenc(arguments) => {
                let mut command = Command::new("opusenc");
                command.arg("--quiet").args(arguments.split_whitespace()).arg(wav).arg(out);
                command
            }
            Self::Sox(arguments) => {
                let mut command = Command::new("sox");
                command.arg("-D").arg(wav).args(arguments.split_whitespace()).arg(out);
                command
            }
            Self::Fdk(kind, container) => return super::fdk::write(wav, kind, container, out),
        };
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && out.exists(), "{command:?}: {said}");
    }
}
