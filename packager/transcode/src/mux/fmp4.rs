//! CMAF fMP4 (ISO 23000-19 over ISO 14496-12): an init section and one file per segment, or all of it
//! in one file with an index.

mod index;
mod init;
mod ludt;
mod media_segment;
mod rates;
mod roll;
mod sample_entry;

use std::borrow::Cow;
use std::io::{self, Write};

use media::units::Samples;
use media::{Layout, Loudness, Rung, SwitchingSet};
use origin::SongFile;

use self::index::segment_index;
use self::init::InitSection;
pub(crate) use self::ludt::user_data;
use self::media_segment::Fragments;
use self::rates::Rates;
pub(crate) use self::roll::ROLL_DISTANCE;
use super::{MuxedRendition, MuxedSegment, Muxer};
use crate::cipher::Cipher;
use crate::segment::Segment;
use crate::work_folder::{Spool, WorkFolder};

/// The one track of every file.
const TRACK_ID: u32 = 1;

/// What fMP4 keeps of Opus's priming: one packet. Chromium drops the packets before the edit list's media
/// time but for one, and then as many samples as `dOps` calls pre-skip from what is left: with the four
/// packets of Ogg it swallows the first 60 ms of every song, with one it plays the first sample.
const OPUS_PRIMING: Samples = Samples(960);

/// What a decoder must be told before the first access unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecoderSetup {
    /// AAC: the AudioSpecificConfig (ISO 14496-3 1.6.2.1), as the encoder gives it.
    Aac(Vec<u8>),
    /// Opus: nothing that the priming doesn't say.
    Opus,
}

/// How a rendition is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// A file for the init section and one per segment; segments are encrypted where there is a cipher.
    Segments(Option<Cipher>),
    /// One file. Byte ranges would have to be encrypted one by one, and nothing could play the file
    /// by itself: that is not done.
    SingleFile,
}

/// Writes an fMP4 rendition: segments as they come, the init section at the end, since it states
/// the rates that were measured.
#[derive(Debug)]
pub struct Fmp4Muxer {
    work: WorkFolder,
    set: SwitchingSet,
    rung: Rung,
    setup: DecoderSetup,
    priming: Samples,
    cipher: Option<Cipher>,
    /// Units at the start that are no part of the priming here.
    surplus: usize,
    /// Where segments wait for what stands before them in a single file; `None` where each is a file.
    spool: Option<Spool>,
    decode_time: Samples,
    rates: Rates,
    segments: Vec<MuxedSegment>,
}

impl Fmp4Muxer {
    /// Begins a rendition of units of which the first `priming` samples come before the song. What is kept
    /// of them is written as the edit list's media time.
    ///
    /// # Errors
    /// What the file system said.
    pub fn create(
        work: &WorkFolder,
        set: SwitchingSet,
        rung: Rung,
        storage: Storage,
        setup: DecoderSetup,
        priming: Samples,
    ) -> io::Result<Self> {
        let (cipher, spool) = match storage {
            Storage::Segments(cipher) => (cipher, None),
            Storage::SingleFile => (None, Some(work.spool(SongFile::Whole(set, rung.kbps))?)),
        };
        let kept = match setup {
            DecoderSetup::Aac(_) => priming,
            DecoderSetup::Opus => priming.min(OPUS_PRIMING),
        };
        let surplus = priming.saturating_sub(kept).0 / rung.codec.frame().0;
        Ok(Self {
            work: work.clone(),
            set,
            rung,
            setup,
            priming: kept,
            surplus: surplus as usize,
            cipher,
            spool,
            decode_time: Samples::ZERO,
            rates: Rates::default(),
            segments: Vec::new(),
        })
    }

    fn fragments(&self) -> Fragments {
        Fragments {
            frame: self.rung.codec.frame(),
            roll: self.setup == DecoderSetup::Opus,
            apart: self.spool.is_none(),
        }
    }

    /// The segment as it is written here: the first one without the units that are too many.
    fn trimmed<'a>(&self, segment: &'a Segment) -> Cow<'a, Segment> {
        if segment.index > 0 || self.surplus == 0 {
            return Cow::Borrowed(segment);
        }
        let units = segment.units[self.surplus..].to_vec();
        Cow::Owned(Segment { units, ..*segment })
    }

    fn init_section(&self, loudness: &Loudness) -> mp4_atom::Result<Vec<u8>> {
        let (sample_entry, sample_groups) = match &self.setup {
            DecoderSetup::Aac(config) => (sample_entry::mp4a(config, &self.rates)?, Vec::new()),
            DecoderSetup::Opus => (sample_entry::opus(self.priming)?, vec![roll::description()]),
        };
        InitSection { sample_entry, sample_groups, priming: self.priming, loudness }.encode()
    }

    /// Init section, index, segments; tells the segments where they came to lie.
    fn write_whole(&mut self, init: &[u8], spool: Spool) -> io::Result<()> {
        let index = segment_index(&self.segments, self.priming).map_err(io::Error::other)?;
        let mut file = self.work.file(SongFile::Whole(self.set, self.rung.kbps))?;
        file.write_all(init)?;
        file.write_all(&index)?;
        let start = file.size();
        self.segments.iter_mut().for_each(|segment| segment.offset += start);
        io::copy(&mut spool.into_reader()?, &mut file)?;
        file.finish()
    }
}

impl Muxer for Fmp4Muxer {
    fn write(&mut self, segment: &Segment) -> io::Result<()> {
        let segment = self.trimmed(segment);
        let bytes =
            self.fragments().encode(&segment, self.decode_time).map_err(io::Error::other)?;
        let bytes = match &self.cipher {
            Some(cipher) => cipher.encrypt(segment.index, &bytes),
            None => bytes,
        };
        let mut offset = 0;
        match &mut self.spool {
            None => {
                let file = SongFile::Segment(self.set, self.rung.kbps, segment.index);
                self.work.write(file, &bytes)?;
            }
            Some(spool) => {
                offset = self.segments.last().map_or(0, |last| last.offset + last.size);
                spool.write_all(&bytes)?;
            }
        }
        segment.units.iter().for_each(|unit| self.rates.add(unit));
        let duration = segment.duration();
        self.decode_time += duration;
        self.segments.push(MuxedSegment { duration, offset, size: bytes.len() as u64 });
        Ok(())
    }

    fn finish(mut self: Box<Self>, loudness: &Loudness) -> io::Result<MuxedRendition> {
        let init = self.init_section(loudness).map_err(io::Error::other)?;
        let layout = match self.spool.take() {
            None => {
                self.work.write(SongFile::Init(self.set, self.rung.kbps), &init)?;
                Layout::Segments
            }
            Some(spool) => {
                self.write_whole(&init, spool)?;
                Layout::SingleFile
            }
        };
        Ok(MuxedRendition {
            set: self.set,
            rung: self.rung,
            layout,
            secret: self.cipher.map(|cipher| cipher.secret),
            priming: self.priming,
            init_size: init.len() as u64,
            segments: self.segments,
        })
    }
}
