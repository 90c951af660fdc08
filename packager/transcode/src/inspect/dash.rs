//! DASH manifests (ISO 23009-1) against the files that they describe.

use std::fmt;

use media::ladder::{RATES, rungs};
use media::units::{CHANNELS, SAMPLE_RATE, Samples};
use media::{Container, Kbps, Layout, SwitchingSet};
use origin::SongFile;
use roxmltree::{Document, Node, ParsingOptions};

use super::fmp4_rendition::fragments;
use super::objects::Contents;
use super::rendition::{self, Rendition};
use super::report::Findings;
use super::rule::Rule;
use crate::mux::heard;

const NAMESPACE: &str = "urn:mpeg:dash:schema:mpd:2011";

/// The elements of ours, and their attributes.
const KNOWN: [(&str, &[&str]); 12] = [
    ("MPD", &["profiles", "type", "mediaPresentationDuration", "minBufferTime"]),
    ("Period", &["id", "start"]),
    (
        "AdaptationSet",
        &[
            "id",
            "contentType",
            "mimeType",
            "codecs",
            "audioSamplingRate",
            "segmentAlignment",
            "startWithSAP",
            "subsegmentAlignment",
            "subsegmentStartsWithSAP",
        ],
    ),
    ("AudioChannelConfiguration", &["schemeIdUri", "value"]),
    ("Role", &["schemeIdUri", "value"]),
    ("SegmentTemplate", &["timescale", "startNumber", "initialization", "media"]),
    ("SegmentTimeline", &[]),
    ("S", &["t", "d", "r"]),
    ("Representation", &["id", "bandwidth"]),
    ("BaseURL", &[]),
    ("SegmentBase", &["timescale", "indexRange", "indexRangeExact"]),
    ("Initialization", &["range"]),
];

/// Checks the manifest of each cap.
pub(super) fn check_all(contents: &Contents, findings: &mut Findings) {
    for cap in RATES {
        let file = SongFile::Dash(cap);
        let Some(bytes) = contents.playlists.get(&file) else { continue };
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string());
        let parsed = text.and_then(|it| parse(it).map_err(|error| error.to_string()));
        match parsed {
            Ok(document) => {
                let at = file.to_string();
                Manifest { contents, at, cap, findings }.check(document.root_element());
            }
            Err(error) => findings.breach(Rule::DashSyntax, file, error, "an XML document"),
        }
    }
}

/// No DTD, and no more elements and texts than a hundred manifests of ours.
fn parse(text: &str) -> Result<Document<'_>, roxmltree::Error> {
    let options = ParsingOptions { nodes_limit: 16_384, ..ParsingOptions::default() };
    Document::parse_with_options(text, options)
}

/// One manifest being checked.
struct Manifest<'a> {
    contents: &'a Contents,
    at: String,
    cap: Kbps,
    findings: &'a mut Findings,
}

impl Manifest<'_> {
    fn check(&mut self, mpd: Node<'_, '_>) {
        self.check_words(mpd);
        self.expect(Rule::DashSyntax, "root", mpd.tag_name().name(), "MPD");
        self.attribute(Rule::DashSyntax, mpd, "type", "static");
        let profile = match self.contents.asset.layout {
            Layout::Segments => "urn:mpeg:dash:profile:isoff-live:2011",
            Layout::SingleFile => "urn:mpeg:dash:profile:isoff-on-demand:2011",
        };
        self.attribute(Rule::DashSyntax, mpd, "profiles", profile);
        self.check_duration(mpd);
        let sets: Vec<_> =
            mpd.descendants().filter(|it| it.has_tag_name("AdaptationSet")).collect();
        let fmp4 = |set: &SwitchingSet| set.container() == Container::Fmp4;
        let wanted: Vec<_> = self.contents.asset.sets.iter().filter(fmp4).collect();
        self.expect(Rule::DashSets, "sets", sets.len(), wanted.len());
        for (node, set) in sets.into_iter().zip(wanted) {
            self.check_set(node, set);
        }
    }

    /// No element and no attribute that was not thought of: a `presentationTimeOffset` would shift the
    /// song a second time.
    fn check_words(&mut self, mpd: Node<'_, '_>) {
        for node in mpd.descendants().filter(Node::is_element) {
            let name = node.tag_name();
            let known = KNOWN.iter().find(|(known, _)| *known == name.name());
            let foreign = name.namespace() != Some(NAMESPACE) || known.is_none();
            if foreign {
                self.breach(Rule::DashSyntax, "element", name.name(), "elements of ours");
            }
            for attribute in node.attributes() {
                if known.is_none_or(|(_, attributes)| !attributes.contains(&attribute.name())) {
                    let place = format!("{} attribute", name.name());
                    self.breach(Rule::DashSyntax, &place, attribute.name(), "attributes of ours");
                }
            }
        }
    }

    fn check_duration(&mut self, mpd: Node<'_, '_>) {
        let found = mpd.attribute("mediaPresentationDuration").unwrap_or_default();
        let seconds = found.strip_prefix("PT").and_then(|it| it.strip_suffix('S'));
        let samples =
            seconds.and_then(|it| it.parse::<f64>().ok()).map(|it| it * f64::from(SAMPLE_RATE));
        let length = self.contents.asset.samples;
        if samples.is_none_or(|it| (it - length.0 as f64).abs() > 0.5) {
            let wanted = format!("PT{:.9}S", length.seconds());
            self.breach(Rule::DashTimeline, "duration", found, &wanted);
        }
    }

    fn check_set(&mut self, node: Node<'_, '_>, set: SwitchingSet) {
        self.attribute(Rule::Codecs, node, "codecs", set.codec().rfc6381());
        self.attribute(Rule::DashSets, node, "mimeType", "audio/mp4");
        self.attribute(Rule::DashSets, node, "audioSamplingRate", &SAMPLE_RATE.to_string());
        let role = if set == SwitchingSet::Saver { "alternate" } else { "main" };
        self.child(
            Rule::DashSets,
            node,
            "AudioChannelConfiguration",
            "value",
            &CHANNELS.to_string(),
        );
        self.child(Rule::DashSets, node, "Role", "value", role);
        let nodes: Vec<_> =
            node.children().filter(|it| it.has_tag_name("Representation")).collect();
        let wanted: Vec<_> = rungs(set, self.cap).map(|rung| Rendition { set, rung }).collect();
        self.expect(Rule::DashSets, &format!("{set} renditions"), nodes.len(), wanted.len());
        for (node, it) in nodes.into_iter().zip(&wanted) {
            self.check_representation(node, *it);
        }
        if let (Layout::Segments, Some(first)) = (self.contents.asset.layout, wanted.first()) {
            self.check_template(node, *first);
        }
    }

    fn check_template(&mut self, set: Node<'_, '_>, it: Rendition) {
        let wanted = [
            ("timescale", "48000"),
            ("startNumber", "0"),
            ("initialization", "init.mp4"),
            ("media", "$Number%05d$.m4s"),
        ];
        for (attribute, wanted) in wanted {
            self.child(Rule::DashTimeline, set, "SegmentTemplate", attribute, wanted);
        }
        let found = timeline(set);
        let priming = self.contents.inits.get(&it.init()).map_or(Samples::ZERO, |it| it.priming);
        let durations = fragments(self.contents, it).into_iter().map(|it| it.duration);
        let wanted: Vec<u64> = heard(durations, priming).map(|it| it.0).collect();
        if found.as_ref() != Some(&wanted) {
            let (found, wanted) = (format!("{found:?}"), format!("{wanted:?}"));
            self.breach(Rule::DashTimeline, &format!("{} timeline", it.set), &found, &wanted);
        }
    }

    fn check_representation(&mut self, node: Node<'_, '_>, it: Rendition) {
        let Rendition { set, rung } = it;
        self.attribute(Rule::DashSets, node, "id", &format!("{set}-{}", rung.kbps));
        if let Some(rates) = rendition::measured(self.contents, it) {
            self.attribute(Rule::Bandwidth, node, "bandwidth", &rates.peak.0.to_string());
        }
        let base = node.children().find(|it| it.has_tag_name("BaseURL"));
        let base = base.and_then(|it| it.text()).unwrap_or_default();
        match self.contents.asset.layout {
            Layout::Segments => {
                let wanted = format!("{set}/{}/", rung.kbps);
                self.expect(Rule::DashSets, &it.to_string(), base, &wanted);
            }
            Layout::SingleFile => {
                self.expect(Rule::DashSets, &it.to_string(), base, &it.whole().to_string());
                self.check_ranges(node, it);
            }
        }
    }

    fn check_ranges(&mut self, node: Node<'_, '_>, it: Rendition) {
        let Some(whole) = self.contents.wholes.get(&it.whole()) else { return };
        let Some(first) = fragments(self.contents, it).first().copied() else { return };
        let last = |end: u64| end.saturating_sub(1);
        let index = format!("{}-{}", whole.init_size, last(first.start));
        self.child(Rule::DashRanges, node, "SegmentBase", "indexRange", &index);
        self.child(Rule::DashRanges, node, "SegmentBase", "timescale", "48000");
        let init = format!("0-{}", last(whole.init_size));
        self.child(Rule::DashRanges, node, "Initialization", "range", &init);
    }

    fn attribute(&mut self, rule: Rule, node: Node<'_, '_>, name: &str, wanted: &str) {
        let place = format!("{} {name}", node.tag_name().name());
        self.expect(rule, &place, node.attribute(name).unwrap_or_default(), wanted);
    }

    /// An attribute of the one such element below `node`.
    fn child(&mut self, rule: Rule, node: Node<'_, '_>, child: &str, name: &str, wanted: &str) {
        let mut children = node.descendants().filter(|it| it.has_tag_name(child));
        match (children.next(), children.next()) {
            (Some(child), None) => self.attribute(rule, child, name, wanted),
            _ => self.breach(rule, child, "none or several", "one"),
        }
    }

    fn expect<T: PartialEq + fmt::Display>(
        &mut self,
        rule: Rule,
        place: &str,
        found: T,
        wanted: T,
    ) {
        self.findings.expect(rule, format!("{} {place}", self.at), found, wanted);
    }

    fn breach(&mut self, rule: Rule, place: &str, found: &str, wanted: &str) {
        self.findings.breach(rule, format!("{} {place}", self.at), found, wanted);
    }
}

/// The most segments that a timeline is spelt out to: 100 hours.
const MOST_SEGMENTS: usize = 65_536;

/// The durations that a timeline counts up without a gap from 0; `None` where it does not.
fn timeline(set: Node<'_, '_>) -> Option<Vec<u64>> {
    let mut durations = Vec::new();
    let mut time = 0u64;
    for run in set.descendants().filter(|it| it.has_tag_name("S")) {
        let number = |name| run.attribute(name)?.parse::<u64>().ok();
        let (start, duration, repeat) = (number("t")?, number("d")?, number("r")?);
        let count = usize::try_from(repeat).ok()?.checked_add(1)?;
        if start != time || durations.len().checked_add(count)? > MOST_SEGMENTS {
            return None;
        }
        durations.extend(std::iter::repeat_n(duration, count));
        time = time.checked_add(duration.checked_mul(count as u64)?)?;
    }
    Some(durations)
}
