//! What every rendition must be, whatever holds it.

use std::fmt;

use m3u8_rs::{Map, MediaPlaylist, MediaPlaylistType};
use media::grid::{Grid, TARGET_DURATION};
use media::ladder::{TOP, rungs};
use media::units::{SAMPLE_RATE, Samples};
use media::{Asset, Container, Layout, Rung, SecretFingerprint, SwitchingSet, SwitchingSets};
use origin::SongFile;

use super::key_tags;
use super::objects::Contents;
use super::report::Findings;
use super::rule::Rule;
use crate::playlist::{Rates, Stretch, rates};

/// One encoding of the song in one set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rendition {
    pub(super) set: SwitchingSet,
    pub(super) rung: Rung,
}

impl Rendition {
    /// All renditions of all sets.
    pub(super) fn all(sets: &SwitchingSets) -> impl Iterator<Item = Self> {
        sets.iter().flat_map(Self::of)
    }

    /// All renditions of a set.
    pub(super) fn of(set: SwitchingSet) -> impl Iterator<Item = Self> {
        rungs(set, TOP).map(move |rung| Self { set, rung })
    }

    pub(super) fn playlist(self) -> SongFile {
        SongFile::Playlist(self.set, self.rung.kbps)
    }

    pub(super) fn init(self) -> SongFile {
        SongFile::Init(self.set, self.rung.kbps)
    }

    /// The key to it under the secret of that fingerprint.
    pub(super) fn key(self, secret: SecretFingerprint) -> SongFile {
        SongFile::Key(self.set, self.rung.kbps, secret)
    }

    pub(super) fn segment(self, index: u32) -> SongFile {
        SongFile::Segment(self.set, self.rung.kbps, index)
    }

    /// Whether its segments are files or ranges of one.
    pub(super) fn layout(self, asset: &Asset) -> Layout {
        match self.set.container() {
            Container::Fmp4 => asset.layout,
            Container::Ogg => Layout::SingleFile,
        }
    }

    pub(super) fn whole(self) -> SongFile {
        SongFile::Whole(self.set, self.rung.kbps)
    }
}

impl fmt::Display for Rendition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.set, self.rung.kbps)
    }
}

/// Parses a rendition's media playlist and checks the tags that all renditions share.
pub(super) fn playlist(
    contents: &Contents,
    it: Rendition,
    findings: &mut Findings,
) -> Option<MediaPlaylist> {
    let file = it.playlist();
    let at = file.to_string();
    let text = contents.playlists.get(&file)?;
    let playlist = match m3u8_rs::parse_media_playlist_res(text) {
        Ok(playlist) => playlist,
        Err(_) => {
            findings.breach(Rule::PlaylistSyntax, at, "something else", "a media playlist");
            return None;
        }
    };
    check_tags(&at, &playlist, findings);
    key_tags::check(contents, it, &String::from_utf8_lossy(text), findings);
    Some(playlist)
}

fn check_tags(at: &str, playlist: &MediaPlaylist, findings: &mut Findings) {
    let unknown = playlist.segments.iter().flat_map(|segment| &segment.unknown_tags);
    for tag in playlist.unknown_tags.iter().chain(unknown) {
        findings.breach(Rule::PlaylistSyntax, at, &tag.tag, "tags of RFC 8216bis");
    }
    findings.expect(Rule::PlaylistVersion, at, playlist.version.unwrap_or(1), 7);
    if playlist.playlist_type != Some(MediaPlaylistType::Vod) {
        findings.breach(Rule::PlaylistType, at, format!("{:?}", playlist.playlist_type), "VOD");
    }
    if !playlist.end_list {
        findings.breach(Rule::PlaylistEndlist, at, "no end", "EXT-X-ENDLIST");
    }
    findings.expect(Rule::TargetDuration, at, playlist.target_duration, TARGET_DURATION);
    if playlist.segments.is_empty() {
        findings.breach(Rule::PlaylistUris, at, "no segment", "at least one");
    }
}

/// The `EXT-X-MAP` that holds for all segments: it stands before the first and nowhere else.
pub(super) fn map<'a>(
    at: &str,
    playlist: &'a MediaPlaylist,
    findings: &mut Findings,
) -> Option<&'a Map> {
    let mut maps = playlist.segments.iter().map(|segment| segment.map.as_ref());
    let first = maps.next().flatten();
    if first.is_none() || maps.any(|map| map.is_some()) {
        findings.breach(
            Rule::PlaylistMap,
            at,
            "another layout",
            "one EXT-X-MAP before all segments",
        );
    }
    first
}

/// Compares EXTINF with what the media lasts: to half a sample, which is finer than any player.
pub(super) fn check_extinf(at: &str, extinf: f32, media: Samples, findings: &mut Findings) {
    let samples = f64::from(extinf) * f64::from(SAMPLE_RATE);
    if media == Samples::ZERO || (samples - media.0 as f64).abs() > 0.5 {
        findings.breach(Rule::Extinf, at, extinf, format!("{:.6}", media.seconds()));
    }
    if extinf.round() > TARGET_DURATION as f32 {
        findings.breach(Rule::TargetDuration, at, extinf, format!("at most {TARGET_DURATION}"));
    }
}

/// Compares where segments end in the song with the grid, and the last end with the song's length.
pub(super) fn check_ends(
    contents: &Contents,
    it: Rendition,
    ends: &[Samples],
    findings: &mut Findings,
) {
    let length = contents.asset.samples;
    let grid = Grid::new(length);
    let last = ends.last().map_or(0, |end| end.0);
    findings.expect(Rule::EqualLength, it.to_string(), last, length.0);
    findings.expect(Rule::Grid, it.to_string(), ends.len() as u64, grid.count());
    for (index, (end, wanted)) in ends.iter().zip(grid.segments()).enumerate() {
        let at = format!("{it} segment {index}");
        findings.expect(Rule::Grid, at, end.0, wanted.end.0);
    }
}

/// What `asset.json` says of the rendition: its priming, and rates that were recomputed.
pub(super) fn check_asset(
    contents: &Contents,
    rendition: Rendition,
    priming: Samples,
    rates: Rates,
    findings: &mut Findings,
) {
    let entry = contents.asset.renditions.iter();
    let Rendition { set, rung } = rendition;
    let mut entry =
        entry.filter(|it| it.set == set && it.codec == rung.codec && it.kbps == rung.kbps);
    let at = format!("asset.json {rendition}");
    let (Some(entry), None) = (entry.next(), entry.next()) else {
        findings.breach(Rule::AssetTrue, at, "no entry, or several", "one entry");
        return;
    };
    findings.expect(Rule::AssetTrue, format!("{at} priming"), entry.priming.0, priming.0);
    findings.expect(Rule::AssetTrue, format!("{at} peak"), entry.peak.0, rates.peak.0);
    findings.expect(Rule::AssetTrue, format!("{at} average"), entry.average.0, rates.average.0);
}

/// The rates that a rendition really has, from the sizes of its segments and what they last;
/// `None` where too little of it could be read to tell.
pub(super) fn measured(contents: &Contents, it: Rendition) -> Option<Rates> {
    let stretches = match it.set.container() {
        Container::Fmp4 => super::fmp4_rendition::stretches(contents, it),
        Container::Ogg => super::ogg_rendition::stretches(contents, it),
    };
    let stretches: Vec<Stretch> = stretches?;
    (!stretches.is_empty()).then(|| rates(&stretches))
}
