//! `segue jobs` beside a running `segue up`: what an operator sees of the queue, and does to it.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use testkit::server::Server;
use testkit::shell::{stderr, stdout};
use testkit::{signal, wav};

const SEGUE: &str = env!("CARGO_BIN_EXE_segue");
const RATE: u32 = 48_000;

/// How long anything that a test waits for may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

fn jobs(data: &Path, arguments: &[&str]) -> Output {
    let mut segue = Command::new(SEGUE);
    segue.arg("jobs").args(arguments).arg("--data").arg(data).env("USER", "olga");
    segue.env_remove("SUDO_USER").output().unwrap()
}

/// Each line of a command that went well.
fn documents(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn listed(data: &Path, filter: &[&str]) -> Vec<Value> {
    let output = jobs(data, &[&["list", "--json"], filter].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    documents(&output)
}

/// The jobs once there are `count` in that state.
fn wait_for(data: &Path, state: &str, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = listed(data, &["--state", state]);
        if found.len() == count {
            return found;
        }
        assert!(Instant::now() < deadline, "{:?}", listed(data, &[]));
        sleep(Duration::from_millis(50));
    }
}

fn master(folder: &Path, name: &str, seconds: usize) -> std::path::PathBuf {
    let path = folder.join(name);
    wav::write(&path, &signal::music(seconds * RATE as usize, RATE, 3), RATE);
    path
}

#[test]
fn a_song_that_is_packaged_is_called_off_in_its_midst_and_put_back() {
    let (folder, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let running = Server::of(SEGUE).on(data.path()).start();
    let (token, data) = (running.log_in(), data.path().to_owned());
    let long = running.upload(&token, &master(folder.path(), "long.wav", 150), "Long");
    let behind = running.upload(&token, &master(folder.path(), "short.wav", 2), "Short");

    let job = &wait_for(&data, "running", 1)[0];
    assert_eq!((job["song"].as_str(), job["owner"].as_str()), (Some(&*long), Some("admin")));
    let id = job["id"].as_str().unwrap();
    let waiting = &wait_for(&data, "queued", 1)[0];
    assert_eq!(waiting["song"], *behind);
    let cancelled = jobs(&data, &["cancel", id]);
    assert_eq!(
        (cancelled.status.code(), stdout(&cancelled)),
        (Some(0), format!("{id} is cancelled\n"))
    );
    let again = jobs(&data, &["cancel", id, "--json"]);
    assert_eq!(documents(&again)[0]["done"], true, "twice is once");
    let song = running.song(&token, &long);
    assert_eq!(song["state"], "failed", "{song}");
    assert!(song["error"].as_str().unwrap().contains("cancelled"), "{song}");
    // Its worker and its cell leave it at once: the next song is made while most of this one were still to be read.
    assert_eq!(running.settled(&token, &behind)["state"], "ready");
    let work = data.join("work/packages");
    let deadline = Instant::now() + PATIENCE;
    while fs::read_dir(&work).unwrap().next().is_some() {
        assert!(Instant::now() < deadline, "its work folder stays");
        sleep(Duration::from_millis(20));
    }
    let line = stdout(&jobs(&data, &["list", "--song", &long]));
    assert!(line.contains("cancelled by olga") && line.contains("Long"), "{line}");

    let back = jobs(&data, &["retry", id]);
    assert_eq!(stdout(&back), format!("{id} is queued again\n"));
    wait_for(&data, "running", 1);
    assert_eq!(running.terminate(), Some(0));
    let job = &listed(&data, &["--song", &long])[0];
    assert_eq!(
        (&job["state"], &job["attempts"]),
        (&"queued".into(), &0.into()),
        "it was handed back"
    );
}

#[test]
fn what_failed_is_listed_with_its_reason_and_what_cannot_be_done_is_said() {
    let folder = TempDir::new().unwrap();
    let running = Server::of(SEGUE).start();
    let (token, data) = (running.log_in(), running.data().to_owned());
    let words = folder.path().join("words.wav");
    fs::write(&words, "these are words").unwrap();
    let song = running.upload(&token, &words, "Words");
    assert_eq!(running.settled(&token, &song)["state"], "failed");
    let failed = listed(&data, &["--owner", "admin", "--state", "failed"]);
    assert_eq!(failed.len(), 1);
    assert!(!failed[0]["last_error"].as_str().unwrap().is_empty());
    let line = stdout(&jobs(&data, &["list"]));
    assert!(line.contains("  failed     1  ") && line.contains("  admin  Words: "), "{line}");
    let id = failed[0]["id"].as_str().unwrap();
    let late = jobs(&data, &["cancel", id]);
    assert_eq!(late.status.code(), Some(1));
    assert_eq!(stdout(&late), format!("{id} stays as it is: it is failed already\n"));
    let nobody = song;
    let unknown = jobs(&data, &["retry", &nobody, id]);
    assert_eq!(unknown.status.code(), Some(1));
    let said = format!("{nobody} is no job of this database\n{id} is queued again\n");
    assert_eq!(stdout(&unknown), said, "one stops no other");
    wait_for(&data, "failed", 1);

    for (wrong, code, part) in [
        (&["list", "--state", "lost"][..], 2, "accepted are queued"),
        (&["retry"][..], 2, "<ID>"),
        (&["retry", "7"][..], 2, "a UUID"),
        (&["list", "--owner", "nobody"][..], 1, "there is no account 'nobody'"),
    ] {
        let output = jobs(&data, wrong);
        assert_eq!(output.status.code(), Some(code), "{wrong:?}");
        assert!(stderr(&output).contains(part), "{wrong:?}: {}", stderr(&output));
    }
    let nowhere = jobs(&folder.path().join("nowhere"), &["list"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).contains("there is no database"), "{}", stderr(&nowhere));
    assert!(!folder.path().join("nowhere").exists());
}

#[test]
fn songs_are_packaged_once_more_where_that_makes_a_difference() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let running = Server::of(SEGUE).on(&data).start();
    let token = running.log_in();
    let id = running.upload(&token, &master(folder.path(), "song.wav", 2), "Song");
    let song = running.settled(&token, &id);
    let repackage = |arguments: &[&str]| {
        let mut segue = Command::new(SEGUE);
        segue.arg("repackage").args(arguments).arg("--data").arg(&data);
        segue.output().unwrap()
    };
    let queued = repackage(&["--all", "--json"]);
    assert_eq!(documents(&queued)[0]["queued"], 1, "{}", stderr(&queued));
    wait_for(&data, "done", 2);
    assert_eq!(running.song(&token, &id), song, "it would become what it is");
    assert_eq!(running.terminate(), Some(0));

    let running = Server::of(SEGUE).on(&data).arg("--sets=aac").start();
    let token = running.log_in();
    let queued = repackage(&[&id]);
    assert!(stdout(&queued).starts_with("1 song is queued"), "{}", stderr(&queued));
    wait_for(&data, "done", 3);
    assert_ne!(running.song(&token, &id)["version"], song["version"]);
    assert_eq!(running.playback(&token, &id)["hls_ogg"], Value::Null);

    let nobody = "0190d2a5-7c1e-7bbb-8123-000000000003";
    for (wrong, code, part) in [
        (&[][..], 2, "SONG"),
        (&["--all", nobody], 2, "cannot be used with"),
        (&[nobody], 1, "there is no song"),
    ] {
        let output = repackage(wrong);
        assert_eq!(output.status.code(), Some(code), "{wrong:?}");
        assert!(stderr(&output).contains(part), "{wrong:?}: {}", stderr(&output));
    }
}
