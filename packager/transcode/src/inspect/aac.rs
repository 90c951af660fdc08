//! An AAC rendition: init section, segments and playlist against each other.

use media::units::Samples;
use media::{Kbps, Rung};
use origin::SongFile;

use super::fmp4::Fragment;
use super::objects::Contents;
use super::rendition;
use super::report::{Findings, Rule};
use crate::playlist::Stretch;

/// Checks one rendition.
pub(super) fn check(contents: &Contents, rung: Rung, findings: &mut Findings) {
    check_playlist(contents, rung, findings);
    let fragments = fragments(contents, rung.kbps);
    check_timeline(rung.kbps, &fragments, findings);
    let Some(init) = contents.inits.get(&rung.kbps) else { return };
    let ends: Vec<Samples> = fragments
        .iter()
        .map(|it| Samples(it.decode_time.0.saturating_add(it.duration.0)))
        .map(|end| end.saturating_sub(init.priming))
        .collect();
    rendition::check_ends(contents, rung, &ends, findings);
    if let Some(rates) = rendition::measured(contents, rung) {
        rendition::check_asset(contents, rung, init.priming, rates, findings);
    }
    check_group(contents, rung, init.priming, findings);
}

/// All renditions of a switching group drop the same priming, or switching would shift the song.
fn check_group(contents: &Contents, rung: Rung, priming: Samples, findings: &mut Findings) {
    if let Some((_, first)) = contents.inits.first_key_value() {
        let at = SongFile::Init(rung.kbps);
        findings.expect(Rule::Fmp4EditList, at, priming.0, first.priming.0);
    }
}

/// The segments that could be read, in order.
fn fragments(contents: &Contents, kbps: Kbps) -> Vec<Fragment> {
    contents.fragments.range((kbps, 0)..=(kbps, u32::MAX)).map(|(_, it)| *it).collect()
}

fn check_timeline(kbps: Kbps, fragments: &[Fragment], findings: &mut Findings) {
    let mut expected = Samples::ZERO;
    for (index, fragment) in fragments.iter().enumerate() {
        let at = SongFile::Segment(kbps, index as u32);
        findings.expect(Rule::Fmp4Sequence, at, fragment.sequence, index as u32 + 1);
        findings.expect(Rule::Fmp4Tfdt, at, fragment.decode_time.0, expected.0);
        expected = Samples(fragment.decode_time.0.saturating_add(fragment.duration.0));
    }
}

fn check_playlist(contents: &Contents, rung: Rung, findings: &mut Findings) {
    let Some(playlist) = rendition::playlist(contents, rung, findings) else { return };
    let at = SongFile::Playlist(rung.codec, rung.kbps).to_string();
    if let Some(map) = rendition::map(&at, &playlist, findings)
        && (map.uri != "init.mp4" || map.byte_range.is_some())
    {
        findings.breach(Rule::PlaylistMap, &at, &map.uri, "init.mp4, whole");
    }
    let listed = contents.sizes.range(SongFile::Segment(rung.kbps, 0)..);
    let count = listed
        .take_while(|(file, _)| matches!(file, SongFile::Segment(kbps, _) if *kbps == rung.kbps))
        .count();
    findings.expect(Rule::PlaylistUris, format!("{at} segments"), playlist.segments.len(), count);
    for (index, segment) in playlist.segments.iter().enumerate() {
        let at = format!("{at} segment {index}");
        findings.expect(Rule::PlaylistUris, &at, segment.uri.clone(), format!("{index:05}.m4s"));
        if let Some(fragment) = contents.fragments.get(&(rung.kbps, index as u32)) {
            rendition::check_extinf(&at, segment.duration, fragment.duration, findings);
        }
    }
}

/// Sizes and durations of all segments.
pub(super) fn stretches(contents: &Contents, kbps: Kbps) -> Option<Vec<Stretch>> {
    let fragments = contents.fragments.range((kbps, 0)..=(kbps, u32::MAX));
    fragments
        .map(|((kbps, index), fragment)| {
            let bytes = *contents.sizes.get(&SongFile::Segment(*kbps, *index))?;
            Some(Stretch { bytes, duration: fragment.duration })
        })
        .collect()
}
