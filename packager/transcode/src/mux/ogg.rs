//! Opus in Ogg (RFC 7845 over RFC 3533): one progressive file whose segments are whole pages.

mod headers;
mod page_cuts;

use std::io;

use media::units::Samples;
use media::{Codec, Layout, Loudness, Rung, SwitchingSet};
use ogg::{PacketWriteEndInfo, PacketWriter};
use origin::SongFile;

use self::headers::{opus_head, opus_tags};
use self::page_cuts::page_ends;
use super::{MuxedRendition, MuxedSegment, Muxer};
use crate::segment::Segment;
use crate::work_folder::{WorkFile, WorkFolder};

/// Writes an Opus rendition. Every segment starts on a fresh page and ends one, so that a byte range
/// of the file is a segment.
pub struct OggMuxer {
    rung: Rung,
    pre_skip: Samples,
    serial: u32,
    pages: PacketWriter<'static, WorkFile>,
    init_size: u64,
    /// Samples of all packets so far, pre-skip included: the granule position (RFC 7845 4).
    granule: Samples,
    segments: Vec<MuxedSegment>,
}

impl OggMuxer {
    /// Begins a rendition with its two header pages. `vendor` names the encoder in `OpusTags`;
    /// `serial` marks the logical stream.
    ///
    /// # Errors
    /// What the file system said, or where the rung is not Opus or the pre-skip over 65,535.
    pub fn create(
        work: &WorkFolder,
        rung: Rung,
        pre_skip: Samples,
        serial: u32,
        vendor: &str,
    ) -> io::Result<Self> {
        if rung.codec != Codec::Opus {
            return Err(io::Error::other("Ogg holds the Opus rungs alone"));
        }
        let skip = u16::try_from(pre_skip.0).map_err(io::Error::other)?;
        let mut pages =
            PacketWriter::new(work.file(SongFile::Whole(SwitchingSet::Ogg, rung.kbps))?);
        for header in [opus_head(skip), opus_tags(vendor)] {
            pages.write_packet(header, serial, PacketWriteEndInfo::EndPage, 0)?;
        }
        let init_size = pages.inner().size();
        Ok(Self {
            rung,
            pre_skip,
            serial,
            pages,
            init_size,
            granule: Samples::ZERO,
            segments: Vec::new(),
        })
    }

    /// What a segment adds to the song: the first one's pre-skip is not heard.
    fn heard(&self, duration: Samples) -> Samples {
        let skipped = if self.segments.is_empty() { self.pre_skip } else { Samples::ZERO };
        duration.saturating_sub(skipped)
    }
}

impl Muxer for OggMuxer {
    fn write(&mut self, segment: &Segment) -> io::Result<()> {
        let offset = self.pages.inner().size();
        let ends = page_ends(&segment.units);
        for (index, unit) in segment.units.iter().enumerate() {
            self.granule += unit.duration;
            let end = match ends.binary_search(&(index + 1)) {
                Ok(_) if segment.last && index + 1 == segment.units.len() => {
                    PacketWriteEndInfo::EndStream
                }
                Ok(_) => PacketWriteEndInfo::EndPage,
                Err(_) => PacketWriteEndInfo::NormalPacket,
            };
            self.pages.write_packet(unit.bytes.clone(), self.serial, end, self.granule.0)?;
        }
        let size = self.pages.inner().size() - offset;
        let duration = self.heard(segment.duration());
        self.segments.push(MuxedSegment { duration, offset, size });
        Ok(())
    }

    /// Ogg says nothing of loudness: its tags come first, before it is known.
    fn finish(self: Box<Self>, _loudness: &Loudness) -> io::Result<MuxedRendition> {
        self.pages.into_inner().finish()?;
        Ok(MuxedRendition {
            set: SwitchingSet::Ogg,
            rung: self.rung,
            layout: Layout::SingleFile,
            secret: None,
            priming: self.pre_skip,
            init_size: self.init_size,
            segments: self.segments,
        })
    }
}
