//! A master to samples. Whatever the file is named, it is what its bytes say. A master's own gapless
//! data is honoured: what it decodes to begins with the song and ends with it.
//!
//! Reading order: `open` (what is it), then how it is read: `pcm` (plain samples), or `coded`: a
//! `demuxer` (`ogg`, `matroska`, `adts`; Symphonia's for FLAC, MP3, MP4 and compressed CAF) and a
//! `codec` (`aac`, `opus`; Symphonia's for the rest). `mp4` and `trim` find the song in what is
//! decoded, `tally` judges whether all of it came. `fixtures/MATRIX.md` lists what is exact.

#[expect(unsafe_code, reason = "the Fraunhofer FDK is a C library: every call of it is in here")]
pub(crate) mod aac;
mod adts;
mod codec;
mod coded;
mod demuxer;
mod flac_end;
mod flac_mask;
mod matroska;
mod mp4;
mod ogg;
mod open;
mod opus;
mod pcm;
mod tally;
mod trim;

use crate::downmix::Layout;
use crate::package_error::PackageError;
use coded::{Coded, Step};
use demuxer::Broken;
use pcm::Pcm;
use tally::Tally;
use trim::Trim;

/// What is known of a master before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MasterSpec {
    /// Frames per second: 8,000 to 384,000.
    pub(crate) rate: u32,
    /// Channels: one or more.
    pub(crate) channels: usize,
    /// Significant bits per sample; 24 where the codec has no such number.
    pub(crate) bits: u32,
    /// The length in frames that the header promises.
    pub(crate) promised: Option<u64>,
    /// Whether every packet must decode: a lossless stream has no packet to spare.
    pub(crate) lossless: bool,
}

/// What is said of a master that a decoder panics on.
const PANIC: &str = "the decoder stumbled over it";

/// Runs a parser of foreign bytes. `None` where it panicked: that is one song's fault, not a reason
/// to take others down. What it left behind is not used again.
fn guarded<T>(parse: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(parse)).ok()
}

/// A master being decoded.
pub(crate) struct Decoder {
    sound: Sound,
    spec: MasterSpec,
    layout: Option<Layout>,
    tally: Tally,
    trim: Trim,
}

/// How a master's sound is written.
enum Sound {
    Pcm(Pcm),
    Coded(Box<Coded>),
}

impl Sound {
    fn coded(coded: Coded) -> Self {
        Self::Coded(Box::new(coded))
    }
}

impl Decoder {
    /// What is known of the master.
    pub(crate) fn spec(&self) -> MasterSpec {
        self.spec
    }

    /// Where its channels are heard; `None` where that is not known.
    pub(crate) fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref()
    }

    /// Replaces `out` by the next packet's samples, interleaved. `false` at the end, once it is
    /// clear that nothing is missing.
    pub(crate) fn next(&mut self, out: &mut Vec<f32>) -> Result<bool, PackageError> {
        guarded(|| self.next_packet(out))
            .unwrap_or_else(|| Err(self.tally.damaged(self.spec, PANIC)))
    }

    fn next_packet(&mut self, out: &mut Vec<f32>) -> Result<bool, PackageError> {
        out.clear();
        let step = match &mut self.sound {
            Sound::Pcm(pcm) => {
                pcm.next(out).map_err(PackageError::Read)?;
                if out.is_empty() { Step::End } else { Step::Samples { concealed: false } }
            }
            Sound::Coded(coded) => coded.next(out, self.spec, &mut self.tally)?,
        };
        let Step::Samples { concealed } = step else {
            return self.tally.check_end(self.spec).map(|()| false);
        };
        // One of them would spread through the resampler and blast out of the encoders.
        if out.iter().any(|sample| !sample.is_finite()) {
            return Err(self.tally.damaged(self.spec, "it holds samples that are not numbers"));
        }
        self.trim.apply(out, self.spec.channels);
        let frames = (out.len() / self.spec.channels) as u64;
        if concealed {
            self.tally.undecodable(frames);
            if self.tally.is_beyond_repair() {
                return Err(self.tally.damaged(self.spec, "too many of its packets are spoilt"));
            }
        } else {
            self.tally.decoded(frames);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod matrix;
#[cfg(test)]
mod tests;
