//! A master to samples. Whatever the file is named, it is what its bytes say: WAV, FLAC, MP3 or Ogg
//! Vorbis. A master's own gapless data (LAME's delay and padding, Ogg's granules) is honoured.

mod flac_end;
mod open;
mod tally;
mod wav_header;

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use crate::package_error::PackageError;
use flac_end::FlacEnd;
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

/// The most samples of one FLAC frame (RFC 9639 9.1.1).
const LONGEST_FRAME: u64 = 65_536;

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
    /// Where the master is native FLAC.
    flac: Option<FlacEnd>,
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
                self.check_place(&packet)?;
                self.decode(&packet, out)?;
                if let Some(flac) = &mut self.flac {
                    flac.pass(&packet);
                }
                Ok(true)
            }
            Ok(Some(_)) => Ok(true),
            // What follows the sound that was promised is a tag or junk.
            Ok(None) | Err(_)
                if self.flac.is_some() && self.tally.missing(self.spec) == Some(0) =>
            {
                self.tally.check_end(self.spec).map(|()| false)
            }
            Ok(None) => self.finish_flac(out, None),
            Err(error) => self.finish_flac(out, Some(error)),
        }
    }

    /// FLAC frames say where they belong (RFC 9639 9.1.5): between them, none may be missing, and
    /// none may come again or after the last.
    fn check_place(&mut self, packet: &Packet) -> Result<(), PackageError> {
        if self.flac.is_none() {
            return self.tally.check_surplus(self.spec, packet.trim_end.get());
        }
        let ahead = self.tally.ahead(packet.pts.get());
        if ahead > 0 {
            return Err(self.tally.damaged(self.spec, "a part of it is missing or spoilt"));
        }
        let again = packet.pts.get() == 0 && !self.tally.is_at_start();
        if again || self.tally.missing(self.spec) == Some(0) {
            return Err(self.tally.several(self.spec));
        }
        Ok(())
    }

    /// The reader found no further packet: where only a FLAC file's last frame is missing, it may
    /// be there behind what the reader takes for a part of it.
    fn finish_flac(
        &mut self,
        out: &mut Vec<f32>,
        error: Option<Error>,
    ) -> Result<bool, PackageError> {
        let missing = self.tally.missing(self.spec).filter(|&frames| frames <= LONGEST_FRAME);
        if let (Some(flac), Some(missing)) = (&mut self.flac, missing) {
            let last = flac
                .last_frame(&mut *self.codec, missing, self.spec.channels)
                .map_err(PackageError::Read)?;
            if let Some(packet) = last {
                self.decode(&packet, out)?;
                return Ok(true);
            }
        }
        match error {
            Some(error) => Err(self.broken(error)),
            None => self.tally.check_end(self.spec).map(|()| false),
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
