//! Real Chromium, recorded through WebAudio: what a listener hears, sample by sample; and the web
//! player, used as a person would.
//!
//! The tape begins some time before the song does, so its place is found by cross-correlation.
//! What counts then is that every sample of the song is where it belongs, the first and the last too.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use testkit::ffmpeg::frames;
use testkit::server::{ADMIN_PASSWORD, Running, Server};
use testkit::{Frame, judge, signal, wav};

const RATE: usize = 48_000;
const SEGMENT: usize = 276_480;
/// 10 ms: short enough that an access unit lost or doubled fills it.
const WINDOW: usize = 480;
/// 20 ms: about an access unit, over which AAC spreads its noise.
const AROUND: usize = 960;
/// How many windows on either side of a boundary a seam could be heard in: two access units.
const SEAM: usize = 4;
/// How far the noise of AAC at 64 and at 128 kbps may rise towards this music, in dB to its loudness.
const NOISE_AT_64: f64 = -2.0;
const NOISE_AT_128: f64 = -10.0;
/// Below this nothing is heard: digital silence, and the first moments of a decoder's ramp.
const SILENCE: f32 = 1e-4;

#[test]
fn plays_from_the_first_sample_to_the_last() {
    let song = Song::published(2 * SEGMENT + 77_777);
    let tape = song.heard_at(128, &["play=1000"]);
    let found = judge::align(&song.master, &tape.frames);
    assert!(found.correlation > 0.99, "{found:?}");
    let start = usize::try_from(found.offset).expect("the tape begins before the song");
    let before = &tape.frames[..start];
    assert!(before.iter().flatten().all(|sample| sample.abs() < 0.01), "sound before the song");
    let heard = &tape.frames[start..start + song.master.len()];
    assert_only_codec_noise(&song.master, heard, NOISE_AT_128);
    let after = &tape.frames[start + song.master.len() + 1_024..];
    assert!(judge::level_db(after) < -90.0, "sound after the song");
}

#[test]
fn starts_in_mid_song_and_then_finds_the_beginning() {
    let song = Song::published(5 * SEGMENT);
    let tape = song.heard_at(128, &["seek=20", "play=23", "seek=0", "play=3"]);
    // Where the tape jumps is not known, so both places are looked for in all of it.
    // A decoder that starts in mid-stream has no earlier access unit to overlap the first one with.
    let middle = song.place_of(20 * RATE + 2_048..22 * RATE, &tape) - 2_048;
    let beginning = song.place_of(0..2 * RATE, &tape);
    assert!(beginning > middle + 2 * RATE, "the order of hearing: {middle}, {beginning}");
    let onset = tape.onset();
    assert!(
        onset.abs_diff(middle) <= 64,
        "starting at 20 s began {} samples away from the song's 20 s",
        onset as i64 - middle as i64
    );
}

#[test]
fn switches_rungs_without_a_seam() {
    let song = Song::published(7 * SEGMENT);
    let steps = ["play=3", "choose=64", "play=20", "choose=320", "play=1000"];
    let tape = song.heard_at(320, &steps);
    let rungs = tape.rungs();
    let seams: Vec<usize> = (1..rungs.len()).filter(|at| rungs[*at] != rungs[at - 1]).collect();
    let changes: Vec<u64> = seams.iter().map(|seam| rungs[*seam]).collect();
    assert_eq!((rungs[0], changes), (320, vec![64, 320]), "rungs by segment: {rungs:?}");
    assert_eq!(rungs.len(), 7, "every segment is heard once: {rungs:?}");

    let found = judge::align(&song.master, &tape.frames);
    assert!(found.correlation > 0.99, "{found:?}");
    let start = usize::try_from(found.offset).expect("the tape begins before the song");
    let heard = &tape.frames[start..start + song.master.len()];
    assert_only_codec_noise(&song.master, heard, NOISE_AT_64);

    let noise = distances(&song.master, heard);
    let segment = |number: usize| SEGMENT / WINDOW * number;
    let mut usual = noise[segment(seams[0]) + 2 * SEAM..segment(seams[1]) - 2 * SEAM].to_vec();
    usual.sort_by(f64::total_cmp);
    let tolerable = usual[usual.len() * 99 / 100];
    for seam in seams {
        let at = loudest(&noise[segment(seam) - SEAM..segment(seam) + SEAM]);
        assert!(
            at <= tolerable,
            "segment {seam}: {at:.1} dB at the seam, 99 windows in 100 are below {tolerable:.1} dB at 64 kbps"
        );
    }
}

/// Every fMP4 output in the players that take it, whole: each from its first sample to its last.
#[test]
fn every_output_plays_whole_in_hls_js_and_shaka_player() {
    for layout in ["segments", "single-file"] {
        let song = Song::published_as(layout, 2 * SEGMENT + 77_777);
        for (engine, output, kbps) in OUTPUTS {
            let what = format!("{engine}, {output}, {layout}");
            let tape = song.heard_in(engine, output, kbps, &["play=1000"]);
            let found = judge::align(&song.master, &tape.frames);
            let start = usize::try_from(found.offset).expect("the tape begins before the song");
            let heard = &tape.frames[start..start + song.master.len()];
            let noise = distances(&song.master, heard);
            // An access unit that is lost, doubled or shifted fills two windows, at 0 dB and more.
            let gap = noise.windows(2).position(|pair| pair.iter().all(|level| *level > -1.0));
            assert!(found.correlation > 0.98 && gap.is_none(), "{what}: {found:?}, at {gap:?}");
        }
    }
}

#[test]
fn every_output_starts_in_mid_song_and_then_finds_the_beginning() {
    for layout in ["segments", "single-file"] {
        let song = Song::published_as(layout, 4 * SEGMENT + 77_777);
        for (engine, output, kbps) in OUTPUTS {
            let what = format!("{engine}, {output}, {layout}");
            let steps = ["seek=20", "play=22", "seek=0", "play=2"];
            let tape = song.heard_in(engine, output, kbps, &steps);
            let place = |part: std::ops::Range<usize>| {
                let found = judge::align(&song.master[part.clone()], &tape.frames);
                assert!(found.correlation > 0.8, "{what}, {part:?}: {found:?}");
                found.offset
            };
            let middle = place(20 * RATE + 8_192..22 * RATE - 4_800) - 8_192;
            let beginning = place(0..RATE);
            assert!(beginning > middle + RATE as i64, "{what}: the order of hearing");
            let onset = tape.onset() as i64;
            // A codec needs a moment to come in; sound from before 20 s would begin sooner.
            assert!((-64..=4_096).contains(&(onset - middle)), "{what}: {onset}, {middle}");
        }
    }
}

/// Most of the song is fetched after its master was replaced, and all edges told.
#[test]
fn a_song_that_is_replaced_in_its_midst_is_heard_to_its_end_and_the_new_one_at_the_next_play() {
    let song = Song::published(5 * SEGMENT);
    let token = song.server.log_in();
    let id = song.server.songs(&token)[0]["id"].as_str().expect("an id").to_owned();
    let newer = signal::music(2 * SEGMENT, RATE as u32, 4);
    let file = song.folder.path().join("newer.wav");
    wav::write(&file, &newer, RATE as u32);
    let gate = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = gate.local_addr().expect("its port").port();
    let steps = ["ahead=6", "play=3", &format!("gate={port}"), "play=1000"];
    let tape = std::thread::scope(|threads| {
        threads.spawn(|| {
            let (mut listener, _) = gate.accept().expect("a player in mid-song");
            let version = song.server.song(&token, &id)["version"].clone();
            let replaced = song.server.replace(&token, &id, &file);
            assert_ne!(replaced["version"], version, "{replaced}");
            let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
            listener.write_all(answer).expect("the player waits");
        });
        song.heard_at(128, &steps)
    });
    let beginning = song.place_of(0..2 * RATE, &tape);
    let rest = song.place_of(4 * RATE..5 * SEGMENT - RATE, &tape);
    assert!(rest >= beginning + 4 * RATE, "{beginning}, {rest}");

    let urls = song.server.playback(&token, &id);
    let song = Song { master: newer, urls, ..song };
    let tape = song.heard_at(128, &["play=1000"]);
    song.place_of(0..2 * SEGMENT - RATE, &tape);
}

/// Keys are fetched under the token, and segments opened by the player.
#[test]
fn an_encrypted_song_plays_whole_in_hls_js_and_shaka_player() {
    let server = Server::of(env!("CARGO_BIN_EXE_segue")).arg("--encrypt").arg("--sets=aac");
    let song = Song::behind(server, 2 * SEGMENT + 77_777);
    for engine in ["hls", "shaka"] {
        let tape = song.heard_in(engine, "hls", 128, &["play=1000"]);
        let found = judge::align(&song.master, &tape.frames);
        assert!(found.correlation > 0.99, "{engine}: {found:?}");
        let start = usize::try_from(found.offset).expect("the tape begins before the song");
        let heard = &tape.frames[start..start + song.master.len()];
        assert_only_codec_noise(&song.master, heard, NOISE_AT_128);
    }
}

/// Engine, output and rung.
const OUTPUTS: [(&str, &str, u32); 6] = [
    ("hls", "hls", 128),
    ("hls", "hls_opus", 128),
    ("hls", "hls_saver", 64),
    ("shaka", "hls_opus", 128),
    ("shaka", "hls_saver", 64),
    ("shaka", "dash", 128),
];

#[test]
fn a_person_signs_in_plays_the_demo_and_uploads_a_song() {
    let folder = TempDir::new().expect("a temporary folder");
    let server = Server::of(env!("CARGO_BIN_EXE_segue")).with_demo().start();
    let master = flac(folder.path(), &signal::music(8 * RATE, RATE as u32, 11));
    let token = server.log_in();
    assert_eq!(demo(&server, &token)["state"], "ready");

    let seen =
        browse("visit.mjs", &[server.url(), ADMIN_PASSWORD, path(&master), path(folder.path())]);
    let refusal = seen["refusal"].as_str().expect("a sentence");
    assert!(refusal.ends_with('.') && refusal.contains(' '), "a sentence: {refusal}");
    assert_eq!(seen["demo"]["title"], "On The Next Day");
    assert_eq!(seen["demo"]["length"], "0:50");
    let offered = serde_json::json!(["Auto", "64 kbps", "128 kbps", "320 kbps"]);
    assert_eq!(seen["demo"]["offered"], offered);
    let uploaded = &seen["uploaded"];
    assert_eq!(uploaded["length"], "0:08");
    assert_eq!(uploaded["rung"], "64 kbps", "the choice outlives the song it was made for");
    assert_eq!(seen["heard"]["told"]["counted"], true);
    assert_eq!(seen["heard"]["trending"], serde_json::json!(["From the page"]));
}

/// A song of made-up music behind a running edge.
struct Song {
    master: Vec<Frame>,
    urls: Value,
    server: Running,
    folder: TempDir,
}

impl Song {
    /// As it is by default.
    fn published(length: usize) -> Self {
        Self::behind(Server::of(env!("CARGO_BIN_EXE_segue")), length)
    }

    /// In every output.
    fn published_as(layout: &str, length: usize) -> Self {
        let server = Server::of(env!("CARGO_BIN_EXE_segue"));
        let server = server.arg("--sets=aac,ogg,opus,saver").arg("--dash");
        Self::behind(server.arg(format!("--layout={layout}")), length)
    }

    fn behind(server: Server, length: usize) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let master = signal::music(length, RATE as u32, 3);
        let file = folder.path().join("master.wav");
        wav::write(&file, &master, RATE as u32);
        let server = server.start();
        let urls = server.published(&file, "Listening room");
        Self { master, urls, server, folder }
    }

    /// Plays it in Chromium through hls.js, from a fixed rung, as the steps of listen.mjs say.
    fn heard_at(&self, kbps: u32, steps: &[&str]) -> Tape {
        self.heard_in("hls", "hls", kbps, steps)
    }

    fn heard_in(&self, engine: &str, output: &str, kbps: u32, steps: &[&str]) -> Tape {
        let url = self.urls[output].as_str().unwrap_or_else(|| panic!("no URL of {output}"));
        let file = self.folder.path().join("tape.f32");
        let kbps = kbps.to_string();
        let arguments = [&[engine, url, path(&file), &kbps], steps].concat();
        let report = browse("listen.mjs", &arguments);
        assert_eq!(report["failures"], serde_json::json!([]), "{engine} complained");
        let bytes = std::fs::read(&file).expect("listen.mjs kept the tape");
        Tape { frames: frames(&bytes), report }
    }

    /// Where this part of the song is on the tape, all of it at codec noise.
    fn place_of(&self, part: std::ops::Range<usize>, tape: &Tape) -> usize {
        let reference = &self.master[part.clone()];
        let found = judge::align(reference, &tape.frames);
        let place = usize::try_from(found.offset)
            .unwrap_or_else(|_| panic!("{part:?} begins before the tape: {found:?}"));
        assert_only_codec_noise(
            reference,
            &tape.frames[place..place + reference.len()],
            NOISE_AT_128,
        );
        place
    }
}

/// What was heard, with what listen.mjs said about it.
struct Tape {
    frames: Vec<Frame>,
    report: Value,
}

impl Tape {
    /// The first frame with sound in it.
    fn onset(&self) -> usize {
        let loud = |frame: &Frame| frame.iter().any(|sample| sample.abs() > SILENCE);
        self.frames.iter().position(loud).expect("something was heard")
    }

    /// The rung of each segment, in the order of hearing.
    fn rungs(&self) -> Vec<u64> {
        let heard = self.report["heard"].as_array().expect("a list of segments");
        heard.iter().map(|segment| segment["kbps"].as_u64().expect("a rung")).collect()
    }
}

/// Every window is closer to the master than `limit`: one that is silent, doubled or shifted is as
/// far off as the music is loud just there (0 dB), or further.
fn assert_only_codec_noise(reference: &[Frame], heard: &[Frame], limit: f64) {
    let far_off = distances(reference, heard);
    let worst = loudest(&far_off);
    let at = far_off.iter().position(|level| *level == worst).expect("the loudest is one of them");
    assert!(worst < limit, "{worst:.1} dB of error to music {} ms in", at * 10);
}

/// The error of each window in dB to the loudness of the music around it.
fn distances(reference: &[Frame], heard: &[Frame]) -> Vec<f64> {
    let errors = judge::error_levels(reference, heard, WINDOW);
    let around = |at: usize| {
        let from = (at * WINDOW).saturating_sub(AROUND);
        let to = ((at + 1) * WINDOW + AROUND).min(reference.len());
        judge::level_db(&reference[from..to])
    };
    errors.iter().enumerate().map(|(at, error)| error - around(at)).collect()
}

fn loudest(levels: &[f64]) -> f64 {
    levels.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn demo(server: &Running, token: &str) -> Value {
    let client = reqwest::blocking::Client::new();
    let list = client.get(format!("{}/v1/songs", server.url())).bearer_auth(token);
    let list: Value = list.send().and_then(|answer| answer.json()).expect("the list of songs");
    let id = list["songs"][0]["id"].as_str().unwrap_or_else(|| panic!("no demo song: {list}"));
    server.settled(token, id)
}

/// A FLAC file of these frames.
fn flac(folder: &Path, frames: &[Frame]) -> PathBuf {
    let (wav, flac) = (folder.join("upload.wav"), folder.join("upload.flac"));
    wav::write(&wav, frames, RATE as u32);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-i", path(&wav), path(&flac)]);
    let status = ffmpeg.status().expect("ffmpeg runs");
    assert!(status.success(), "ffmpeg: {status}");
    flac
}

/// Runs one of the scripts in tests/browser and gives what it says on stdout.
fn browse(script: &str, arguments: &[&str]) -> Value {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = home.join("target/tools/bin/node");
    let node = if ours.is_file() { ours } else { "node".into() };
    let output = Command::new(node)
        .arg(home.join("tests/browser").join(script))
        .args(arguments)
        .output()
        .expect("node runs: `make test` installs it");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {complaint}");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{script}: {error}: {said}"))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}
