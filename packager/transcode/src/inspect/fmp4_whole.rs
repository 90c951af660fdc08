//! A single-file rendition: its index and its playlist's byte ranges against its boxes.

use m3u8_rs::{ByteRange, Map, MediaPlaylist};
use media::units::{SAMPLE_RATE, Samples};

use super::fmp4::{Fragment, Whole};
use super::rendition::Rendition;
use super::report::Findings;
use super::rule::Rule;
use crate::mux::heard;

/// The file's name beside its playlist.
const NAME: &str = "media.mp4";

/// The map covers `ftyp` and `moov`, and each range one fragment.
pub(super) fn check_playlist(
    at: &str,
    map: Option<&Map>,
    playlist: &MediaPlaylist,
    whole: &Whole,
    fragments: &[Fragment],
    findings: &mut Findings,
) {
    if let Some(map) = map {
        let wanted = format!("{NAME} {}", range(whole.init_size, 0));
        let found = format!("{} {}", map.uri, written(map.byte_range.as_ref()));
        findings.expect(Rule::PlaylistMap, at, found, wanted);
    }
    for (index, (segment, fragment)) in playlist.segments.iter().zip(fragments).enumerate() {
        let at = format!("{at} segment {index}");
        findings.expect(Rule::PlaylistUris, &at, segment.uri.as_str(), NAME);
        let found = written(segment.byte_range.as_ref());
        findings.expect(Rule::Fmp4Ranges, &at, found, range(fragment.size, fragment.start));
    }
}

fn written(it: Option<&ByteRange>) -> String {
    match it {
        Some(ByteRange { length, offset: Some(offset) }) => range(*length, *offset),
        _ => "without a range that says its offset".to_owned(),
    }
}

fn range(length: u64, offset: u64) -> String {
    format!("{length}@{offset}")
}

/// The index says of each segment what is there. Its times are those of the presentation, which begins
/// after the priming (ISO 14496-12 8.16.3.3).
pub(super) fn check_index(
    it: Rendition,
    whole: &Whole,
    priming: Samples,
    fragments: &[Fragment],
    findings: &mut Findings,
) {
    let Some(index) = &whole.index else { return };
    let at = format!("{} sidx", it.whole());
    let found = (index.timescale, index.earliest_presentation_time, index.first_offset);
    findings.expect(
        Rule::Fmp4Index,
        &at,
        format!("{found:?}"),
        format!("{:?}", (SAMPLE_RATE, 0, 0)),
    );
    let count = (index.references.len(), fragments.len());
    findings.expect(Rule::Fmp4Index, format!("{at} entries"), count.0, count.1);
    let heard = heard(fragments.iter().map(|it| it.duration), priming);
    let entries = index.references.iter().zip(fragments).zip(heard);
    for (number, ((entry, fragment), heard)) in entries.enumerate() {
        let point = (entry.reference_type, entry.starts_with_sap, entry.sap_type);
        let found = (entry.referenced_size.into(), entry.subsegment_duration.into(), point);
        let wanted = (fragment.size, heard.0, (false, true, 1));
        if found != wanted {
            let at = format!("{at} entry {number}");
            findings.breach(Rule::Fmp4Index, at, format!("{found:?}"), format!("{wanted:?}"));
        }
    }
}
