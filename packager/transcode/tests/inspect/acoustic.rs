//! The acoustic rules on songs that were really packaged: each has a breakage that only listening can
//! notice.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::OnceLock;

use media::SegmentSecrets;
use proptest::prelude::*;
use segue_transcode::inspect::{Folder, Report, Rule, Verify, inspect};
use segue_transcode::{MasterReader, Parameters, hash_master, package};
use tempfile::TempDir;
use testkit::{Frame, signal, wav};

use super::package::Package;
use super::{Breakage, all_sets, encrypted, single_files};

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
fn silenced(song: Package, file: &str, units: impl Fn(usize) -> std::ops::Range<usize>) -> Package {
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

/// Music, as another master has it.
fn changed(seed: u64, change: impl Fn(usize, Frame) -> Frame) -> Vec<Frame> {
    music(seed).into_iter().enumerate().map(|(index, frame)| change(index, frame)).collect()
}

fn scaled(frame: Frame, gain: f32) -> Frame {
    frame.map(|sample| (sample * gain).clamp(-1.0, 1.0))
}

/// 20 dB quieter around the first border.
fn quiet_there(index: usize, frame: Frame) -> Frame {
    let near = index.abs_diff(SEGMENT) < 48_000;
    scaled(frame, if near { 0.1 } else { 1.0 })
}

fn late(samples: usize) -> Vec<Frame> {
    [vec![[0.0; 2]; samples], music(3)[..LENGTH - samples].to_vec()].concat()
}

/// What is done to a song, and the rule that must notice.
const BREAKAGES: &[Breakage] = &[
    (Rule::AudioDecodes, "units are garbage", || {
        let song = song();
        song.edit("aac/128/00001.m4s", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle..middle + 2_000].fill(0xFF);
        });
        song
    }),
    (Rule::AudioLength, "a packet says 10 ms where the file says 20", || {
        let song = song();
        song.edit("opus/128/00001.m4s", |bytes| {
            let mdat = bytes.windows(4).position(|it| it == b"mdat").unwrap() + 4;
            assert_eq!(bytes[mdat] >> 3, 31, "a packet of 20 ms, full band");
            bytes[mdat] = 30 << 3 | bytes[mdat] & 7;
        });
        song
    }),
    (Rule::AudioOffset, "100 samples late", || with_rendition("aac/64", &late(100))),
    (Rule::AudioOffset, "one sample late", || with_rendition("aac/128", &late(1))),
    (Rule::AudioSame, "other music", || with_rendition("opus/64", &music(9))),
    (Rule::AudioLevel, "1 dB quieter", || {
        with_rendition("aac/128", &changed(3, |_, frame| scaled(frame, 0.89)))
    }),
    (Rule::AudioDropout, "a hole", || silenced(song(), "aac/128/00001.m4s", |_| 100..103)),
    (Rule::AudioDropout, "a hole in the highest rung", || {
        silenced(song(), "aac/320/00001.m4s", |_| 100..103)
    }),
    (Rule::AudioClipping, "8 times as loud", || {
        with_rendition("aac/64", &changed(3, |_, frame| scaled(frame, 8.0)))
    }),
    (Rule::AudioSwitch, "the last unit before a border fades into the first one behind it", || {
        silenced(song(), "aac/64/00000.m4s", |units| units - 1..units)
    }),
    (Rule::AudioSwitch, "the same where it is quiet", || {
        let song = packaged(&changed(3, quiet_there), &all_sets());
        silenced(song, "aac/64/00000.m4s", |units| units - 1..units)
    }),
];

#[test]
fn every_breakage_is_heard() {
    for (rule, what, break_it) in BREAKAGES {
        let report = listen(&break_it());
        assert!(rules(&report).contains(rule), "{what}: {report}");
    }
}

#[test]
fn every_acoustic_rule_can_fail() {
    let broken: BTreeSet<Rule> = BREAKAGES.iter().map(|(rule, ..)| *rule).collect();
    let acoustic = Rule::ALL.iter().filter(|rule| rule.id().starts_with("audio-"));
    assert_eq!(broken, acoustic.copied().collect());
}

#[test]
fn lateness_is_told_in_samples() {
    let report = listen(&with_rendition("aac/64", &late(100)));
    let found = report.findings.iter().find(|it| it.rule == Rule::AudioOffset).unwrap();
    assert_eq!((&found.at[..], &found.found[..]), ("aac 64 segment 0", "100 samples late"));
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
}

/// Sound that has little in the band that is compared, or in the sum of its channels.
#[test]
fn odd_sounds_sound_right_too() {
    let noise = signal::noise(LENGTH, 0.2, 7);
    let hiss = noise.iter().zip(&noise[1..]).zip(&noise[2..]);
    let hiss: Vec<Frame> = hiss
        .map(|((a, b), c)| std::array::from_fn(|it| a[it] / 4.0 - b[it] / 2.0 + c[it] / 4.0))
        .collect();
    let opposed = changed(4, |_, [left, _]| [left, -left]);
    for (what, master) in [("hiss", hiss), ("opposed channels", opposed), ("noise", noise)] {
        let report = listen(&packaged(&master, &all_sets()));
        assert!(report.findings.is_empty(), "{what}: {report}");
    }
}

/// Whatever is claimed, the answer comes, and in bounded memory.
#[test]
fn what_lies_about_its_size_is_a_list_of_findings() {
    let endless = song();
    endless.edit("asset.json", |bytes| {
        let mut asset: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        asset["samples"] = (1u64 << 60).into();
        *bytes = asset.to_string().into_bytes();
    });
    assert!(rules(&listen(&endless)).contains(&Rule::AudioLength));

    let many = song();
    many.edit("aac/64/00000.m4s", |segment| {
        // 2,000 more runs, each of as many samples as a number can say.
        let run = [&20u32.to_be_bytes()[..], b"trun", &[0; 4], &[0xFF; 4], &[0; 4]].concat();
        let runs = run.repeat(2_000);
        let traf = segment.windows(4).position(|it| it == b"traf").unwrap() - 4;
        let moof = segment.windows(4).position(|it| it == b"moof").unwrap() - 4;
        for start in [traf, moof] {
            let size = u32::from_be_bytes(segment[start..start + 4].try_into().unwrap());
            let size = size + runs.len() as u32;
            segment[start..start + 4].copy_from_slice(&size.to_be_bytes());
        }
        let mdat = segment.windows(4).position(|it| it == b"mdat").unwrap() - 4;
        segment.splice(mdat..mdat, runs);
    });
    assert!(rules(&listen(&many)).contains(&Rule::AudioDecodes));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_damage_to_sound_makes_it_panic(
        file in prop::sample::select(vec![
            "aac/64/00001.m4s", "aac/64/init.mp4", "opus/320/00000.m4s", "ogg/64.ogg", "saver/64/00002.m4s",
        ]),
        changes in prop::collection::vec((0usize..3_000, any::<u8>()), 1..8),
        keep in prop::option::of(0usize..4_000),
    ) {
        let song = song();
        let size = std::fs::metadata(song.path(file)).unwrap().len() as usize;
        song.edit(file, |bytes| {
            for (at, value) in changes {
                bytes[at % size] ^= value | 1;
            }
            bytes.truncate(keep.unwrap_or(size).max(1));
        });
        listen(&song);
    }
}
