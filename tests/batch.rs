//! `segue package` over many files: folders, patterns, several songs side by side, interruptions.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::shell::{Shell, json_lines, stderr, stdout};

/// A second of music.
const SHORT: usize = 48_000;

/// Long enough to be stopped in the middle.
const LONG: usize = 48_000 * 120;

fn shell() -> Shell {
    Shell::of(env!("CARGO_BIN_EXE_segue"))
}

/// A folder `music` of five songs and what else lies in such folders.
fn library() -> Shell {
    let shell = shell();
    for (seed, name) in
        ["a/1.wav", "a/2.wav", "b/deep/3.flac", "b/4", "5.wav"].into_iter().enumerate()
    {
        shell.master(&format!("music/{name}"), SHORT, seed as u64);
    }
    fs::write(shell.path("music/a/cover.jpg"), [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F'])
        .unwrap();
    fs::write(shell.path("music/notes.txt"), "not a song, but many words about one").unwrap();
    fs::write(shell.path("music/.hidden.wav"), "never looked at").unwrap();
    shell
}

/// The states of all files, by name.
fn states(lines: &[Value]) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines.iter().map(|line| (text(&line["file"]), text(&line["state"]))).collect()
}

#[test]
fn a_folder_is_packaged_side_by_side_and_what_is_no_audio_is_left_alone() {
    let shell = library();
    let output = shell.run(&["package", "music", "--out", "out", "--jobs", "3"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let summary = stdout(&output);
    assert!(summary.contains("5 packaged (0:05 of sound at "), "{summary}");
    assert!(summary.contains("0 already packaged, 0 failed\n2 files were left alone: no audio\n"));
    let songs = |summary: &str| -> Vec<String> {
        let table = summary.split("\nsong ").nth(1).unwrap().lines().skip(1).take(5);
        table.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    };
    assert_eq!(songs(&summary), ["5.wav", "1.wav", "2.wav", "4", "3.flac"], "{summary}");
    assert_eq!(shell.run(&["inspect", "out"]).status.code(), Some(0));

    let again =
        shell.run(&["package", "music/**/*.{wav,flac}", "music/b", "--out", "out", "--json"]);
    let states = states(&json_lines(&again));
    assert_eq!(states.len(), 5, "each file once: {states:?}");
    assert!(states.values().all(|state| state == "already-packaged"), "{states:?}");
}

#[test]
fn two_copies_of_a_master_are_packaged_once() {
    let shell = shell();
    shell.master("music/a.wav", SHORT * 3, 1);
    for copy in ["b", "c"] {
        fs::copy(shell.path("music/a.wav"), shell.path(&format!("music/{copy}.wav"))).unwrap();
    }
    let output = shell.run(&["package", "music", "--out", "out", "--jobs", "3", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines = json_lines(&output);
    let count = |state: &str| lines.iter().filter(|line| line["state"] == state).count();
    assert_eq!((count("packaged"), count("already-packaged")), (1, 2), "{lines:?}");
}

#[test]
fn audio_that_cannot_be_read_is_named_and_what_is_no_audio_is_not() {
    let shell = library();
    let damaged = [&b"fLaC"[..], &[0xA5; 3_000]].concat();
    fs::write(shell.path("music/a/damaged.flac"), damaged).unwrap();
    fs::write(shell.path("music/b/other.wma"), "no music that we know").unwrap();
    fs::write(shell.path("music/b/.nomedia"), "").unwrap();
    fs::write(shell.path("music/b/list.m3u"), "").unwrap();
    let output = shell.run(&["package", "music", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let (summary, said) = (stdout(&output), stderr(&output));
    for file in ["damaged.flac", "other.wma"] {
        let row = summary.lines().find(|line| line.starts_with(file)).expect("a row");
        assert!(row.contains("failed: ") && said.contains(file), "{row}");
    }
    let end = "0 already packaged, 2 failed\n3 files were left alone: no audio\n";
    assert!(summary.ends_with(end), "{summary}");
}

#[test]
fn a_cover_beside_a_song_is_no_second_song() {
    let shell = shell();
    shell.master("single/song.wav", SHORT, 1);
    fs::write(shell.path("single/cover.jpg"), [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F']).unwrap();
    let id = "song=0190d2a5-7c1e-7bbb-8123-000000000003";
    let package = ["package", "single", "--out", "out", "--dry-run", "--json", "--title", "One"];
    let output = shell.run(&[&package[..], &["--ids", id]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines = json_lines(&output);
    let song = lines.iter().find(|it| it["state"] == "would-package").unwrap();
    assert_eq!((&song["title"], &song["song_id"]), (&"One".into(), &id[5..].into()));
    shell.master("single/other.wav", SHORT, 2);
    assert_eq!(shell.run(&package).status.code(), Some(2));
}

#[test]
fn names_move_no_terminal() {
    let shell = shell();
    shell.master("music/\u{1b}[31mred.wav", SHORT, 1);
    shell.master("music/two\nsegue: lines.wav", SHORT, 2);
    fs::write(shell.path("music/\u{9b}2J.flac"), "no music").unwrap();
    let output =
        shell.run(&["package", "music", "--out", "\u{1b}out", "--as-album", "--album", "\rA"]);
    let said = stdout(&output) + &stderr(&output);
    assert!(said.contains("\\u{1b}[31mred.wav") && said.contains("two\\nsegue: lines"), "{said}");
    assert!(said.contains("album '\\rA'"), "{said}");
    assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
    let inspected = stdout(&shell.run(&["inspect", "\u{1b}out"]));
    assert!(!inspected.contains(|c: char| c.is_control() && c != '\n'), "{inspected:?}");
}

#[test]
fn a_file_that_changes_meanwhile_is_said() {
    let shell = shell();
    let master = shell.master("song.wav", LONG, 1);
    let args = ["package", "song.wav", "--out", "out"];
    let child = shell.command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&shell, "out/.segue-staging");
    let file = fs::File::options().write(true).open(&master).unwrap();
    file.set_modified(std::time::SystemTime::now() + Duration::from_secs(5)).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let sentence = "segue: song.wav: the file changed while it was packaged; package it again";
    assert!(stderr(&output).contains(sentence), "{}", stderr(&output));
    assert_eq!(shell.tree("out").len(), 0);
}

#[test]
fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let shell = library();
    shell.master("music/a/1.wav", SHORT, 0);
    assert!(shell.run(&["package", "music/a/1.wav", "--out", "out"]).status.success());
    let before = shell.tree("out");
    let output = shell.run(&["package", "music", "--out", "out", "--dry-run", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(shell.tree("out"), before);
    let lines = json_lines(&output);
    let planned: Vec<&Value> =
        lines.iter().filter(|line| line["state"] == "would-package").collect();
    assert_eq!(planned.len(), 4, "{lines:?}");
    assert_eq!(states(&lines)["music/a/1.wav"], "already-packaged");
    assert_eq!(states(&lines)["music/notes.txt"], "skipped");
    for song in &planned {
        assert_eq!(song["duration_ms"], 1_000, "{song}");
    }

    // What was announced is what comes.
    let made = shell.run(&["package", "music", "--out", "out", "--json"]);
    let made = json_lines(&made);
    for song in planned {
        let made = made.iter().find(|it| it["file"] == song["file"]).unwrap();
        for field in ["artist_id", "album_id", "song_id", "version", "folder", "index"] {
            assert_eq!(made[field], song[field]);
        }
    }
}

#[test]
fn chosen_ids_are_in_the_keys() {
    let shell = shell();
    shell.master("song.wav", SHORT, 1);
    let [artist, album, song] =
        [1, 2, 3].map(|n| format!("0190d2a5-7c1e-7bbb-8123-00000000000{n}"));
    let ids = format!("artist={artist},album={album},song={song}");
    let output = shell.run(&["package", "song.wav", "--out", "out", "--ids", &ids, "--json"]);
    let folder = json_lines(&output)[0]["folder"].as_str().unwrap().to_owned();
    assert!(folder.starts_with(&format!("out/artist/{artist}/album/{album}/{song}/")), "{folder}");

    shell.master("other.wav", SHORT, 2);
    let two = shell.run(&["package", "song.wav", "other.wav", "--out", "out", "--ids", &ids]);
    assert_eq!(two.status.code(), Some(2));
    assert!(stderr(&two).contains("is for one song, and there are several"), "{}", stderr(&two));
    let wrong = shell.run(&["package", "song.wav", "--out", "out", "--ids", "label=x"]);
    assert_eq!(wrong.status.code(), Some(2));
}

/// Killed at any moment, the next run does what is missing, and nothing else.
#[test]
fn a_killed_batch_goes_on_where_it_was() {
    let shell = shell();
    for seed in 1..=6 {
        shell.master(&format!("music/{seed}.wav"), SHORT * 2, seed);
    }
    let package = ["package", "music", "--out", "out", "--jobs", "2", "--json"];
    let mut child = started(&shell, &package);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut done = Vec::new();
    for _ in 0..2 {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        done.push(line["file"].as_str().unwrap().to_owned());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let inspected = shell.run(&["inspect", "out"]);
    assert_eq!(inspected.status.code(), Some(0), "whatever is there is whole");

    let states = states(&json_lines(&shell.run(&package)));
    assert_eq!(states.len(), 6);
    for file in done {
        assert_eq!(states[&file], "already-packaged");
    }
    assert!(states.values().any(|state| state == "packaged"), "{states:?}");
    let names = fs::read_dir(shell.path("out/.segue-staging")).unwrap();
    assert_eq!(names.count(), 1, "only the lock is left");
}

#[test]
fn a_signal_ends_it_cleanly() {
    for (signal, code) in [("-INT", 130), ("-TERM", 1)] {
        let shell = shell();
        shell.master("music/1.wav", LONG, 1);
        shell.master("music/2.wav", LONG, 2);
        let mut child =
            started(&shell, &["package", "music", "--out", "out", "--json", "--jobs", "1"]);
        wait_for(&shell, "out/.segue-staging");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(code), "{signal}");
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said.matches("\"stopped\"").count(), 2, "{said}");
        assert_eq!(shell.tree("out").len(), 0, "nothing is half there");
        let names = fs::read_dir(shell.path("out/.segue-staging")).unwrap();
        assert_eq!(names.count(), 1, "only the lock is left");
    }
}

/// While another process completes a version, a signal ends the wait for it.
#[test]
fn a_signal_ends_the_wait_for_another_process() {
    let shell = shell();
    shell.master("song.wav", LONG / 10, 1);
    let package = ["package", "song.wav", "--out", "out", "--json"];
    let folder = json_lines(&shell.run(&package))[0]["folder"].clone();
    let whole = shell.tree("out");
    fs::remove_file(shell.path(folder.as_str().unwrap()).join("index.m3u8")).unwrap();
    let other = fs::File::create(shell.path("out/.segue-staging/completing")).unwrap();
    other.lock().unwrap();
    let mut child = started(&shell, &package);
    wait_for(&shell, "out/.segue-staging");
    // Long enough that it most likely waits by then; it must end either way.
    std::thread::sleep(Duration::from_secs(3));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(other);
    assert!(shell.run(&package).status.success());
    assert_eq!(shell.tree("out"), whole);
}

/// On a terminal: a bar for each song and one for all. `script` (util-linux) makes a terminal.
#[test]
fn a_terminal_shows_bars() {
    let shell = shell();
    shell.master("one.wav", LONG / 4, 1);
    shell.master("two.wav", LONG / 4, 2);
    let command = format!(
        "stty cols 120; {} package one.wav two.wav --out out --jobs 2",
        env!("CARGO_BIN_EXE_segue")
    );
    let output = Command::new("script")
        .current_dir(shell.folder())
        .args(["-qefc", &command, "/dev/null"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for part in ["one.wav", "two.wav", "total", "x realtime", "/2 files"] {
        assert!(said.contains(part), "no {part} in {said}");
    }
}

fn started(shell: &Shell, args: &[&str]) -> Child {
    shell.command(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until a song is being made in a staging folder.
fn wait_for(shell: &Shell, staging: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let is_there = || {
        let entries = fs::read_dir(shell.path(staging)).ok()?;
        entries.flatten().find(|entry| entry.path().join("version").is_dir())
    };
    while is_there().is_none() {
        assert!(Instant::now() < deadline, "it never begins");
        std::thread::sleep(Duration::from_millis(5));
    }
}
