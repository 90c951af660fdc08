//! CMAF fMP4 (ISO 23000-19 over ISO 14496-12): an init section, and one file per segment.

mod init;
mod ludt;
mod media_segment;

use std::io;

use media::units::{BitsPerSecond, Samples};
use media::{Codec, Loudness, Rung, SwitchingSet};
use origin::SongFile;

use self::init::InitSection;
pub(crate) use self::ludt::user_data;
use self::media_segment::encode_segment;
use super::{MuxedRendition, MuxedSegment, Muxer};
use crate::segment::{AccessUnit, Segment};
use crate::work_folder::WorkFolder;

/// The one track of every file.
const TRACK_ID: u32 = 1;

/// Writes an AAC rendition: segments as they come, the init section at the end, since it states
/// the rates that were measured.
#[derive(Debug)]
pub struct Fmp4Muxer {
    work: WorkFolder,
    set: SwitchingSet,
    rung: Rung,
    audio_specific_config: Vec<u8>,
    priming: Samples,
    decode_time: Samples,
    rates: Rates,
    segments: Vec<MuxedSegment>,
}

impl Fmp4Muxer {
    /// Begins a rendition. `audio_specific_config` is ISO 14496-3 1.6.2.1's, as the encoder gives it;
    /// `priming` is what a decoder must drop, written as the edit list's media time.
    ///
    /// # Errors
    /// Where the rung is not AAC.
    pub fn create(
        work: &WorkFolder,
        set: SwitchingSet,
        rung: Rung,
        audio_specific_config: &[u8],
        priming: Samples,
    ) -> io::Result<Self> {
        if rung.codec != Codec::AacLc {
            return Err(io::Error::other("fMP4 holds the AAC rungs alone"));
        }
        Ok(Self {
            work: work.clone(),
            set,
            rung,
            audio_specific_config: audio_specific_config.to_vec(),
            priming,
            decode_time: Samples::ZERO,
            rates: Rates::default(),
            segments: Vec::new(),
        })
    }
}

impl Muxer for Fmp4Muxer {
    fn write(&mut self, segment: &Segment) -> io::Result<()> {
        let bytes = encode_segment(segment, self.rung.codec.frame(), self.decode_time)
            .map_err(io::Error::other)?;
        self.work.write(SongFile::Segment(self.set, self.rung.kbps, segment.index), &bytes)?;
        segment.units.iter().for_each(|unit| self.rates.add(unit));
        let duration = segment.duration();
        self.decode_time += duration;
        self.segments.push(MuxedSegment { duration, offset: 0, size: bytes.len() as u64 });
        Ok(())
    }

    fn finish(self: Box<Self>, loudness: &Loudness) -> io::Result<MuxedRendition> {
        let init = InitSection {
            audio_specific_config: &self.audio_specific_config,
            priming: self.priming,
            peak: self.rates.peak(),
            average: self.rates.average(),
            loudness,
        };
        let bytes = init.encode().map_err(io::Error::other)?;
        self.work.write(SongFile::Init(self.set, self.rung.kbps), &bytes)?;
        Ok(MuxedRendition {
            set: self.set,
            rung: self.rung,
            priming: self.priming,
            init_size: bytes.len() as u64,
            segments: self.segments,
        })
    }
}

/// What `DecoderConfigDescriptor` states (ISO 14496-1 7.2.6.6): the average over the whole stream
/// and the highest rate over any second of it.
#[derive(Debug, Default)]
struct Rates {
    bytes: u64,
    length: Samples,
    /// The access units of the last second: size and duration.
    window: std::collections::VecDeque<(u64, Samples)>,
    window_bytes: u64,
    window_length: Samples,
    /// The highest rate over a whole second; `None` until one has passed.
    peak: Option<BitsPerSecond>,
}

impl Rates {
    const WINDOW: Samples = Samples(media::units::SAMPLE_RATE as u64);

    fn add(&mut self, unit: &AccessUnit) {
        let size = unit.bytes.len() as u64;
        self.bytes += size;
        self.length += unit.duration;
        self.window.push_back((size, unit.duration));
        self.window_bytes += size;
        self.window_length += unit.duration;
        while let Some((size, duration)) = self.window.front().copied() {
            if self.window_length - duration < Self::WINDOW {
                break;
            }
            self.window.pop_front();
            self.window_bytes -= size;
            self.window_length = self.window_length - duration;
        }
        if self.window_length >= Self::WINDOW {
            let rate = BitsPerSecond::of(self.window_bytes, self.window_length);
            self.peak = self.peak.max(Some(rate));
        }
    }

    fn average(&self) -> BitsPerSecond {
        BitsPerSecond::of(self.bytes, self.length)
    }

    /// A stream that is shorter than a second peaks at its average.
    fn peak(&self) -> BitsPerSecond {
        self.peak.unwrap_or(self.average())
    }
}
