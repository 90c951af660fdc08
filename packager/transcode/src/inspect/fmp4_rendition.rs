//! An fMP4 rendition: init section, segments and playlist against each other.

use media::units::Samples;

use super::fmp4::Fragment;
use super::loudness;
use super::objects::Contents;
use super::rendition::{self, Rendition};
use super::report::{Findings, Rule};
use crate::playlist::Stretch;

/// Checks one rendition.
pub(super) fn check(contents: &Contents, it: Rendition, findings: &mut Findings) {
    check_playlist(contents, it, findings);
    let fragments = fragments(contents, it);
    loudness::check_ludt(contents, it, findings);
    check_timeline(it, &fragments, findings);
    let Some(init) = contents.inits.get(&it.init()) else { return };
    let ends: Vec<Samples> = fragments
        .iter()
        .map(|it| Samples(it.decode_time.0.saturating_add(it.duration.0)))
        .map(|end| end.saturating_sub(init.priming))
        .collect();
    rendition::check_ends(contents, it, &ends, findings);
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
fn fragments(contents: &Contents, it: Rendition) -> Vec<Fragment> {
    let range = it.segment(0)..=it.segment(u32::MAX);
    contents.fragments.range(range).map(|(_, fragment)| *fragment).collect()
}

fn check_timeline(it: Rendition, fragments: &[Fragment], findings: &mut Findings) {
    let mut expected = Samples::ZERO;
    for (index, fragment) in fragments.iter().enumerate() {
        let at = it.segment(index as u32);
        findings.expect(Rule::Fmp4Sequence, at, fragment.sequence, index as u32 + 1);
        findings.expect(Rule::Fmp4Tfdt, at, fragment.decode_time.0, expected.0);
        expected = Samples(fragment.decode_time.0.saturating_add(fragment.duration.0));
    }
}

fn check_playlist(contents: &Contents, it: Rendition, findings: &mut Findings) {
    let Some(playlist) = rendition::playlist(contents, it, findings) else { return };
    let at = it.playlist().to_string();
    if let Some(map) = rendition::map(&at, &playlist, findings)
        && (map.uri != "init.mp4" || map.byte_range.is_some())
    {
        findings.breach(Rule::PlaylistMap, &at, &map.uri, "init.mp4, whole");
    }
    let count = contents.sizes.range(it.segment(0)..=it.segment(u32::MAX)).count();
    findings.expect(Rule::PlaylistUris, format!("{at} segments"), playlist.segments.len(), count);
    for (index, segment) in playlist.segments.iter().enumerate() {
        let at = format!("{at} segment {index}");
        findings.expect(Rule::PlaylistUris, &at, segment.uri.clone(), format!("{index:05}.m4s"));
        if let Some(fragment) = contents.fragments.get(&it.segment(index as u32)) {
            rendition::check_extinf(&at, segment.duration, fragment.duration, findings);
        }
    }
}

/// Sizes and durations of all segments.
pub(super) fn stretches(contents: &Contents, it: Rendition) -> Option<Vec<Stretch>> {
    let fragments = contents.fragments.range(it.segment(0)..=it.segment(u32::MAX));
    fragments
        .map(|(file, fragment)| {
            let bytes = *contents.sizes.get(file)?;
            Some(Stretch { bytes, duration: fragment.duration })
        })
        .collect()
}
