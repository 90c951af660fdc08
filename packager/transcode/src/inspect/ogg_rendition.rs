//! An Ogg rendition: the Ogg file and its playlist against each other.

use m3u8_rs::{ByteRange, MediaPlaylist};
use media::units::Samples;

use super::objects::Contents;
use super::ogg::OggFile;
use super::rendition::{self, Rendition};
use super::report::Findings;
use super::rule::Rule;
use crate::playlist::Stretch;

/// Checks one rendition.
pub(super) fn check(contents: &Contents, it: Rendition, findings: &mut Findings) {
    let playlist = rendition::playlist(contents, it, findings);
    let (Some(ogg), Some(playlist)) = (contents.oggs.get(&it.whole()), playlist) else { return };
    let at = it.playlist().to_string();
    check_map(&at, it, ogg, &playlist, findings);
    let ends = check_ranges(&at, it, ogg, &playlist, findings);
    let mut start = Samples::ZERO;
    for (index, (segment, end)) in playlist.segments.iter().zip(&ends).enumerate() {
        let at = format!("{at} segment {index}");
        rendition::check_extinf(&at, segment.duration, end.saturating_sub(start), findings);
        start = *end;
    }
    rendition::check_ends(contents, it, &ends, findings);
    if let Some(rates) = rendition::measured(contents, it) {
        rendition::check_asset(contents, it, ogg.pre_skip, rates, findings);
    }
}

fn name(it: Rendition) -> String {
    format!("{}.ogg", it.rung.kbps)
}

fn check_map(
    at: &str,
    it: Rendition,
    ogg: &OggFile,
    playlist: &MediaPlaylist,
    findings: &mut Findings,
) {
    let Some(map) = rendition::map(at, playlist, findings) else { return };
    let range = map.byte_range.as_ref().map(|it| (it.length, it.offset));
    if map.uri != name(it) || range != Some((ogg.header_size, Some(0))) {
        let wanted = format!("{} {}@0", name(it), ogg.header_size);
        findings.breach(Rule::PlaylistMap, at, format!("{} {range:?}", map.uri), wanted);
    }
}

/// Where each segment ends in the song. Ranges follow each other without a gap, from the headers'
/// end to the file's, and each ends with a page.
fn check_ranges(
    at: &str,
    it: Rendition,
    ogg: &OggFile,
    playlist: &MediaPlaylist,
    findings: &mut Findings,
) -> Vec<Samples> {
    let mut expected = ogg.header_size;
    let mut ends = Vec::new();
    for (index, segment) in playlist.segments.iter().enumerate() {
        let at = format!("{at} segment {index}");
        findings.expect(Rule::PlaylistUris, &at, segment.uri.clone(), name(it));
        let Some(ByteRange { length, offset: Some(offset) }) = segment.byte_range else {
            findings.breach(Rule::OggRanges, at, "no range", "EXT-X-BYTERANGE with an offset");
            continue;
        };
        findings.expect(Rule::OggRanges, &at, offset, expected);
        expected = offset.saturating_add(length);
        match ogg.ends.binary_search_by_key(&expected, |end| end.offset) {
            Ok(page) => ends.push(ogg.ends[page].granule.saturating_sub(ogg.pre_skip)),
            Err(_) => findings.breach(Rule::OggRanges, at, expected, "the end of a page"),
        }
    }
    let size = ogg.ends.last().map_or(ogg.header_size, |end| end.offset);
    findings.expect(Rule::OggRanges, format!("{at} end"), expected, size);
    ends
}

/// Sizes and durations of all segments: the ranges of the playlist, which were checked against the
/// pages, and what the pages last.
pub(super) fn stretches(contents: &Contents, it: Rendition) -> Option<Vec<Stretch>> {
    let ogg = contents.oggs.get(&it.whole())?;
    let text = contents.playlists.get(&it.playlist())?;
    let playlist = m3u8_rs::parse_media_playlist_res(text).ok()?;
    let mut start = ogg.pre_skip;
    let ranges = playlist.segments.into_iter().map(|segment| segment.byte_range);
    ranges
        .map(|range| {
            let ByteRange { length, offset: Some(offset) } = range? else { return None };
            let end = offset.saturating_add(length);
            let page = ogg.ends.binary_search_by_key(&end, |it| it.offset).ok()?;
            let duration = ogg.ends[page].granule.saturating_sub(start);
            start = ogg.ends[page].granule;
            Some(Stretch { bytes: length, duration })
        })
        .collect()
}
