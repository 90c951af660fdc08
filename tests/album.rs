//! `segue package` and tags: ids that follow from names, what is said in their place, albums.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::process::Command;

use serde_json::Value;
use testkit::shell::{Shell, json_lines, stderr, stdout};

const SHORT: usize = 48_000;

fn shell() -> Shell {
    Shell::of(env!("CARGO_BIN_EXE_segue"))
}

/// A master with tags, as others write them: the format by the name's end.
fn tagged(shell: &Shell, name: &str, seed: u64, tags: &[&str]) {
    let plain = shell.master("plain.wav", SHORT, seed);
    let out = shell.path(name);
    std::fs::create_dir_all(out.parent().unwrap()).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(&plain);
    for tag in tags {
        command.args(["-metadata", tag]);
    }
    assert!(command.arg(&out).status().unwrap().success());
    std::fs::remove_file(plain).unwrap();
}

#[test]
fn songs_of_one_album_share_its_id_whatever_file_they_are() {
    let shell = shell();
    for (track, name) in ["a.flac", "b.mp3", "c.m4a", "d.ogg"].into_iter().enumerate() {
        let (title, track) = (format!("title=Song {name}"), format!("track={}/4", track + 1));
        let album = if name == "b.mp3" { "album=the  ALBUM" } else { "album=The Album" };
        let tags = [&title, "artist=Björk", album, &track, "genre=Folk", "date=1997-05-01"];
        tagged(&shell, &format!("music/{name}"), 1, &tags);
    }
    shell.master("music/untagged.wav", SHORT, 9);
    let lines =
        json_lines(&shell.run(&["package", "music", "--out", "out", "--dry-run", "--json"]));
    let [a, b, c, d, untagged] = &lines[..] else { panic!("{lines:?}") };
    for song in [b, c, d] {
        assert_eq!((&song["artist_id"], &song["album_id"]), (&a["artist_id"], &a["album_id"]));
        assert_ne!(song["song_id"], a["song_id"]);
    }
    assert_ne!(untagged["album_id"], a["album_id"]);
    assert_eq!(untagged.get("artist"), None);
    for (track, song) in [a, b, c, d].into_iter().enumerate() {
        assert_eq!((&song["track"], &song["artist"]), (&(track + 1).into(), &"Björk".into()));
        assert_eq!((&song["genre"], &song["release_year"]), (&"Folk".into(), &1997.into()));
    }
    assert_eq!(c["title"], "Song c.m4a");
}

#[test]
fn what_is_said_goes_before_the_tags() {
    let shell = shell();
    tagged(&shell, "song.flac", 1, &["title=Wrong", "artist=Wrong", "album=Right"]);
    let said = ["--title", "Right", "--artist", "Ann", "--release-year", "2001", "--genre", "Jazz"];
    let package = |more: &[&str]| {
        let all = [&["package", "song.flac", "--out", "out", "--dry-run", "--json"], more].concat();
        json_lines(&shell.run(&all)).remove(0)
    };
    let (plain, song) = (package(&[]), package(&said));
    assert_eq!((&song["title"], &song["artist"]), (&"Right".into(), &"Ann".into()));
    assert_eq!((&song["album"], &song["release_year"]), (&"Right".into(), &2001.into()));
    assert_ne!(song["artist_id"], plain["artist_id"]);
    assert_eq!(song["version"], plain["version"], "names decide no byte");
    let two = ["package", "song.flac", "song.flac", "--out", "out", "--title", "Both"];
    assert_eq!(shell.run(&two).status.code(), Some(2));
}

#[test]
fn files_are_one_album_in_the_order_of_their_tracks() {
    let shell = shell();
    for (seed, name) in ["10 last.wav", "9 first.wav"].into_iter().enumerate() {
        shell.master(&format!("My album/{name}"), SHORT * (seed + 1), seed as u64);
    }
    let package = ["package", "My album", "--out", "out", "--as-album"];
    let output = shell.run(&package);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.find("9 first.wav").unwrap() < said.find("10 last.wav").unwrap(), "{said}");
    let line = said.lines().last().unwrap();
    let start = "album 'My album' by Various Artists: 2 songs, 0:03, -";
    assert!(line.starts_with(start) && line.ends_with(" LUFS by length"), "{line}");

    let lines = json_lines(&shell.run(&[&package[..], &["--json"]].concat()));
    let [first, last, album] = &lines[..] else { panic!("{lines:?}") };
    let ids = |song: &Value| (song["album_id"].clone(), song["artist_id"].clone());
    assert_eq!(ids(first), ids(last));
    assert_eq!((&album["state"], &album["album_id"]), (&"album".into(), &first["album_id"]));
    assert_eq!(album["songs"], serde_json::json!([first["song_id"], last["song_id"]]));
    assert_eq!(album["duration_ms"], 3_000);
    let loudness = album["loudness_by_length_lufs"].as_f64().unwrap();
    assert!((-40.0..-5.0).contains(&loudness), "{loudness}");
}

#[test]
fn the_same_master_twice_is_one_song_of_an_album() {
    let shell = shell();
    shell.master("x/1.wav", SHORT, 1);
    shell.master("x/2.wav", SHORT, 2);
    std::fs::copy(shell.path("x/1.wav"), shell.path("x/3.wav")).unwrap();
    let lines = json_lines(&shell.run(&["package", "x", "--out", "out", "--as-album", "--json"]));
    let album = lines.last().unwrap();
    assert_eq!(album["songs"].as_array().unwrap().len(), 2, "{album}");
    assert_eq!(album["duration_ms"], 2_000);
}

#[test]
fn tags_order_an_album_and_name_it() {
    let shell = shell();
    let album = "album=Live";
    tagged(&shell, "x/a.flac", 1, &["title=Two", "artist=Ann", album, "track=2"]);
    tagged(&shell, "x/b.flac", 2, &["title=One", "artist=Bob", album, "track=1"]);
    tagged(&shell, "x/c.flac", 3, &["title=Three", "artist=Bob", album, "track=1", "disc=2"]);
    let run = ["package", "x", "--out", "out", "--as-album", "--dry-run", "--json"];
    let lines = json_lines(&shell.run(&run));
    let titles: Vec<&str> = lines.iter().filter_map(|line| line["title"].as_str()).collect();
    assert_eq!(titles, ["One", "Two", "Three"]);
    let songs: Vec<&Value> = lines.iter().filter(|line| line["state"] != "album").collect();
    assert!(songs.iter().all(|song| song["album_id"] == songs[0]["album_id"]), "{songs:?}");
    assert_eq!(lines.last().unwrap()["album"], "Live");
}
