//! What an init section and a segment say (ISO 14496-12).

use media::units::{CHANNELS, SAMPLE_RATE, Samples};
use mp4_atom::{
    Atom, Codec, Decode, FourCC, Ftyp, Moof, Moov, Mp4a, Styp, Tfhd, Traf, Trak, TrunEntry,
};

use super::report::{Findings, Rule};

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
}

/// A box: its kind, where it begins, all of its bytes and those after its header.
#[derive(Clone, Copy)]
struct Box<'a> {
    kind: FourCC,
    start: usize,
    whole: &'a [u8],
    body: &'a [u8],
}

/// Reads an init section; `None` where nothing can be said of it.
pub(super) fn read_init(at: &str, bytes: &[u8], findings: &mut Findings) -> Option<Init> {
    let [ftyp, moov] = exactly([Ftyp::KIND, Moov::KIND], at, bytes, findings)?;
    let ftyp: Ftyp = decode(at, ftyp, findings)?;
    for brand in [b"iso6", b"cmfc"] {
        let brand = FourCC::new(brand);
        if !ftyp.compatible_brands.contains(&brand) {
            let brands = format!("{:?}", ftyp.compatible_brands);
            findings.breach(Rule::Fmp4Brands, at, brands, brand);
        }
    }
    let user_data = descend(moov, &[Trak::KIND, FourCC::new(b"udta")]);
    let user_data = user_data.map_or_else(Vec::new, |udta| udta.whole.to_vec());
    let moov: Moov = decode(at, moov, findings)?;
    check_header(at, &moov, findings);
    let [trak] = &moov.trak[..] else {
        findings.breach(Rule::Fmp4Boxes, at, format!("{} tracks", moov.trak.len()), "1 track");
        return None;
    };
    check_track(at, trak, findings);
    let priming = read_edit_list(at, trak, findings)?;
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
    match &trak.mdia.minf.stbl.stsd.codecs[..] {
        [Codec::Mp4a(entry)] => check_entry(at, entry, findings),
        _ => findings.breach(Rule::Fmp4Codec, at, "another sample entry", "one mp4a"),
    }
}

/// AAC-LC is audio object type 2 (ISO 14496-3 1.5.1.1), 48 kHz frequency index 3, stereo channel
/// configuration 2.
fn check_entry(at: &str, entry: &Mp4a, findings: &mut Findings) {
    let rate = entry.audio.sample_rate.integer();
    findings.expect(Rule::Fmp4Codec, format!("{at} rate"), u32::from(rate), SAMPLE_RATE);
    let channels = usize::from(entry.audio.channel_count);
    findings.expect(Rule::Fmp4Codec, format!("{at} channels"), channels, CHANNELS);
    let config = entry.esds.es_desc.dec_config.dec_specific.as_ref();
    let found = config.map(|it| (it.profile, it.freq_index, it.chan_conf));
    if found != Some((2, 3, 2)) {
        findings.breach(
            Rule::Fmp4Codec,
            at,
            format!("{found:?}"),
            "(2, 3, 2): AAC-LC, 48 kHz, stereo",
        );
    }
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

/// Reads a segment; `None` where nothing can be said of it.
pub(super) fn read_fragment(at: &str, bytes: &[u8], findings: &mut Findings) -> Option<Fragment> {
    let kinds = [Styp::KIND, Moof::KIND, FourCC::new(b"mdat")];
    let [_, moof_box, mdat] = exactly(kinds, at, bytes, findings)?;
    let moof: Moof = decode(at, moof_box, findings)?;
    let [traf] = &moof.traf[..] else {
        findings.breach(Rule::Fmp4Boxes, at, format!("{} traf", moof.traf.len()), "1 traf");
        return None;
    };
    let Some(tfdt) = &traf.tfdt else {
        findings.breach(Rule::Fmp4Boxes, at, "no tfdt", "tfdt in every traf");
        return None;
    };
    check_data(at, traf, moof_box.start, &mdat, findings);
    Some(Fragment {
        sequence: moof.mfhd.sequence_number,
        decode_time: Samples(tfdt.base_media_decode_time),
        duration: Samples(sum(traf, |entry, tfhd| entry.duration.or(tfhd.default_sample_duration))),
    })
}

/// Offsets count from `moof` (`default-base-is-moof`), and the samples fill `mdat`.
fn check_data(at: &str, traf: &Traf, moof_start: usize, mdat: &Box<'_>, findings: &mut Findings) {
    if !traf.tfhd.default_base_is_moof || traf.tfhd.base_data_offset.is_some() {
        findings.breach(Rule::Fmp4Data, at, "another base", "default-base-is-moof");
    }
    let [trun] = &traf.trun[..] else {
        findings.breach(Rule::Fmp4Boxes, at, format!("{} trun", traf.trun.len()), "1 trun");
        return;
    };
    let payload = mdat.start + (mdat.whole.len() - mdat.body.len());
    let wanted = (payload - moof_start) as i64;
    let found = trun.data_offset.map_or(0, i64::from);
    findings.expect(Rule::Fmp4Data, format!("{at} data offset"), found, wanted);
    let sizes = sum(traf, |entry, tfhd| entry.size.or(tfhd.default_sample_size));
    findings.expect(Rule::Fmp4Data, format!("{at} sizes"), sizes, mdat.body.len() as u64);
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

/// The boxes of a file, where they are these and no others.
fn exactly<'a, const N: usize>(
    kinds: [FourCC; N],
    at: &str,
    bytes: &'a [u8],
    findings: &mut Findings,
) -> Option<[Box<'a>; N]> {
    let found = boxes(bytes).and_then(|boxes| {
        let names: Vec<FourCC> = boxes.iter().map(|it| it.kind).collect();
        <[Box<'a>; N]>::try_from(boxes)
            .ok()
            .filter(|boxes| boxes.iter().zip(kinds).all(|(it, kind)| it.kind == kind))
            .ok_or_else(|| format!("{names:?}"))
    });
    found.map_err(|found| findings.breach(Rule::Fmp4Boxes, at, found, format!("{kinds:?}"))).ok()
}

/// The first box of the last kind, under the first of each kind before.
fn descend<'a>(from: Box<'a>, kinds: &[FourCC]) -> Option<Box<'a>> {
    kinds.iter().try_fold(from, |parent, kind| {
        boxes(parent.body).ok()?.into_iter().find(|child| child.kind == *kind)
    })
}

/// The top-level boxes, which must fill the file.
fn boxes(bytes: &[u8]) -> Result<Vec<Box<'_>>, String> {
    let mut out = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let rest = &bytes[start..];
        let Some((size, kind)) = header(rest) else {
            return Err(format!("{} stray bytes at {start}", rest.len()));
        };
        if size < 8 || size > rest.len() {
            return Err(format!(
                "a box {kind} of {size} bytes at {start}, of which {} are there",
                rest.len()
            ));
        }
        out.push(Box { kind, start, whole: &rest[..size], body: &rest[8..size] });
        start += size;
    }
    Ok(out)
}

/// Size and kind. No segment needs a 64-bit size, and none may reach "to the end of the file".
fn header(bytes: &[u8]) -> Option<(usize, FourCC)> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*size) as usize, FourCC::from(*kind)))
}

fn decode<T: Atom>(at: &str, it: Box<'_>, findings: &mut Findings) -> Option<T> {
    let mut bytes = it.whole;
    T::decode(&mut bytes)
        .map_err(|error| {
            findings.breach(Rule::Fmp4Boxes, at, error, format!("a whole {}", it.kind))
        })
        .ok()
}
