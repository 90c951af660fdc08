//! Multivariant playlists against the renditions that they list.

use m3u8_rs::{MasterPlaylist, VariantStream};
use media::ladder::{RATES, rungs};
use media::{Kbps, SwitchingSet};
use origin::SongFile;

use super::loudness;
use super::objects::Contents;
use super::rendition::{self, Rendition};
use super::report::Findings;
use super::rule::Rule;

/// Checks each set's playlist under each cap.
pub(super) fn check_all(contents: &Contents, findings: &mut Findings) {
    for set in contents.asset.sets.iter() {
        for cap in RATES {
            check(contents, set, cap, findings);
        }
    }
}

fn check(contents: &Contents, set: SwitchingSet, cap: Kbps, findings: &mut Findings) {
    let file = SongFile::Multivariant(set, cap);
    let Some(text) = contents.playlists.get(&file) else { return };
    let Ok(playlist) = m3u8_rs::parse_master_playlist_res(text) else {
        findings.breach(Rule::PlaylistSyntax, file, "something else", "a multivariant playlist");
        return;
    };
    check_tags(file, &playlist, findings);
    loudness::check_session_data(contents, file, &playlist, findings);
    let wanted: Vec<Rendition> = rungs(set, cap).map(|rung| Rendition { set, rung }).collect();
    let uris = |it: &Rendition| it.playlist().to_string();
    let listed: Vec<&str> = playlist.variants.iter().map(|it| it.uri.as_str()).collect();
    let uris: Vec<String> = wanted.iter().map(uris).collect();
    if listed != uris {
        findings.breach(Rule::Variants, file, format!("{listed:?}"), format!("{uris:?}"));
        return;
    }
    for (variant, it) in playlist.variants.iter().zip(wanted) {
        check_variant(contents, file, variant, it, findings);
    }
}

fn check_tags(file: SongFile, playlist: &MasterPlaylist, findings: &mut Findings) {
    for tag in &playlist.unknown_tags {
        findings.breach(Rule::PlaylistSyntax, file, &tag.tag, "tags of RFC 8216bis");
    }
    findings.expect(Rule::PlaylistVersion, file, playlist.version.unwrap_or(1), 7);
    if !playlist.independent_segments {
        let tag = "EXT-X-INDEPENDENT-SEGMENTS";
        findings.breach(Rule::IndependentSegments, file, "no such tag", tag);
    }
}

fn check_variant(
    contents: &Contents,
    file: SongFile,
    variant: &VariantStream,
    it: Rendition,
    findings: &mut Findings,
) {
    let at = format!("{file} {}", it.rung.kbps);
    let codecs = variant.codecs.as_deref().unwrap_or("none");
    findings.expect(Rule::Codecs, &at, codecs, it.rung.codec.rfc6381());
    let Some(rates) = rendition::measured(contents, it) else { return };
    findings.expect(Rule::Bandwidth, &at, variant.bandwidth, rates.peak.0);
    let average = variant.average_bandwidth.unwrap_or(0);
    findings.expect(Rule::AverageBandwidth, &at, average, rates.average.0);
}
