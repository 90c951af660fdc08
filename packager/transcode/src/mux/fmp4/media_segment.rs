//! One media segment: `styp`, `moof`, `mdat` (CMAF segment of one fragment, ISO 23000-19 7.3.2).

use media::units::Samples;
use mp4_atom::{Atom, BufMut, Encode, FourCC, Mfhd, Moof, Styp, Tfdt, Tfhd, Traf, Trun, TrunEntry};

use super::{TRACK_ID, roll};
use crate::segment::Segment;

/// `sample_depends_on` = 2 and `sample_is_non_sync_sample` = 0: every access unit of AAC and
/// Opus is a sync sample (ISO 14496-12 8.8.3.1).
const SYNC_SAMPLE: u32 = 0x0200_0000;

/// Bytes of a box header with a 32-bit size.
const BOX_HEADER: usize = 8;

/// What all fragments of a rendition have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragments {
    /// A whole access unit.
    pub(super) frame: Samples,
    /// Whether a decoder that starts in mid-song must be told of its pre-roll. Opus asks for it; CMAF
    /// doesn't of AAC, whose pre-roll is every decoder's own business.
    pub(super) roll: bool,
    /// Whether each is a file of its own, which then says so first (ISO 14496-12 8.16.2).
    pub(super) apart: bool,
}

impl Fragments {
    /// The bytes of one segment.
    pub(super) fn encode(
        self,
        segment: &Segment,
        decode_time: Samples,
    ) -> mp4_atom::Result<Vec<u8>> {
        let payload: usize = segment.units.iter().map(|unit| unit.bytes.len()).sum();
        let mut out = Vec::with_capacity(payload + 4_096);
        if self.apart {
            styp().encode(&mut out)?;
        }
        self.encode_moof(segment, decode_time, &mut out)?;
        out.encode_atom(b"mdat", |out| {
            segment.units.iter().for_each(|unit| out.append_slice(&unit.bytes));
            Ok(())
        })?;
        Ok(out)
    }

    /// The data offset counts from the first byte of `moof`, whose size doesn't depend on it: encode
    /// once to measure, once to keep.
    fn encode_moof(
        self,
        segment: &Segment,
        decode_time: Samples,
        out: &mut Vec<u8>,
    ) -> mp4_atom::Result<()> {
        let mut moof = self.moof(segment, decode_time)?;
        let mut measure = Vec::new();
        moof.encode(&mut measure)?;
        let data_offset = i32::try_from(measure.len() + BOX_HEADER)
            .map_err(|_| mp4_atom::Error::TooLarge(Moof::KIND))?;
        moof.traf[0].trun[0].data_offset = Some(data_offset);
        moof.encode(out)
    }

    fn moof(self, segment: &Segment, decode_time: Samples) -> mp4_atom::Result<Moof> {
        let tfhd = Tfhd {
            track_id: TRACK_ID,
            default_sample_duration: Some(field(self.frame.0)?),
            default_sample_flags: Some(SYNC_SAMPLE),
            default_base_is_moof: true,
            ..Tfhd::default()
        };
        let samples = field(segment.units.len() as u64)?;
        let traf = Traf {
            tfhd,
            tfdt: Some(Tfdt { base_media_decode_time: decode_time.0 }),
            trun: vec![trun(segment, self.frame)?],
            sbgp: self.roll.then(|| roll::map(samples)).into_iter().collect(),
            ..Traf::default()
        };
        Ok(Moof { mfhd: Mfhd { sequence_number: segment.index + 1 }, traf: vec![traf] })
    }
}

/// Durations are spelt out only where one differs from the frame: in the segment that ends the song.
fn trun(segment: &Segment, frame: Samples) -> mp4_atom::Result<Trun> {
    let spelt_out = segment.units.iter().any(|unit| unit.duration != frame);
    let mut entries = Vec::with_capacity(segment.units.len());
    for unit in &segment.units {
        entries.push(TrunEntry {
            duration: if spelt_out { Some(field(unit.duration.0)?) } else { None },
            size: Some(field(unit.bytes.len() as u64)?),
            ..TrunEntry::default()
        });
    }
    Ok(Trun { data_offset: Some(0), samples: entries.into() })
}

fn styp() -> Styp {
    let (msdh, cmfs) = (FourCC::new(b"msdh"), FourCC::new(b"cmfs"));
    Styp { major_brand: msdh, minor_version: 0, compatible_brands: vec![msdh, cmfs] }
}

fn field(value: u64) -> mp4_atom::Result<u32> {
    u32::try_from(value).map_err(|_| mp4_atom::Error::InvalidSize)
}
