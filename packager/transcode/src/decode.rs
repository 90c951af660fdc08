//! A master to samples. Whatever the file is named, it is what its bytes say: WAV, FLAC, MP3 or Ogg
//! Vorbis. A master's own gapless data (LAME's delay and padding, Ogg's granules) is honoured.

mod open;
mod tally;
mod wav_header;

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use crate::package_error::PackageError;
use tally::Tally;

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
    reader: Box<dyn FormatReader>,
    codec: Box<dyn AudioDecoder>,
    track: u32,
    spec: MasterSpec,
    tally: Tally,
}

impl Decoder {
    /// What is known of the master.
    pub(crate) fn spec(&self) -> MasterSpec {
        self.spec
    }

    /// Replaces `out` by the next packet's samples, interleaved. `false` at the end, once it is
    /// clear that nothing is missing.
    pub(crate) fn next(&mut self, out: &mut Vec<f32>) -> Result<bool, PackageError> {
        guarded(|| self.next_packet(out))
            .unwrap_or_else(|| Err(self.tally.damaged(self.spec, PANIC)))
    }

    fn next_packet(&mut self, out: &mut Vec<f32>) -> Result<bool, PackageError> {
        out.clear();
        match self.reader.next_packet() {
            Ok(Some(packet)) if packet.track_id == self.track => {
                self.decode(&packet, out)?;
                Ok(true)
            }
            Ok(Some(_)) => Ok(true),
            Ok(None) => self.tally.check_end(self.spec).map(|()| false),
            Err(error) => Err(self.broken(error)),
        }
    }

    fn decode(&mut self, packet: &Packet, out: &mut Vec<f32>) -> Result<(), PackageError> {
        match self.codec.decode(packet) {
            Ok(samples) => {
                let same = samples.spec().rate() == self.spec.rate
                    && samples.spec().channels().count() == self.spec.channels;
                if !same {
                    let reason = "it changes its sample rate or channels on the way";
                    return Err(self.tally.damaged(self.spec, reason));
                }
                samples.copy_to_vec_interleaved(out);
                // One of them would spread through the resampler and blast out of the encoders.
                if out.iter().any(|sample| !sample.is_finite()) {
                    let reason = "it holds samples that are not numbers";
                    return Err(self.tally.damaged(self.spec, reason));
                }
                self.tally.decoded((out.len() / self.spec.channels) as u64);
                Ok(())
            }
            Err(Error::DecodeError(reason)) => self.conceal(packet, reason, out),
            Err(error) => Err(self.broken(error)),
        }
    }

    /// One lossy packet that cannot be decoded becomes silence of its length, so that the rest
    /// keeps its place.
    fn conceal(
        &mut self,
        packet: &Packet,
        reason: &str,
        out: &mut Vec<f32>,
    ) -> Result<(), PackageError> {
        let frames = packet.dur.get();
        self.tally.undecodable(frames);
        if self.spec.lossless || self.tally.is_beyond_repair() {
            return Err(self.tally.damaged(self.spec, reason));
        }
        out.resize(frames as usize * self.spec.channels, 0.0);
        Ok(())
    }

    fn broken(&self, error: Error) -> PackageError {
        use std::io::ErrorKind::UnexpectedEof;
        match error {
            Error::IoError(error) if error.kind() == UnexpectedEof => self.tally.cut_off(self.spec),
            Error::IoError(error) => PackageError::Read(error),
            Error::ResetRequired => {
                self.tally.damaged(self.spec, "several streams are chained in one file")
            }
            other => self.tally.damaged(self.spec, &other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
