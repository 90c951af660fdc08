//! What the media says, whoever wrote it: any boxes, any timescale, several fragments to a segment.

use std::io::{self, Read};

use media::units::{SAMPLE_RATE, Samples};
use mp4_atom::{Atom, Codec, Mdat, Moof, Moov, Traf, Trex, Trun, TrunSamples};

use crate::inspect::boxes::{Box, Boxes, HEADER};
use crate::inspect::report::Findings;
use crate::inspect::rule::Rule;

/// Most of a year: sums of it stay numbers.
const FOREVER: Samples = Samples(1 << 40);

/// What an init section says.
#[derive(Debug, Clone)]
pub(super) struct Init {
    /// As RFC 6381 spells it; `None` where we know no such sample entry.
    pub(super) codecs: Option<String>,
    /// What the edit list drops, in ticks.
    pub(super) priming: u64,
    timescale: u32,
    defaults: Trex,
}

/// What a segment says, in ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) start: u64,
    pub(super) duration: u64,
}

impl Init {
    /// Ticks at 48 kHz, rounded to the nearest: exact where the timescale is. What claims to last longer than any
    /// song lasts [`FOREVER`].
    pub(super) fn samples(&self, ticks: u64) -> Samples {
        let (ticks, scale) = (u128::from(ticks), u128::from(self.timescale.max(1)));
        let samples = (ticks * u128::from(SAMPLE_RATE) + scale / 2) / scale;
        Samples(u64::try_from(samples).unwrap_or(u64::MAX)).min(FOREVER)
    }
}

/// Reads an init section; `None` where nothing can be said of it.
pub(super) fn read_init(
    at: &str,
    reader: &mut dyn Read,
    findings: &mut Findings,
) -> io::Result<Option<Init>> {
    let mut boxes = Boxes::new(at, reader);
    while let Some(it) = boxes.next(findings)? {
        if it.kind == Moov::KIND {
            return Ok(it.decode(at, findings).and_then(|moov| init(at, &moov, findings)));
        }
    }
    findings.breach(Rule::Fmp4Boxes, at, "no moov", "an init section");
    Ok(None)
}

fn init(at: &str, moov: &Moov, findings: &mut Findings) -> Option<Init> {
    let ([trak], Some([trex])) = (&moov.trak[..], moov.mvex.as_ref().map(|it| &it.trex[..])) else {
        let found = format!("{} tracks", moov.trak.len());
        findings.breach(Rule::Fmp4Boxes, at, found, "one track, and an mvex with its trex");
        return None;
    };
    let list = trak.edts.as_ref().and_then(|edts| edts.elst.as_ref());
    let priming = list.and_then(|list| list.entries.iter().find_map(|it| it.media_time));
    let entry = trak.mdia.minf.stbl.stsd.codecs.first();
    let codecs = entry.and_then(spelt);
    check_priming(at, entry, priming, findings);
    let timescale = trak.mdia.mdhd.timescale;
    Some(Init { codecs, priming: priming.unwrap_or(0), timescale, defaults: trex.clone() })
}

/// Every encoder of AAC and Opus begins with samples that are no part of the song: without an edit that drops
/// them, it begins late.
fn check_priming(at: &str, entry: Option<&Codec>, priming: Option<u64>, findings: &mut Findings) {
    let found =
        priming.map_or("no edit list".to_owned(), |it| format!("an edit that drops {it} ticks"));
    let wanted = match entry {
        Some(Codec::Opus(opus)) if priming != Some(opus.dops.pre_skip.into()) => {
            format!("the {} of dOps", opus.dops.pre_skip)
        }
        Some(Codec::Mp4a(_)) if priming.unwrap_or(0) == 0 => {
            "an edit that drops the encoder's priming".to_owned()
        }
        _ => return,
    };
    findings.breach(Rule::Fmp4EditList, at, found, wanted);
}

/// RFC 6381 3.3 and 3.4, and as registered.
fn spelt(entry: &Codec) -> Option<String> {
    match entry {
        Codec::Mp4a(entry) => {
            let config = entry.esds.es_desc.dec_config.dec_specific.as_ref()?;
            // The first five bits (ISO 14496-3 1.6.2.1); 31 says that more follow.
            let object_type = config.raw.first()? >> 3;
            (object_type < 31).then(|| format!("mp4a.40.{object_type}"))
        }
        Codec::Opus(_) => Some("Opus".to_owned()),
        Codec::Flac(_) => Some("fLaC".to_owned()),
        _ => None,
    }
}

/// Reads a segment; `None` where nothing can be said of it.
pub(super) fn read_segment(
    at: &str,
    init: &Init,
    reader: &mut dyn Read,
    findings: &mut Findings,
) -> io::Result<Option<Segment>> {
    let mut boxes = Boxes::new(at, reader);
    let mut segment: Option<Segment> = None;
    let mut moof: Option<Box> = None;
    while let Some(it) = boxes.next(findings)? {
        if it.kind == Moof::KIND {
            moof = Some(it);
        } else if it.kind == Mdat::KIND {
            let Some(fragment) =
                moof.take().and_then(|moof| fragment(at, init, &moof, &it, findings))
            else {
                return Ok(None);
            };
            let before = segment.get_or_insert(Segment { start: fragment.start, duration: 0 });
            let end = before.start.saturating_add(before.duration);
            findings.expect(Rule::Fmp4Tfdt, at, fragment.start, end);
            before.duration = before.duration.saturating_add(fragment.duration);
        }
    }
    if segment.is_none() {
        findings.breach(Rule::Fmp4Boxes, at, "no fragment", "moof and mdat");
    }
    Ok(segment)
}

fn fragment(
    at: &str,
    init: &Init,
    moof: &Box,
    mdat: &Box,
    findings: &mut Findings,
) -> Option<Segment> {
    let decoded: Moof = moof.decode(at, findings)?;
    let ([traf], true) = (&decoded.traf[..], moof.end() == mdat.start) else {
        findings.breach(Rule::Fmp4Boxes, at, "another layout", "moof of one traf, then its mdat");
        return None;
    };
    let Some(tfdt) = &traf.tfdt else {
        findings.breach(Rule::Fmp4Boxes, at, "no tfdt", "tfdt in every traf");
        return None;
    };
    let size = traf.tfhd.default_sample_size.unwrap_or(init.defaults.default_sample_size);
    let sizes = sum(traf, size, |trun, index| match &trun.samples {
        TrunSamples::Explicit(entries) => entries.get(index).and_then(|it| it.size),
        TrunSamples::Inherited { .. } => None,
    });
    findings.expect(Rule::Fmp4Data, format!("{at} sizes"), sizes, mdat.size - HEADER);
    let lasts = traf.tfhd.default_sample_duration.unwrap_or(init.defaults.default_sample_duration);
    let duration = sum(traf, lasts, |trun, index| match &trun.samples {
        TrunSamples::Explicit(entries) => entries.get(index).and_then(|it| it.duration),
        TrunSamples::Inherited { .. } => None,
    });
    Some(Segment { start: tfdt.base_media_decode_time, duration })
}

/// A sum over all samples. A run without any field of its own may claim four thousand million samples: it is
/// multiplied, not walked.
fn sum(traf: &Traf, default: u32, own: impl Fn(&Trun, usize) -> Option<u32>) -> u64 {
    let run = |trun: &Trun| match &trun.samples {
        TrunSamples::Inherited { count, .. } => u64::from(*count) * u64::from(default),
        TrunSamples::Explicit(entries) => {
            (0..entries.len()).map(|index| u64::from(own(trun, index).unwrap_or(default))).sum()
        }
    };
    traf.trun.iter().map(run).fold(0, u64::saturating_add)
}
