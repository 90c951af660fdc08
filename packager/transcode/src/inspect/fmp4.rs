//! What an fMP4 file says (ISO 14496-12): an init section, a segment, or both and an index in one.

use std::io::{self, Read};

use media::Codec;
use media::units::{SAMPLE_RATE, Samples};
use mp4_atom::{Atom, FourCC, Ftyp, Mdat, Moof, Moov, Sidx, Styp, Tfhd, Traf, Trak, TrunEntry};

use super::boxes::{Box, Boxes, HEADER};
use super::report::Findings;
use super::rule::Rule;
use super::{roll, sample_entry};

/// The most segments of one file: what the index's 16 bit can count (8.16.3).
const MOST_FRAGMENTS: usize = u16::MAX as usize;

/// The longest fragment that is told from longer ones: a day, so that no sum of them overflows.
const LONGEST: u64 = u32::MAX as u64;

/// What an init section promises.
#[derive(Debug, Clone)]
pub(super) struct Init {
    /// The edit list's media time.
    pub(super) priming: Samples,
    /// The track's `udta`, whole; empty where there is none.
    pub(super) user_data: Vec<u8>,
}

/// What a segment holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    pub(super) sequence: u32,
    pub(super) decode_time: Samples,
    /// The sum of its samples' durations.
    pub(super) duration: Samples,
    /// Where it begins in its file, and its size in bytes.
    pub(super) start: u64,
    pub(super) size: u64,
}

/// What a single file holds.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) init: Option<Init>,
    /// Where `ftyp` and `moov` end.
    pub(super) init_size: u64,
    pub(super) index: Option<Sidx>,
    pub(super) fragments: Vec<Fragment>,
}

/// Reads an init section; `None` where nothing can be said of it.
pub(super) fn read_init(
    at: &str,
    codec: Codec,
    reader: &mut dyn Read,
    findings: &mut Findings,
) -> io::Result<Option<Init>> {
    let mut boxes = Boxes::new(at, reader);
    let Some([ftyp, moov]) = boxes.expect([Ftyp::KIND, Moov::KIND], findings)? else {
        return Ok(None);
    };
    boxes.expect_end(findings)?;
    Ok(check_init(at, codec, &ftyp, &moov, findings))
}

/// Reads a segment; `None` where nothing can be said of it.
pub(super) fn read_segment(
    at: &str,
    codec: Codec,
    reader: &mut dyn Read,
    findings: &mut Findings,
) -> io::Result<Option<Fragment>> {
    let mut boxes = Boxes::new(at, reader);
    let kinds = [Styp::KIND, Moof::KIND, Mdat::KIND];
    let Some([styp, moof, mdat]) = boxes.expect(kinds, findings)? else { return Ok(None) };
    boxes.expect_end(findings)?;
    let fragment = read_fragment(at, codec, &moof, &mdat, findings);
    Ok(fragment.map(|it| Fragment { start: styp.start, size: mdat.end(), ..it }))
}

/// Reads a single file; `None` where nothing can be said of it.
pub(super) fn read_whole(
    at: &str,
    codec: Codec,
    reader: &mut dyn Read,
    findings: &mut Findings,
) -> io::Result<Option<Whole>> {
    let mut boxes = Boxes::new(at, reader);
    let kinds = [Ftyp::KIND, Moov::KIND, Sidx::KIND];
    let Some([ftyp, moov, sidx]) = boxes.expect(kinds, findings)? else { return Ok(None) };
    let mut whole = Whole {
        init: check_init(at, codec, &ftyp, &moov, findings),
        init_size: moov.end(),
        index: sidx.decode(at, findings),
        fragments: Vec::new(),
    };
    while let Some(moof) = boxes.next(findings)? {
        let mdat = boxes.next(findings)?.filter(|it| it.kind == Mdat::KIND);
        let (Moof::KIND, Some(mdat)) = (moof.kind, mdat) else {
            findings.breach(Rule::Fmp4Boxes, at, moof.kind, "moof and mdat to the end");
            break;
        };
        let place = format!("{at} segment {}", whole.fragments.len());
        whole.fragments.extend(read_fragment(&place, codec, &moof, &mdat, findings));
        if whole.fragments.len() > MOST_FRAGMENTS {
            let wanted = format!("at most {MOST_FRAGMENTS}");
            findings.breach(Rule::Fmp4Boxes, at, "more segments", wanted);
            break;
        }
    }
    Ok(Some(whole))
}

fn check_init(
    at: &str,
    codec: Codec,
    ftyp: &Box,
    moov: &Box,
    findings: &mut Findings,
) -> Option<Init> {
    let ftyp: Ftyp = ftyp.decode(at, findings)?;
    for brand in [b"iso6", b"cmfc"] {
        let brand = FourCC::new(brand);
        if !ftyp.compatible_brands.contains(&brand) {
            let brands = format!("{:?}", ftyp.compatible_brands);
            findings.breach(Rule::Fmp4Brands, at, brands, brand);
        }
    }
    let user_data = moov.descend(&[Trak::KIND, FourCC::new(b"udta")]).map(<[u8]>::to_vec);
    let user_data = user_data.unwrap_or_default();
    let moov: Moov = moov.decode(at, findings)?;
    check_header(at, &moov, findings);
    let [trak] = &moov.trak[..] else {
        findings.breach(Rule::Fmp4Boxes, at, format!("{} tracks", moov.trak.len()), "1 track");
        return None;
    };
    check_track(at, trak, findings);
    let priming = read_edit_list(at, trak, findings)?;
    let stbl = &trak.mdia.minf.stbl;
    sample_entry::check(at, codec, &stbl.stsd.codecs, priming, findings);
    if codec == Codec::Opus {
        roll::check_description(at, &stbl.sgpd, findings);
    }
    Some(Init { priming, user_data })
}

fn check_header(at: &str, moov: &Moov, findings: &mut Findings) {
    if moov.mvex.as_ref().is_none_or(|mvex| mvex.trex.len() != 1) {
        findings.breach(Rule::Fmp4Boxes, at, "no mvex with one trex", "mvex/trex");
    }
    let mvhd = &moov.mvhd;
    findings.expect(Rule::Fmp4Header, format!("{at} mvhd duration"), mvhd.duration, 0);
    findings.expect(Rule::Fmp4Header, format!("{at} mvhd time"), mvhd.creation_time, 0);
}

fn check_track(at: &str, trak: &Trak, findings: &mut Findings) {
    let mdhd = &trak.mdia.mdhd;
    findings.expect(Rule::Fmp4Header, format!("{at} tkhd duration"), trak.tkhd.duration, 0);
    findings.expect(Rule::Fmp4Header, format!("{at} mdhd duration"), mdhd.duration, 0);
    findings.expect(Rule::Fmp4Header, format!("{at} mdhd timescale"), mdhd.timescale, SAMPLE_RATE);
}

fn read_edit_list(at: &str, trak: &Trak, findings: &mut Findings) -> Option<Samples> {
    let list = trak.edts.as_ref().and_then(|edts| edts.elst.as_ref());
    let entries = list.map_or(&[][..], |list| &list.entries);
    match entries {
        [entry] if entry.segment_duration == 0 && entry.media_rate.integer() == 1 => {
            entry.media_time.map(Samples)
        }
        _ => None,
    }
    .or_else(|| {
        let wanted = "one edit of duration 0 and rate 1 from the priming on";
        findings.breach(Rule::Fmp4EditList, at, format!("{entries:?}"), wanted);
        None
    })
}

fn read_fragment(
    at: &str,
    codec: Codec,
    moof_box: &Box,
    mdat: &Box,
    findings: &mut Findings,
) -> Option<Fragment> {
    let moof: Moof = moof_box.decode(at, findings)?;
    let [traf] = &moof.traf[..] else {
        findings.breach(Rule::Fmp4Boxes, at, format!("{} traf", moof.traf.len()), "1 traf");
        return None;
    };
    let Some(tfdt) = &traf.tfdt else {
        findings.breach(Rule::Fmp4Boxes, at, "no tfdt", "tfdt in every traf");
        return None;
    };
    check_data(at, traf, moof_box, mdat, findings);
    if codec == Codec::Opus {
        roll::check_map(at, traf, findings);
    }
    let duration = sum(traf, |entry, tfhd| entry.duration.or(tfhd.default_sample_duration));
    Some(Fragment {
        sequence: moof.mfhd.sequence_number,
        decode_time: Samples(tfdt.base_media_decode_time),
        duration: Samples(duration.min(LONGEST)),
        start: moof_box.start,
        size: moof_box.size + mdat.size,
    })
}

/// Offsets count from `moof` (`default-base-is-moof`), and the samples fill `mdat`.
fn check_data(at: &str, traf: &Traf, moof: &Box, mdat: &Box, findings: &mut Findings) {
    if !traf.tfhd.default_base_is_moof || traf.tfhd.base_data_offset.is_some() {
        findings.breach(Rule::Fmp4Data, at, "another base", "default-base-is-moof");
    }
    let [trun] = &traf.trun[..] else {
        findings.breach(Rule::Fmp4Boxes, at, format!("{} trun", traf.trun.len()), "1 trun");
        return;
    };
    let wanted = moof.size + HEADER;
    let found = trun.data_offset.map_or(0, i64::from);
    findings.expect(Rule::Fmp4Data, format!("{at} data offset"), found, wanted as i64);
    let sizes = sum(traf, |entry, tfhd| entry.size.or(tfhd.default_sample_size));
    findings.expect(Rule::Fmp4Data, format!("{at} sizes"), sizes, mdat.size - HEADER);
}

/// A sum over all samples. A run without any field of its own says its count alone and may claim
/// four thousand million samples: it is multiplied, not walked.
fn sum(traf: &Traf, field: impl Fn(TrunEntry, &Tfhd) -> Option<u32>) -> u64 {
    let value = |entry| u64::from(field(entry, &traf.tfhd).unwrap_or(0));
    traf.trun
        .iter()
        .map(|trun| match &trun.samples {
            mp4_atom::TrunSamples::Inherited { count, .. } => {
                u64::from(*count) * value(TrunEntry::default())
            }
            mp4_atom::TrunSamples::Explicit(entries) => entries.iter().copied().map(value).sum(),
        })
        .fold(0, u64::saturating_add)
}
