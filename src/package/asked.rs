//! What is to be made of every song.

use media::{Layout, Lufs, SegmentSecrets, SwitchingSets};
use transcode::inspect::Verify;
use transcode::{Effort, Parameters};

use crate::secrets;

/// What to make of every song; with the master, it decides the version.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// What players may choose from, joined by commas: aac (plays everywhere), ogg (Opus in Ogg: mpv,
    /// VLC, ffmpeg, download), opus (in fMP4), saver (HE-AAC).
    #[arg(long, value_name = "SETS", default_value_t)]
    sets: SwitchingSets,
    /// How fMP4 is stored: segments (a file each) or single-file (byte ranges of one file).
    #[arg(long, value_name = "LAYOUT", default_value_t)]
    layout: Layout,
    /// Write a DASH manifest as well.
    #[arg(long)]
    dash: bool,
    /// How hard the encoders try: best, or fast for less CPU.
    #[arg(long, value_name = "EFFORT", default_value_t)]
    effort: Effort,
    /// Raise or lower every song to this integrated loudness, such as -14; peaks are not limited, so a
    /// song whose peaks leave no room stays quieter.
    #[arg(long, value_name = "LUFS", allow_hyphen_values = true)]
    normalize: Option<Lufs>,
    /// Encrypt segments (HLS AES-128) with keys that follow from the secret in this file: 64 hex digits, such
    /// as `openssl rand -hex 32` prints; of several lines, the first. For fMP4 in segments alone:
    /// --sets aac.
    #[arg(long, value_name = "FILE", value_parser = secrets::read)]
    segment_secret_file: Option<SegmentSecrets>,
    /// What a package must pass before it is published: fast (the rules that read files), or full (every
    /// rendition is decoded, too, and heard beside the others).
    #[arg(long, value_name = "HOW", default_value_t)]
    verify: Verify,
}

impl Asked {
    /// The packager's own words for it.
    pub(crate) fn parameters(&self) -> Parameters {
        Parameters {
            sets: self.sets.clone(),
            layout: self.layout,
            dash: self.dash,
            effort: self.effort,
            normalize: self.normalize,
            secret: self.segment_secret_file.as_ref().and_then(SegmentSecrets::first).cloned(),
            verify: self.verify,
        }
    }
}
