//! ffmpeg as a judge that is not ours. 5.1 (Debian's) plays the priming of fragmented MP4, so it is
//! asked to drop what lies before time 0; 8.0 honours the edit list and can seek.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Frame;

/// Which ffmpeg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ffmpeg {
    /// `ffmpeg` on the path.
    Debian,
    /// 8.0, where `make test` put it, or where `SEGUE_FFMPEG8` says.
    V8,
}

impl Ffmpeg {
    /// Decodes `input` (a path or a URL) from the song's first sample to stereo at 48 kHz.
    ///
    /// # Panics
    /// Where ffmpeg is missing or fails: what it said is in the message.
    #[must_use]
    pub fn decode(self, input: &str) -> Vec<Frame> {
        match self {
            Self::Debian => self.run(&["-copyts"], input, &["-af", "atrim=start=0"]),
            Self::V8 => self.run(&[], input, &[]),
        }
    }

    /// Seeks to half a second before `start` and decodes from `start` seconds on. ffmpeg counts a
    /// plain `-ss` from the first timestamp, priming included, and cuts at access units; so it is
    /// told to seek and to cut by the song's own timestamps, which are what is judged.
    ///
    /// # Panics
    /// As [`Ffmpeg::decode`].
    #[must_use]
    pub fn decode_from(self, input: &str, start: f64) -> Vec<Frame> {
        let (seek, cut) = ((start - 0.5).to_string(), format!("atrim=start={start}"));
        self.run(&["-seek_timestamp", "1", "-ss", &seek, "-copyts"], input, &["-af", &cut])
    }

    fn run(self, before: &[&str], input: &str, after: &[&str]) -> Vec<Frame> {
        let mut command = Command::new(self.binary());
        command.args(["-v", "error", "-nostdin"]).args(before);
        if input.contains(".m3u8") {
            command.args(["-allowed_extensions", "ALL"]);
        }
        command.args(["-i", input]).args(after);
        command.args(["-f", "f32le", "-ar", "48000", "-ac", "2", "-"]);
        let output = command.output().unwrap_or_else(|error| panic!("{self:?} ffmpeg: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ffmpeg could not decode {input}: {said}");
        frames(&output.stdout)
    }

    fn binary(self) -> PathBuf {
        match self {
            Self::Debian => "ffmpeg".into(),
            Self::V8 => std::env::var_os("SEGUE_FFMPEG8").map_or_else(installed_v8, PathBuf::from),
        }
    }
}

/// Interleaved little-endian f32 stereo as frames.
#[must_use]
pub fn frames(bytes: &[u8]) -> Vec<Frame> {
    let sample = |at: &[u8]| f32::from_le_bytes([at[0], at[1], at[2], at[3]]);
    bytes.chunks_exact(8).map(|frame| [sample(&frame[..4]), sample(&frame[4..])]).collect()
}

fn installed_v8() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin/ffmpeg8")
}
