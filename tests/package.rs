//! `segue package` and `segue inspect`, as somebody at a shell uses them.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use serde_json::Value;
use testkit::shell::{Shell, json_lines, stderr, stdout};
use testkit::{judge, signal};

fn shell() -> Shell {
    Shell::of(env!("CARGO_BIN_EXE_segue"))
}

#[test]
fn a_master_becomes_a_song_that_passes_inspection_and_plays() {
    let shell = shell();
    let frames = 300_000;
    shell.master("song.wav", frames, 1);
    let output = shell.run(&["package", "song.wav", "--out", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let summary = stdout(&output);
    assert!(summary.contains("6.250 s") && summary.contains("x realtime"), "{summary}");
    let playlists: Vec<&str> =
        summary.lines().map(str::trim).filter(|line| line.ends_with(".m3u8")).collect();
    assert!(
        matches!(playlists[..], [index, ogg]
        if index.ends_with("/index.m3u8") && ogg.ends_with("/ogg.m3u8")),
        "{summary}"
    );

    let inspected = shell.run(&["inspect", "out"]);
    assert_eq!(inspected.status.code(), Some(0), "{}", stdout(&inspected));

    let reference = signal::music(frames, 48_000, 1);
    for playlist in playlists {
        let playlist = shell.path(playlist);
        let heard = testkit::ffmpeg::Ffmpeg::Debian.decode(&playlist.to_string_lossy());
        let found = judge::align(&reference, &heard);
        assert_eq!(found.offset, 0, "{}", playlist.display());
        assert!(found.correlation > 0.98, "{} {found:?}", playlist.display());
        assert!(heard.len() >= frames, "{} is cut off", playlist.display());
    }
}

#[test]
fn a_cover_comes_in_every_size() {
    let shell = shell();
    shell.master("song.wav", 48_000, 1);
    let flac = ["-map", "0", "-map", "1", "-c:v", "png", "-disposition:v", "attached_pic"];
    let ffmpeg = Command::new("ffmpeg")
        .current_dir(shell.path("."))
        .args(["-v", "error", "-nostdin", "-i", "song.wav"])
        .args(["-f", "lavfi", "-i", "testsrc=s=800x800:d=0.04"])
        .args(flac)
        .args(["-frames:v", "1", "song.flac"])
        .status()
        .unwrap();
    assert!(ffmpeg.success());
    let packaged = shell.run(&["package", "song.flac", "--out", "out", "--json"]);
    assert_eq!(packaged.status.code(), Some(0), "{}", stderr(&packaged));
    let song = &json_lines(&packaged)[0];
    let covers = song["artwork"].as_array().unwrap();
    let edges: Vec<_> = covers.iter().map(|it| it["width"].as_u64().unwrap()).collect();
    assert_eq!(edges, [800, 600, 300, 96]);
    for cover in covers {
        let jpeg = fs::read(shell.path(cover["url"].as_str().unwrap())).unwrap();
        assert!(jpeg.starts_with(&[0xFF, 0xD8, 0xFF]), "{cover}");
    }
}

#[test]
fn packaging_again_does_nothing() {
    let shell = shell();
    shell.master("song.wav", 48_000, 2);
    assert!(shell.run(&["package", "song.wav", "--out", "out"]).status.success());
    let before = shell.tree("out");
    fs::copy(shell.path("song.wav"), shell.path("copy.wav")).unwrap();
    let again = shell.run(&["package", "copy.wav", "--out", "out"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(stdout(&again).starts_with("copy.wav: already packaged\n"), "{}", stdout(&again));
    assert_eq!(shell.tree("out"), before);
}

#[test]
fn the_same_master_gives_the_same_bytes() {
    let shell = shell();
    shell.master("song.wav", 400_000, 3);
    for out in ["a", "b"] {
        assert!(shell.run(&["package", "song.wav", "--out", out]).status.success());
    }
    assert_eq!(shell.tree("a"), shell.tree("b"));
}

#[test]
fn each_bad_file_has_its_sentence_and_the_good_ones_are_done() {
    let shell = shell();
    shell.master("good.wav", 48_000, 4);
    let whole = fs::read(shell.master("whole.wav", 48_000, 5)).unwrap();
    fs::write(shell.path("torn.wav"), &whole[..whole.len() / 2]).unwrap();
    fs::write(shell.path("notes.txt"), "not a song").unwrap();
    fs::write(shell.path("empty.wav"), "").unwrap();
    fs::create_dir(shell.path("folder")).unwrap();
    let output = shell.run(&[
        "package",
        "notes.txt",
        "empty.wav",
        "missing.wav",
        "folder",
        "torn.wav",
        "good.wav",
        "./good.wav",
        "--out",
        "out",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    for sentence in [
        "segue: notes.txt: this is not audio that Segue knows; accepted are WAV, AIFF, CAF, FLAC, ALAC,",
        "segue: empty.wav: the file is empty\n",
        "segue: missing.wav: there is no such file\n",
        "segue: folder: there is no file in this folder\n",
        "segue: torn.wav: the file is cut off",
        "segue: ./good.wav: the file was given twice; it is packaged once\n",
    ] {
        assert!(said.contains(sentence), "{sentence:?} is missing in\n{said}");
    }
    assert_eq!(shell.tree("out").keys().filter(|path| path.ends_with("asset.json")).count(), 1);
    let staged = fs::read_dir(shell.path("out/.segue-staging")).unwrap();
    assert!(staged.map(|it| it.unwrap().file_name()).eq(["lock"]), "nothing is left behind");
}

#[test]
fn a_target_that_cannot_be_written_is_said() {
    let shell = shell();
    shell.master("song.wav", 4_800, 6);
    fs::write(shell.path("file"), "in the way").unwrap();
    let output = shell.run(&["package", "song.wav", "--out", "file"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("segue: 'file' cannot be written to: "));
    let plan = shell.run(&["package", "song.wav", "--out", "file", "--dry-run"]);
    assert_eq!(plan.status.code(), Some(1), "{}", stdout(&plan));
}

#[test]
fn machines_get_one_object_per_file_and_nothing_else() {
    let shell = shell();
    shell.master("song.wav", 48_000, 7);
    let output = shell.run(&["package", "song.wav", "missing.wav", "--out", "out", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let [song, missing] = &json_lines(&output)[..] else { panic!("{}", stdout(&output)) };
    assert_eq!(song["state"], "packaged");
    assert_eq!(song["file"], "song.wav");
    assert_eq!(song["duration_ms"], 1_000);
    assert!(shell.path(song["index"].as_str().unwrap()).is_file());
    assert!(shell.path(song["ogg"].as_str().unwrap()).is_file());
    assert_eq!(song["renditions"].as_array().unwrap().len(), 6);
    assert_eq!(missing["state"], "failed");
    assert_eq!(missing["error"], "there is no such file");

    let again = shell.run(&["package", "song.wav", "--out", "out", "--json"]);
    assert_eq!(json_lines(&again)[0]["state"], "already-packaged");
}

#[test]
fn what_a_killed_run_left_is_removed() {
    let shell = shell();
    shell.master("song.wav", 4_800, 8);
    let leftover = shell.path("out/.segue-staging/version-killed/version");
    fs::create_dir_all(&leftover).unwrap();
    assert!(shell.run(&["package", "song.wav", "--out", "out"]).status.success());
    assert!(!leftover.exists());
}

#[test]
fn what_is_asked_for_is_made() {
    let shell = shell();
    shell.master("song.wav", 48_000, 11);
    let run = |args: &[&str]| {
        let all = [&["package", "song.wav", "--out", "out", "--json"], args].concat();
        let output = shell.run(&all);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        json_lines(&output).remove(0)
    };
    let all = run(&["--sets", "aac,ogg,opus,saver", "--dash"]);
    for playlist in ["index", "ogg", "opus", "saver"] {
        assert!(shell.path(all[playlist].as_str().unwrap()).is_file(), "{playlist}");
    }
    assert!(shell.path(all["folder"].as_str().unwrap()).join("manifest.mpd").is_file());
    let single = run(&["--sets", "aac", "--layout", "single-file"]);
    assert_eq!(single.get("ogg"), None);
    assert_ne!(run(&["--effort", "fast"])["version"], run(&[])["version"]);
    assert_eq!(shell.run(&["inspect", "out"]).status.code(), Some(0));
    let wrong = shell.run(&["package", "song.wav", "--out", "out", "--sets", "mp3"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let shell = shell();
    for args in [&["package"][..], &["package", "x.wav"], &["inspect"], &["nonsense"]] {
        assert_eq!(shell.run(args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn inspect_names_the_rule_that_is_broken() {
    let shell = shell();
    shell.master("a.wav", 48_000, 9);
    shell.master("b.wav", 48_000, 10);
    let packaged = shell.run(&["package", "a.wav", "b.wav", "--out", "out", "--json"]);
    let folder = json_lines(&packaged)[1]["folder"].as_str().unwrap().to_owned();
    let playlist = shell.path(&folder).join("aac/128/playlist.m3u8");
    let text = fs::read_to_string(&playlist).unwrap();
    fs::write(&playlist, text.replace("#EXT-X-ENDLIST\n", "")).unwrap();

    let table = shell.run(&["inspect", "out"]);
    assert_eq!(table.status.code(), Some(1));
    assert!(stdout(&table).contains("BREACH  playlist-endlist"), "{}", stdout(&table));
    let lines = json_lines(&shell.run(&["inspect", "out", "--json"]));
    assert_eq!(lines.len(), 2);
    assert_eq!(lines.iter().filter(|line| line["clean"] == true).count(), 1);
    let broken = lines.iter().find(|line| line["clean"] == false).unwrap();
    let rules: Vec<_> =
        broken["report"]["findings"].as_array().unwrap().iter().map(|it| &it["rule"]).collect();
    assert!(rules.contains(&&Value::from("playlist-endlist")), "{rules:?}");
    assert_eq!(shell.run(&["inspect", &folder]).status.code(), Some(1));
}

#[test]
fn inspect_says_where_nothing_is() {
    let shell = shell();
    let output = shell.run(&["inspect", "."]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("'.' holds no packaged song"), "{}", stderr(&output));
    let output = shell.run(&["inspect", "nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("'nowhere' cannot be read"), "{}", stderr(&output));
}

#[test]
fn what_a_folder_lost_comes_back_and_what_is_there_is_not_touched() {
    let shell = shell();
    shell.master("song.wav", 30_000, 1);
    let package = || json_lines(&shell.run(&["package", "song.wav", "--out", "out", "--json"]));
    let folder = shell.path(package()[0]["folder"].as_str().unwrap());
    let whole = shell.tree("out");
    let inode = |name: &str| fs::metadata(folder.join(name)).unwrap().ino();
    for lost in [&["asset.json"][..], &["aac/128/init.mp4", "index.m3u8"], &["ogg/64.ogg"]] {
        for name in lost {
            fs::remove_file(folder.join(name)).unwrap();
        }
        let kept = inode("aac/64/playlist.m3u8");
        assert_eq!(package()[0]["state"], "packaged", "{lost:?}");
        assert_eq!(shell.tree("out"), whole, "{lost:?}");
        assert_eq!(lost == ["asset.json"], kept != inode("aac/64/playlist.m3u8"), "{lost:?}");
        assert_eq!(package()[0]["state"], "already-packaged");
    }
    fs::write(folder.join("ogg/64.ogg"), "half of it").unwrap();
    fs::write(folder.join("aac/64/00000.m4s#1"), "what one that died in mid-put left").unwrap();
    assert_eq!(package()[0]["state"], "packaged");
    assert_eq!(shell.tree("out"), whole);
}

#[test]
fn several_may_complete_the_same_version() {
    let shell = shell();
    shell.master("song.wav", 30_000, 1);
    let package = ["package", "song.wav", "--out", "out"];
    let folder = json_lines(&shell.run(&[&package[..], &["--json"]].concat()))[0]["folder"].clone();
    let folder = shell.path(folder.as_str().unwrap());
    let whole = shell.tree("out");
    for lost in ["asset.json", "aac/320/00000.m4s", "index.m3u8"] {
        fs::remove_file(folder.join(lost)).unwrap();
        let started: Vec<_> = (0..4).map(|_| shell.command(&package).spawn().unwrap()).collect();
        for mut child in started {
            assert!(child.wait().unwrap().success(), "{lost}");
        }
        assert_eq!(shell.tree("out"), whole, "{lost}");
    }
}

#[test]
fn a_device_is_not_a_file() {
    let output = shell().run(&["package", "/dev/zero", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("not a file"), "{}", stderr(&output));
}

#[test]
fn nobody_listening_is_no_reason_to_stop() {
    let shell = shell();
    shell.master("one.wav", 30_000, 1);
    shell.master("two.wav", 30_000, 2);
    let status = Command::new("sh")
        .current_dir(shell.folder())
        .args(["-c", "\"$0\" package one.wav two.wav --out out | true"])
        .arg(env!("CARGO_BIN_EXE_segue"))
        .status()
        .unwrap();
    assert!(status.success());
    let songs = shell.tree("out").into_keys().filter(|path| path.ends_with("index.m3u8")).count();
    assert_eq!(songs, 2);
}
