//! What may befall a job in `segue up`, one row each: signals at every stage, a full disk, a clock that
//! jumps. Afterwards the job ends well or says why, and nothing half-made is ever visible. What may befall a
//! store is in tests/targets.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs::{self, Permissions};
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::server::{Running, Server};
use testkit::{signal, wav};

const SEGUE: &str = env!("CARGO_BIN_EXE_segue");
const RATE: u32 = 48_000;

/// The stages of a job, by the file that shows that each has begun, under the data folder; `*` is any name.
const STAGES: [(&str, &str); 6] = [
    ("accepted", "objects/masters/*"),
    ("fetching", "work/packages/*/master"),
    ("encoding", "work/packages/*/package/ogg/64.ogg"),
    ("inspecting", "work/packages/*/package/asset.json"),
    ("publishing", "objects/artist/*/album/*/*/*/aac/64/00000.m4s"),
    ("made visible", "objects/artist/*/album/*/*/*/index.m3u8"),
];

fn master(folder: &Path, seconds: usize) -> PathBuf {
    let path = folder.join("master.wav");
    wav::write(&path, &signal::music(seconds * RATE as usize, RATE, 3), RATE);
    path
}

/// What a pattern with `*` for whole names finds.
fn found(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    pattern.split('/').fold(vec![folder.to_owned()], |folders, name| {
        let below = |folder: &PathBuf| -> Vec<PathBuf> {
            match name {
                "*" => entries(folder),
                name => vec![folder.join(name)].into_iter().filter(|path| path.exists()).collect(),
            }
        };
        folders.iter().flat_map(below).collect()
    })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn wait_for(data: &Path, pattern: &str) {
    while found(data, pattern).is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Every multivariant playlist that is there has all of its version beside it.
fn assert_nothing_half_made(what: &str, data: &Path) {
    for playlist in found(data, "objects/artist/*/album/*/*/*/index.m3u8") {
        let version = playlist.parent().unwrap();
        let asset: Value = serde_json::from_slice(&fs::read(version.join("asset.json")).unwrap())
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        for object in asset["objects"].as_array().unwrap() {
            let path = object["path"].as_str().unwrap();
            // Capped playlists and those of other sets come with the first one.
            if !path.contains('/') && path.ends_with(".m3u8") {
                continue;
            }
            let size = fs::metadata(version.join(path)).map(|file| file.len()).ok();
            assert_eq!(size, object["size"].as_u64(), "{what}: {path}");
        }
    }
}

/// After a restart: the song is ready, in one version that breaks no rule, and nothing else lies about.
fn assert_recovers(what: &str, data: &Path, id: &str) {
    let again = Server::of(SEGUE).on(data).start();
    let song = again.settled(&again.log_in(), id);
    assert_eq!(song["state"], "ready", "{what}: {song}");
    again.kill();
    assert_nothing_half_made(what, data);
    let versions = found(data, "objects/artist/*/album/*/*/*");
    let [version] = &versions[..] else { panic!("{what}: {versions:?}") };
    let inspected = Command::new(SEGUE).args(["inspect", "--verify", "fast"]).arg(version).output();
    let inspected = inspected.unwrap();
    let said = String::from_utf8_lossy(&inspected.stdout);
    assert!(inspected.status.success(), "{what}: {said}");
    assert_eq!(found(data, "work/packages/*"), [] as [PathBuf; 0], "{what}");
    assert_eq!(found(data, "work/incoming/*"), [] as [PathBuf; 0], "{what}");
    assert_eq!(found(data, "objects/masters/*").len(), 1, "{what}");
}

fn at_every_stage(end: impl Fn(Running)) {
    for (stage, pattern) in STAGES {
        let (folder, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let running = Server::of(SEGUE).on(data.path()).start();
        let id = running.upload(&running.log_in(), &master(folder.path(), 20), "Song");
        wait_for(data.path(), pattern);
        end(running);
        assert_nothing_half_made(stage, data.path());
        assert_recovers(stage, data.path(), &id);
    }
}

#[test]
fn killed_at_any_stage_the_job_is_finished_after_the_restart() {
    at_every_stage(Running::kill);
}

#[test]
fn told_to_end_at_any_stage_it_ends_well_and_the_job_is_finished_after_the_restart() {
    at_every_stage(|running| assert_eq!(running.terminate(), Some(0)));
}

/// Nobody was promised anything yet: no song, and nothing left of the bytes.
#[test]
fn killed_while_a_master_arrives_it_leaves_nothing() {
    let data = TempDir::new().unwrap();
    let running = Server::of(SEGUE).on(data.path()).start();
    let token = running.log_in();
    let mut half = TcpStream::connect(running.url().trim_start_matches("http://")).unwrap();
    write!(
        half,
        "POST /v1/songs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000000\r\n\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"
    )
    .unwrap();
    half.write_all(&[7; 3_000_000]).unwrap();
    wait_for(data.path(), "work/incoming/*");
    running.kill();
    let again = Server::of(SEGUE).on(data.path()).start();
    assert_eq!(again.songs(&again.log_in()), Vec::<Value>::new());
    assert_eq!(found(data.path(), "work/incoming/*"), [] as [PathBuf; 0]);
    assert_eq!(found(data.path(), "objects/masters/*"), [] as [PathBuf; 0]);
}

/// A script that starts the binary otherwise.
fn started_by(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("segue");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

/// On a disk of 12 MB, of a namespace of its own: songs are accepted until it is full, and each ends
/// ready or failed with a reason; the server lives, and says no to what it cannot hold.
#[test]
fn a_full_disk_fails_songs_with_a_reason_and_the_server_goes_on() {
    let (folder, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let disk = data.path().display();
    let script = format!(
        "exec unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o size=12m none {disk} \
         && exec {SEGUE} \"$@\"' sh \"$@\""
    );
    let binary = started_by(folder.path(), &script);
    let running = Server::of(binary).on(data.path()).arg("--keep-free").arg("0").start();
    let token = running.log_in();
    let mut states = Vec::new();
    for seed in 0..12 {
        let file = folder.path().join("song.wav");
        wav::write(&file, &signal::music(10 * RATE as usize, RATE, seed), RATE);
        match running.try_upload(&token, &file, "Song") {
            Ok(id) => {
                let song = running.settled(&token, &id);
                let state = song["state"].as_str().unwrap().to_owned();
                let reason = song["error"].as_str().unwrap_or_default();
                assert!(state == "ready" || reason.contains(' '), "{song}");
                states.push(state);
            }
            Err((status, problem)) => {
                assert!((500..600).contains(&status), "{problem}");
                assert!(problem["title"].is_string(), "{problem}");
                states.push("refused".to_owned());
            }
        }
    }
    assert!(states.contains(&"ready".to_owned()), "{states:?}");
    assert!(states.iter().any(|state| state != "ready"), "the disk is full: {states:?}");
    assert_eq!(running.songs(&token).len(), states.iter().filter(|it| *it != "refused").count());
}

/// Wall time leaps two days ahead in mid-job, and back before the beginning.
#[test]
fn a_clock_that_jumps_loses_no_job() {
    let (folder, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let clock = folder.path().join("clock");
    let set = |offset: &str| fs::write(&clock, offset).unwrap();
    set("+0");
    let library = found(Path::new("/usr/lib"), "*/faketime/libfaketimeMT.so.1");
    let running = Server::of(SEGUE)
        .on(data.path())
        .env("LD_PRELOAD", library.first().expect("`make test` installs it").to_str().unwrap())
        .env("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap())
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .start();
    for (offset, seconds) in [("+2d", 40), ("-2d", 41)] {
        let id = running.upload(&running.log_in(), &master(folder.path(), seconds), offset);
        wait_for(data.path(), "work/packages/*/package/ogg/64.ogg");
        set(offset);
        let song = running.settled(&running.log_in(), &id);
        assert_eq!(song["state"], "ready", "{offset}: {song}");
        assert_nothing_half_made(offset, data.path());
    }
    assert_eq!(found(data.path(), "objects/artist/*/album/*/*/*").len(), 2);
}
