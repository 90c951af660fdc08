//! The segment index of a single file: `sidx` (ISO 14496-12 8.16.3), so that a player that has read
//! the first bytes knows where every segment lies.

use media::units::{SAMPLE_RATE, Samples};
use mp4_atom::{Encode, SegmentReference, Sidx};

use super::TRACK_ID;
use crate::mux::{MuxedSegment, heard};

/// A stream access point of type 1: decoding starts there, and everything from it on is right
/// (ISO 14496-12 annex I).
const CLOSED: u8 = 1;

/// The index of segments that follow it without a gap.
///
/// Its times are presentation times (8.16.3.3), which the edit list has shifted: the song's first
/// sample is at 0, and of the first segment only what is heard counts. Readers that go by it
/// (Shaka Player, dash.js) then look for a time in the segment that plays it; ffmpeg's writer cuts the
/// priming away here as well.
pub(super) fn segment_index(
    segments: &[MuxedSegment],
    priming: Samples,
) -> mp4_atom::Result<Vec<u8>> {
    let heard = heard(segments.iter().map(|segment| segment.duration), priming);
    let mut references = Vec::with_capacity(segments.len());
    for (segment, heard) in segments.iter().zip(heard) {
        references.push(SegmentReference {
            reference_type: false,
            referenced_size: field(segment.size)?,
            subsegment_duration: field(heard.0)?,
            starts_with_sap: true,
            sap_type: CLOSED,
            sap_delta_time: 0,
        });
    }
    let index = Sidx {
        reference_id: TRACK_ID,
        timescale: SAMPLE_RATE,
        earliest_presentation_time: 0,
        first_offset: 0,
        references,
    };
    let mut out = Vec::new();
    index.encode(&mut out)?;
    Ok(out)
}

fn field(value: u64) -> mp4_atom::Result<u32> {
    u32::try_from(value).map_err(|_| mp4_atom::Error::InvalidSize)
}
