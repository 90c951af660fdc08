//! Counts what a master gave, and judges at its end whether that is all of it.

use super::MasterSpec;
use super::demuxer::Broken;
use crate::package_error::PackageError;

/// A lossy stream that lacks at most this many frames is whole: headers count the tag's own packet
/// or not, as the encoder pleased (two MPEG frames).
const SLACK: u64 = 2 * 1_152;

/// A lossy stream may lose two packets, or one in a hundred: a cut MP3 begins with packets whose
/// bit reservoir is gone, and players pass over a spoilt one.
const SPARE_PACKETS: u64 = 2;

/// What a master gave so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    frames: u64,
    packets: u64,
    undecodable: u64,
    /// Frames that lie behind the length that was promised, and were dropped.
    surplus: u64,
    /// The place that the first packet gives itself: songs cut out of others begin late.
    start: Option<i64>,
}

impl Tally {
    pub(super) fn decoded(&mut self, frames: u64) {
        self.packets += 1;
        self.frames += frames;
    }

    pub(super) fn undecodable(&mut self, frames: u64) {
        self.undecodable += 1;
        self.decoded(frames);
    }

    /// Whether more is spoilt than may be passed over.
    pub(super) fn is_beyond_repair(&self) -> bool {
        self.undecodable > SPARE_PACKETS.max(self.packets / 100)
    }

    /// How many frames `place` lies behind those that came so far.
    pub(super) fn ahead(&mut self, place: i64) -> i64 {
        let start = *self.start.get_or_insert(place);
        place.saturating_sub(start).saturating_sub_unsigned(self.frames)
    }

    /// Whether nothing came yet.
    pub(super) fn is_at_start(&self) -> bool {
        self.packets == 0
    }

    /// How much of what was promised did not come yet.
    pub(super) fn missing(&self, spec: MasterSpec) -> Option<u64> {
        spec.promised.map(|promised| promised.saturating_sub(self.frames))
    }

    /// Counts `trimmed` frames at a packet's end. Encoders pad a song by a few packets; a second of
    /// them is another song behind it.
    pub(super) fn check_surplus(
        &mut self,
        spec: MasterSpec,
        trimmed: u64,
    ) -> Result<(), PackageError> {
        self.surplus += trimmed;
        if spec.promised.is_some() && self.surplus > u64::from(spec.rate) {
            return Err(self.several(spec));
        }
        Ok(())
    }

    /// Judges the end of the stream.
    pub(super) fn check_end(&self, spec: MasterSpec) -> Result<(), PackageError> {
        let slack = if spec.lossless { 0 } else { SLACK };
        match spec.promised {
            Some(promised) if self.frames + slack < promised => Err(self.cut_off(spec)),
            _ if self.frames == 0 => Err(PackageError::NoSamples),
            _ if self.undecodable == self.packets => Err(PackageError::NotAudio),
            _ => Ok(()),
        }
    }

    pub(super) fn cut_off(&self, spec: MasterSpec) -> PackageError {
        PackageError::CutOff { seconds: self.seconds(spec) }
    }

    pub(super) fn several(&self, spec: MasterSpec) -> PackageError {
        PackageError::Several { seconds: self.seconds(spec) }
    }

    pub(super) fn damaged(&self, spec: MasterSpec, reason: &str) -> PackageError {
        PackageError::Damaged { seconds: self.seconds(spec), reason: reason.to_owned() }
    }

    /// What it means that the stream breaks off here.
    pub(super) fn broken(&self, spec: MasterSpec, broken: Broken) -> PackageError {
        match broken {
            Broken::CutOff => self.cut_off(spec),
            Broken::Damaged(reason) => self.damaged(spec, reason),
            Broken::Several => self.several(spec),
            Broken::Read(error) => PackageError::Read(error),
        }
    }

    fn seconds(&self, spec: MasterSpec) -> f64 {
        self.frames as f64 / f64::from(spec.rate)
    }
}
