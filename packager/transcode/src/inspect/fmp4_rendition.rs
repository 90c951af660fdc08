//! An fMP4 rendition: init section, segments and playlist against each other.

use m3u8_rs::{Map, MediaPlaylist};
use media::Layout;
use media::units::Samples;
use origin::SongFile;

use super::fmp4::Fragment;
use super::objects::Contents;
use super::rendition::{self, Rendition};
use super::report::Findings;
use super::rule::Rule;
use super::{fmp4_whole, loudness};
use crate::playlist::Stretch;

/// Checks one rendition.
pub(super) fn check(contents: &Contents, it: Rendition, findings: &mut Findings) {
    let fragments = fragments(contents, it);
    loudness::check_ludt(contents, it, findings);
    check_playlist(contents, it, &fragments, findings);
    check_timeline(contents, it, &fragments, findings);
    let Some(init) = contents.inits.get(&it.init()) else { return };
    let ends: Vec<Samples> = fragments
        .iter()
        .map(|it| Samples(it.decode_time.0.saturating_add(it.duration.0)))
        .map(|end| end.saturating_sub(init.priming))
        .collect();
    rendition::check_ends(contents, it, &ends, findings);
    if let Some(whole) = contents.wholes.get(&it.whole()) {
        fmp4_whole::check_index(it, whole, init.priming, &fragments, findings);
    }
    if let Some(rates) = rendition::measured(contents, it) {
        rendition::check_asset(contents, it, init.priming, rates, findings);
    }
    check_group(contents, it, init.priming, findings);
}

/// All renditions of a switching group drop the same priming, or switching would shift the song.
fn check_group(contents: &Contents, it: Rendition, priming: Samples, findings: &mut Findings) {
    let mut inits = Rendition::of(it.set).map(|other| contents.inits.get(&other.init()));
    if let Some(first) = inits.find_map(|init| init) {
        findings.expect(Rule::Fmp4EditList, it.init(), priming.0, first.priming.0);
    }
}

/// The segments that could be read, in order.
pub(super) fn fragments(contents: &Contents, it: Rendition) -> Vec<Fragment> {
    named(contents, it).map(|(_, fragment)| *fragment).collect()
}

fn named(contents: &Contents, it: Rendition) -> impl Iterator<Item = (&SongFile, &Fragment)> {
    contents.fragments.range(it.segment(0)..=it.segment(u32::MAX))
}

fn check_timeline(
    contents: &Contents,
    it: Rendition,
    fragments: &[Fragment],
    findings: &mut Findings,
) {
    let mut expected = Samples::ZERO;
    for (fragment, index) in fragments.iter().zip(0..) {
        let at = match contents.asset.layout {
            Layout::Segments => it.segment(index).to_string(),
            Layout::SingleFile => format!("{} segment {index}", it.whole()),
        };
        findings.expect(Rule::Fmp4Sequence, &at, fragment.sequence, index + 1);
        findings.expect(Rule::Fmp4Tfdt, &at, fragment.decode_time.0, expected.0);
        expected = Samples(fragment.decode_time.0.saturating_add(fragment.duration.0));
    }
}

fn check_playlist(
    contents: &Contents,
    it: Rendition,
    fragments: &[Fragment],
    findings: &mut Findings,
) {
    let Some(playlist) = rendition::playlist(contents, it, findings) else { return };
    let at = it.playlist().to_string();
    let map = rendition::map(&at, &playlist, findings);
    match contents.asset.layout {
        Layout::Segments => check_files(&at, map, &playlist, findings),
        Layout::SingleFile => {
            if let Some(whole) = contents.wholes.get(&it.whole()) {
                fmp4_whole::check_playlist(&at, map, &playlist, whole, fragments, findings);
            }
        }
    }
    let (found, wanted) = (playlist.segments.len(), fragments.len());
    findings.expect(Rule::PlaylistUris, format!("{at} segments"), found, wanted);
    for (index, (segment, fragment)) in playlist.segments.iter().zip(fragments).enumerate() {
        let at = format!("{at} segment {index}");
        rendition::check_extinf(&at, segment.duration, fragment.duration, findings);
    }
}

/// Where each segment is a file, the playlist names them whole.
fn check_files(at: &str, map: Option<&Map>, playlist: &MediaPlaylist, findings: &mut Findings) {
    if let Some(map) = map
        && (map.uri != "init.mp4" || map.byte_range.is_some())
    {
        findings.breach(Rule::PlaylistMap, at, &map.uri, "init.mp4, whole");
    }
    for (index, segment) in playlist.segments.iter().enumerate() {
        let at = format!("{at} segment {index}");
        findings.expect(Rule::PlaylistUris, &at, segment.uri.clone(), format!("{index:05}.m4s"));
        if segment.byte_range.is_some() {
            findings.breach(Rule::Fmp4Ranges, &at, "a range", "a whole file");
        }
    }
}

/// Sizes and durations of all segments. What is transferred of one that is a file is the file, padding
/// included.
pub(super) fn stretches(contents: &Contents, it: Rendition) -> Option<Vec<Stretch>> {
    let stretch = |(file, fragment): (&SongFile, &Fragment)| {
        let bytes = contents.sizes.get(file).copied().unwrap_or(fragment.size);
        Stretch { bytes, duration: fragment.duration }
    };
    Some(named(contents, it).map(stretch).collect())
}
