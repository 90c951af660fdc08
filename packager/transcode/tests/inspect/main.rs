//! Every rule of `transcode::inspect` can fail: each has at least one breakage here.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

mod acoustic;
mod breakages;
mod package;

use std::collections::BTreeSet;
use std::fs;

use media::{Layout, SegmentSecret, SegmentSecrets};
use package::{Package, segment};
use proptest::prelude::*;
use segue_transcode::Parameters;
use segue_transcode::inspect::{Report, Rule};

const AAC: &str = "aac/128/playlist.m3u8";
const OGG: &str = "ogg/128.m3u8";
const INIT: &str = "aac/128/init.mp4";
const SONG: &str = "ogg/128.ogg";
const WAVEFORM: &str = "waveform.json";
const OPUS_INIT: &str = "opus/128/init.mp4";
const OPUS_SEGMENT: &str = "opus/128/00001.m4s";
const SAVER_INIT: &str = "saver/64/init.mp4";
const MPD: &str = "manifest.mpd";
const KEY: &str = "EXT-X-KEY:METHOD=AES-128,URI=";
const SECRET: SegmentSecret = SegmentSecret::new([0x42; 32]);
const WHOLE: &str = "aac/128/media.mp4";

/// What is done to a clean package, and the rule that must notice.
type Breakage = (Rule, &'static str, fn() -> Package);

fn broken(break_it: impl FnOnce(&Package)) -> Package {
    let package = Package::new();
    break_it(&package);
    package
}

/// Every set, and DASH.
fn all_sets() -> Parameters {
    Parameters { sets: "aac,ogg,opus,saver".parse().unwrap(), dash: true, ..Parameters::default() }
}

/// The same, and DASH, in single files.
fn single_files() -> Parameters {
    Parameters { layout: Layout::SingleFile, ..all_sets() }
}

/// All that can be encrypted, and is.
fn encrypted() -> Parameters {
    let sets = "aac,opus,saver".parse().unwrap();
    Parameters { sets, secret: Some(SECRET), ..Parameters::default() }
}

fn broken_of(parameters: Parameters, break_it: impl FnOnce(&Package)) -> Package {
    let package = Package::of(parameters);
    break_it(&package);
    package
}

fn rules(report: &Report) -> BTreeSet<Rule> {
    report.findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn a_clean_package_has_no_finding() {
    let report = Package::new().inspect();
    assert!(report.findings.is_empty() && report.is_clean(), "{report}");
    assert_eq!(report.objects, 6 + 6 + 3 + 9 + 3 + 1);
    assert_eq!(report.duration_ms, 12_520);
}

#[test]
fn clean_packages_of_other_sets_and_layouts_have_no_finding() {
    for (parameters, files) in
        [(all_sets(), 12 + 3 + 10 + 7 + 21 + 3 + 1), (single_files(), 12 + 3 + 10 + 7 + 3 + 1)]
    {
        let report = Package::of(parameters).inspect();
        assert!(report.findings.is_empty() && report.is_clean(), "{report}");
        assert_eq!(report.objects, files);
    }
}

#[test]
fn a_clean_encrypted_package_has_no_finding() {
    let package = Package::of(encrypted());
    let report = package.inspect();
    assert!(report.findings.is_empty() && report.is_clean(), "{report}");
    let asset = fs::read_to_string(package.path("asset.json")).unwrap();
    assert!(asset.contains("\"method\": \"AES-128\""), "{asset}");
    assert!(!asset.contains(&SECRET.to_hex()), "{asset}");
    let bytes = fs::read(package.path(&segment(128, 1))).unwrap();
    assert!(!bytes[..64].windows(4).any(|it| it == b"moof"), "the segment is not encrypted");
}

/// Without a key, hashes and playlists are still checked.
#[test]
fn what_cannot_be_opened_is_one_finding() {
    let closed = || Package::of(encrypted()).held_with(SegmentSecrets::default());
    let report = closed().inspect();
    assert_eq!(report.findings.len(), 1, "{report}");
    let told = report.to_string();
    assert!(told.contains(&SECRET.fingerprint().to_string()), "{told}");
    assert!(told.contains("--segment-secret-file") && !report.is_clean(), "{told}");
    let package = closed();
    fs::write(package.path(INIT), b"torn").unwrap();
    package.replace(AAC, ".key\"", ".key\",IV=0x01");
    let found = rules(&package.inspect());
    assert!(found.is_superset(&BTreeSet::from([Rule::ObjectSize, Rule::KeyIv])), "{found:?}");
}

#[test]
fn every_breakage_is_noticed() {
    for (rule, what, package) in breakages::all() {
        let report = package().inspect();
        assert!(rules(&report).contains(rule), "{what}: {rule} did not notice\n{report}");
        assert!(!report.is_clean());
    }
}

#[test]
fn every_rule_can_fail() {
    let broken: BTreeSet<Rule> = breakages::all().map(|(rule, ..)| *rule).collect();
    // Those that need ears have theirs in acoustic.rs.
    let fast = Rule::ALL.iter().filter(|rule| !rule.id().starts_with("audio-"));
    assert_eq!(broken, fast.copied().collect());
}

#[test]
fn the_report_names_rule_place_and_both_values() {
    let report = broken(|it| it.replace(AAC, "TARGETDURATION:6", "TARGETDURATION:5")).inspect();
    insta::assert_snapshot!(report);
    insta::assert_snapshot!(serde_json::to_string_pretty(&report.findings).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever the bytes are, the answer is a list of findings.
    #[test]
    fn no_damage_makes_it_panic(
        file in 0usize..56,
        parameters in prop::sample::select(vec![all_sets(), single_files(), encrypted()]),
        changes in prop::collection::vec((0u32..400, any::<u8>()), 1..6),
        keep in prop::option::of(0usize..800),
    ) {
        let package = Package::of(parameters);
        let files: Vec<String> = transcode_files(&package);
        let file = &files[file % files.len()];
        let mut bytes = fs::read(package.path(file)).unwrap();
        for (at, value) in changes {
            let at = at as usize % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(keep.unwrap_or(bytes.len()));
        fs::write(package.path(file), bytes).unwrap();
        let _ = package.inspect().to_string();
    }
}

fn transcode_files(package: &Package) -> Vec<String> {
    let text = fs::read_to_string(package.path("asset.json")).unwrap();
    let asset: media::Asset = serde_json::from_str(&text).unwrap();
    let files = segue_transcode::publish_order::of(&asset).unwrap();
    files.iter().map(ToString::to_string).collect()
}
