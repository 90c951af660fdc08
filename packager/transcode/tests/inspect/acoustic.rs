//! The acoustic rules on songs that were really packaged: each has a breakage that only listening can
//! notice.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::OnceLock;

use media::{Layout, SegmentSecrets};
use segue_transcode::inspect::{Folder, Report, Rule, Verify, inspect};
use segue_transcode::{MasterReader, Parameters, hash_master, package};
use tempfile::TempDir;
use testkit::{Frame, signal, wav};

use super::package::Package;
use super::{all_sets, encrypted, single_files};

const SEGMENT: usize = 276_480;
const LENGTH: usize = 2 * SEGMENT + 77_777;

/// A unit of AAC-LC of so many bytes that holds silence (ISO 14496-3 4.4.2.1): an `ID_CPE` of two channels
/// without any scale factor band, as many `ID_FIL` as it takes, and `ID_END`.
fn silent_unit(bytes: usize) -> Vec<u8> {
    const END: usize = 3;
    let mut bits = Vec::new();
    let mut put = |value: usize, width: usize| {
        bits.extend(
            (0..width).rev().map(|bit| (value.checked_shr(bit as u32).unwrap_or(0) & 1) as u8),
        );
        bits.len()
    };
    // Element, instance, common window; the window, the mask, and two empty channels.
    put(0b001, 3);
    put(0, 4);
    put(1, 1);
    let mut there = put(0, 11 + 2 + 2 * 11);
    while bytes * 8 - there >= 7 + 8 + END {
        let room = (bytes * 8 - there - 7 - END) / 8;
        put(0b110, 3);
        // 15 says that a byte follows, which counts from 14 (4.4.2.7).
        let count = if room <= 14 {
            put(room, 4);
            room
        } else {
            put(15, 4);
            (room - 1).min(269)
        };
        if room > 14 {
            put(count - 14, 8);
        }
        there = put(0, count * 8);
    }
    put(0b111, 3);
    bits.resize(bytes * 8, 0);
    bits.chunks(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | bit)).collect()
}

/// Music that leaves room for what codecs add to its peaks.
fn music(seed: u64) -> Vec<Frame> {
    signal::music(LENGTH, 48_000, seed).into_iter().map(|frame| frame.map(|it| it * 0.3)).collect()
}

fn packaged(master: &[Frame], parameters: &Parameters) -> Package {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.wav");
    wav::write(&file, master, 48_000);
    let hash = hash_master(File::open(&file).unwrap()).unwrap();
    package(
        &MasterReader::here(),
        &file,
        &hash,
        &folder.path().join("version"),
        parameters,
        &|_| {},
    )
    .unwrap();
    Package::at(folder, parameters)
}

/// A copy of the song that all breakages begin with.
fn song() -> Package {
    static SONG: OnceLock<TempDir> = OnceLock::new();
    let made = SONG.get_or_init(|| packaged(&music(3), &all_sets()).into_folder());
    Package::copy_of(made, &all_sets())
}

fn listen(package: &Package) -> Report {
    inspect(&Folder(package.path("")), &SegmentSecrets::default(), Verify::Full)
}

fn rules(report: &Report) -> BTreeSet<Rule> {
    report.findings.iter().map(|finding| finding.rule).collect()
}

/// The song with a rendition of another master in it.
fn with_rendition(folder: &str, master: &[Frame]) -> Package {
    let (song, other) = (song(), packaged(master, &all_sets()));
    for name in ["00000.m4s", "00001.m4s", "00002.m4s"] {
        let file = format!("{folder}/{name}");
        let bytes = std::fs::read(other.path(&file)).unwrap();
        song.edit(&file, |old| *old = bytes);
    }
    song
}

/// The song with these units of a segment silenced.
fn silenced(file: &str, units: impl Fn(usize) -> std::ops::Range<usize>) -> Package {
    let song = song();
    song.edit(file, |bytes| {
        let sizes = sizes(bytes);
        let mdat = bytes.windows(4).position(|it| it == b"mdat").unwrap() + 4;
        for unit in units(sizes.len()) {
            let start = mdat + sizes[..unit].iter().sum::<usize>();
            let unit = &mut bytes[start..start + sizes[unit]];
            unit.copy_from_slice(&silent_unit(unit.len()));
        }
    });
    song
}

/// The sizes in a segment's `trun` that spells out nothing else.
fn sizes(segment: &[u8]) -> Vec<usize> {
    let trun = segment.windows(4).position(|it| it == b"trun").unwrap() + 4;
    let field = |at: usize| u32::from_be_bytes(segment[at..at + 4].try_into().unwrap()) as usize;
    (0..field(trun + 4)).map(|index| field(trun + 12 + 4 * index)).collect()
}

#[test]
fn songs_of_every_form_sound_right() {
    for parameters in [all_sets(), single_files()] {
        let report = listen(&packaged(&music(5), &parameters));
        assert!(report.findings.is_empty(), "{:?}: {report}", parameters.layout);
    }
    let song = packaged(&music(6), &encrypted());
    let report = inspect(&Folder(song.path("")), &song.secrets, Verify::Full);
    assert!(report.findings.is_empty(), "encrypted: {report}");
    assert_eq!(Parameters::default().layout, Layout::Segments);
}

#[test]
fn a_unit_that_does_not_decode() {
    let song = song();
    song.edit("aac/128/00001.m4s", |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 2_000].fill(0xFF);
    });
    assert!(rules(&listen(&song)).contains(&Rule::AudioDecodes));
}

/// A packet says 10 ms where the file says 20.
#[test]
fn a_rendition_that_is_shorter_than_it_says() {
    let song = song();
    song.edit("opus/128/00001.m4s", |bytes| {
        let mdat = bytes.windows(4).position(|it| it == b"mdat").unwrap() + 4;
        assert_eq!(bytes[mdat] >> 3, 31, "a packet of 20 ms, full band");
        bytes[mdat] = 30 << 3 | bytes[mdat] & 7;
    });
    assert!(rules(&listen(&song)).contains(&Rule::AudioLength));
}

#[test]
fn a_rendition_that_is_late() {
    let late = [vec![[0.0; 2]; 100], music(3)[..LENGTH - 100].to_vec()].concat();
    let report = listen(&with_rendition("aac/64", &late));
    assert!(rules(&report).contains(&Rule::AudioOffset), "{report}");
    let found = report.findings.iter().find(|it| it.rule == Rule::AudioOffset).unwrap();
    assert_eq!((&found.at[..], &found.found[..]), ("aac 64 segment 0", "100 samples late"));
}

#[test]
fn a_rendition_of_other_music() {
    let report = listen(&with_rendition("opus/64", &music(9)));
    assert!(rules(&report).contains(&Rule::AudioSame), "{report}");
}

#[test]
fn a_rendition_that_is_quieter() {
    let quiet: Vec<Frame> = music(3).into_iter().map(|frame| frame.map(|it| it * 0.9)).collect();
    let report = listen(&with_rendition("aac/128", &quiet));
    assert!(rules(&report).contains(&Rule::AudioLevel), "{report}");
}

#[test]
fn a_rendition_with_a_hole() {
    let report = listen(&silenced("aac/128/00001.m4s", |_| 100..103));
    assert!(rules(&report).contains(&Rule::AudioDropout), "{report}");
}

#[test]
fn a_rendition_that_clips() {
    let loud: Vec<Frame> =
        music(3).into_iter().map(|frame| frame.map(|it| (it * 8.0).clamp(-1.0, 1.0))).collect();
    let report = listen(&with_rendition("aac/64", &loud));
    assert!(rules(&report).contains(&Rule::AudioClipping), "{report}");
}

/// The last unit before a border fades into the first one behind it.
#[test]
fn a_switch_that_is_heard() {
    let report = listen(&silenced("aac/64/00000.m4s", |units| units - 1..units));
    assert!(rules(&report).contains(&Rule::AudioSwitch), "{report}");
}
