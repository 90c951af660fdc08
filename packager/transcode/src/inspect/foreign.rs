//! What others have packaged: a multivariant playlist and all that it leads to, without an `asset.json` to compare
//! with. Checked is what follows from the files alone: whether playlists are true of the media, and
//! whether a player may switch between the renditions.
//!
//! Reading order: `track` (what the media is), `playlist` (what is said of it), then what must hold between
//! renditions, here.

mod address;
mod playlist;
mod track;

use std::io;

use m3u8_rs::{MasterPlaylist, VariantStream};
use media::units::{BitsPerSecond, Samples};

use self::address::Address;
use self::playlist::Rendition;
use super::report::{Findings, Report};
use super::rule::Rule;
use super::source::Source;
use crate::playlist::{Rates, rates_within};

/// The most renditions that one playlist may lead to.
const MOST_VARIANTS: usize = 100;

/// How far a stated rate may be above the measured one, in percent (Apple's authoring specification 9.9).
const SPARE: u64 = 10;

/// Checks what the multivariant playlist `name` of `source` leads to. URIs that lead out of the playlist's folder
/// are not followed.
#[must_use]
pub fn inspect_foreign(source: &dyn Source, name: &str) -> Report {
    let mut visit = Visit { source, findings: Findings::default(), report: Report::default() };
    let renditions = visit.multivariant(name);
    visit.check_together(&renditions);
    let length = renditions.iter().map(|(_, it)| it.length()).max().unwrap_or(Samples::ZERO);
    visit.report.duration_ms = length.milliseconds();
    visit.report.findings = visit.findings.into_vec();
    visit.report
}

/// One look at a package.
struct Visit<'a> {
    source: &'a dyn Source,
    findings: Findings,
    report: Report,
}

impl Visit<'_> {
    fn multivariant(&mut self, name: &str) -> Vec<(Address, Rendition)> {
        let at = Address::of(name);
        let Some(text) = self.read(&at) else { return Vec::new() };
        let Ok(found) = m3u8_rs::parse_master_playlist_res(&text) else {
            self.findings.breach(
                Rule::PlaylistSyntax,
                at,
                "something else",
                "a multivariant playlist",
            );
            return Vec::new();
        };
        self.check_multivariant(&at, &found);
        let mut renditions = Vec::new();
        for variant in found.variants.iter().take(MOST_VARIANTS) {
            let Some(to) = self.follow(&at, &variant.uri) else { continue };
            let Some(rendition) = self.rendition(&to) else { continue };
            self.check_variant(&at, variant, &rendition);
            renditions.push((to, rendition));
        }
        renditions
    }

    fn check_multivariant(&mut self, at: &Address, found: &MasterPlaylist) {
        if found.variants.is_empty() {
            self.findings.breach(Rule::Variants, at, "no variant", "one at least");
        }
        if !found.independent_segments {
            let tag = "EXT-X-INDEPENDENT-SEGMENTS";
            self.findings.breach(Rule::IndependentSegments, at, "no such tag", tag);
        }
    }

    fn check_variant(&mut self, at: &Address, variant: &VariantStream, it: &Rendition) {
        let at = format!("{at} {}", variant.uri);
        if let Some(codecs) = it.codecs() {
            let said = variant.codecs.as_deref().unwrap_or("none");
            self.findings.expect(Rule::Codecs, &at, said, codecs);
        }
        let Some(Rates { peak, average }) = rates_within(it.stretches(), it.target()) else {
            return;
        };
        let (said_peak, said_average) = (variant.bandwidth, variant.average_bandwidth.unwrap_or(0));
        self.check_rate(Rule::Bandwidth, &at, said_peak, peak);
        self.check_rate(Rule::AverageBandwidth, &at, said_average, average);
    }

    /// A player that believes too low a rate stalls; one that believes too high a rate plays less than it could.
    fn check_rate(&mut self, rule: Rule, at: &str, said: u64, measured: BitsPerSecond) {
        let most = measured.0.saturating_add(measured.0.saturating_mul(SPARE) / 100);
        if !(measured.0..=most).contains(&said) {
            self.findings.breach(rule, at, said, format!("{} to {most}", measured.0));
        }
    }

    /// Renditions that a player may switch between drop the same priming, are cut at the same places, and are
    /// equally long.
    fn check_together(&mut self, renditions: &[(Address, Rendition)]) {
        let Some(((first_at, first), others)) = renditions.split_first() else { return };
        for (at, other) in others {
            let (found, wanted) = (other.priming(), first.priming());
            if found != wanted {
                let wanted = format!("{wanted} samples, as {first_at}");
                self.findings.breach(Rule::Fmp4EditList, at, format!("{found} samples"), wanted);
            }
            let (found, wanted) = (other.length(), first.length());
            if found != wanted {
                let wanted = format!("{:.6} s, as {first_at}", wanted.seconds());
                self.findings.breach(
                    Rule::EqualLength,
                    at,
                    format!("{:.6} s", found.seconds()),
                    wanted,
                );
            }
            let pairs = other.borders().iter().zip(first.borders()).enumerate();
            if let Some((index, (found, wanted))) = { pairs }.find(|(_, (a, b))| a != b) {
                let at = format!("{at} border {}", index + 1);
                let wanted = format!("{:.6} s, as {first_at}", wanted.seconds());
                self.findings.breach(Rule::Grid, at, format!("{:.6} s", found.seconds()), wanted);
            }
        }
    }

    /// Where a URI leads from `at`.
    fn follow(&mut self, at: &Address, uri: &str) -> Option<Address> {
        let to = at.follow(uri);
        if to.is_none() {
            self.findings.breach(Rule::PlaylistUris, at, uri, "a relative path below the playlist");
        }
        to
    }

    /// A text, whole.
    fn read(&mut self, at: &Address) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        let read = self.source.open(at.path()).and_then(|reader| {
            let mut reader = io::Read::take(reader, super::objects::MOST_HELD);
            io::Read::read_to_end(&mut reader, &mut text)
        });
        self.count(at, read.map(|size| size as u64))?;
        Some(text)
    }

    /// Counts a file that was read; a breach where it could not be.
    fn count(&mut self, at: &Address, read: io::Result<u64>) -> Option<u64> {
        match read {
            Ok(size) => {
                self.report.objects += 1;
                self.report.bytes = self.report.bytes.saturating_add(size);
                Some(size)
            }
            Err(error) => {
                self.findings.breach(Rule::ObjectPresent, at, error, "a file that can be read");
                None
            }
        }
    }
}
