//! A publisher that dies, at every object: nothing that plays is broken, and the next one completes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use testkit::shell::{Shell, stderr};

use crate::bucket::{Bucket, Fault};

/// How long a test waits for what it waits for before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn killed_at_any_object_it_leaves_nothing_that_plays_and_a_rerun_completes() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    shell.master("song.wav", 24_000, 1);
    let url = bucket.url("x");
    let package = ["package", "song.wav", "--out", &url];
    assert!(shell.run(&package).status.success());
    let whole = bucket.objects();
    let version = version_of(&whole);
    assert!(leading(&whole, &version) > 0);

    let mut without_playlists = 0;
    for nth in 1..=whole.len() {
        bucket.empty();
        kill_at_put(&bucket, &shell, &package, nth);
        let left = bucket.objects();
        let playing = leading(&left, &version);
        without_playlists += usize::from(playing == 0 && !left.is_empty());
        if playing > 0 {
            assert_plays(&left, &version);
        }
        let rerun = shell.run(&package);
        assert_eq!(rerun.status.code(), Some(0), "killed at {nth}: {}", stderr(&rerun));
        assert!(bucket.objects() == whole, "killed at {nth}: the rerun differs");
    }
    assert!(without_playlists > 1, "it was never killed in the middle");
}

#[test]
fn killed_again_and_again_it_gets_there() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    shell.master("song.wav", 24_000, 1);
    let url = bucket.url("x");
    let package = ["package", "song.wav", "--out", &url];
    for nth in [3, 9, 17, 2, 1] {
        kill_at_put(&bucket, &shell, &package, nth);
    }
    let rerun = shell.run(&package);
    assert_eq!(rerun.status.code(), Some(0), "{}", stderr(&rerun));
    let left = bucket.objects();
    assert_plays(&left, &version_of(&left));
}

/// What a killed one leaves on its own disk goes with the next one.
#[test]
fn the_work_of_the_killed_is_removed() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    shell.master("song.wav", 24_000, 1);
    let url = bucket.url("x");
    let package = ["package", "song.wav", "--out", &url, "--work", "work"];
    kill_at_put(&bucket, &shell, &package, 4);
    let leftovers = || {
        let entries = std::fs::read_dir(shell.path("work/.segue-staging")).unwrap();
        entries.filter(|it| it.as_ref().unwrap().path().is_dir()).count()
    };
    assert_eq!(leftovers(), 1);
    assert!(shell.run(&package).status.success());
    assert_eq!(leftovers(), 0);
}

/// Runs the command and kills it when the `nth` object is on its way.
fn kill_at_put(bucket: &Bucket, shell: &Shell, args: &[&str], nth: usize) {
    let (reached, wait) = mpsc::channel();
    let mut puts = 0;
    bucket.misbehave(move |seen| {
        puts += usize::from(seen.is_put());
        if seen.is_put() && puts == nth {
            reached.send(()).unwrap();
        }
        if puts >= nth { Fault::Hang } else { Fault::None }
    });
    let mut child = shell.command(args).spawn().unwrap();
    wait.recv_timeout(PATIENCE).expect("it puts that many objects");
    child.kill().unwrap();
    child.wait().unwrap();
    bucket.behave();
}

type Objects = BTreeMap<PathBuf, Vec<u8>>;

/// The folder of the only version.
fn version_of(objects: &Objects) -> PathBuf {
    let asset = objects.keys().find(|path| path.ends_with("asset.json")).expect("a version");
    asset.parent().unwrap().to_owned()
}

/// How many multivariant playlists there are.
fn leading(objects: &Objects, version: &Path) -> usize {
    let is_leading = |path: &&PathBuf| {
        path.parent() == Some(version) && path.extension().is_some_and(|it| it == "m3u8")
    };
    objects.keys().filter(is_leading).count()
}

/// Every multivariant playlist leads to playlists, and these to media, that are there.
fn assert_plays(objects: &Objects, version: &Path) {
    let leading = objects.keys().filter(|path| {
        path.parent() == Some(version) && path.extension().is_some_and(|it| it == "m3u8")
    });
    for playlist in leading {
        for media_playlist in named(objects, playlist) {
            for media in named(objects, &media_playlist) {
                assert!(objects.contains_key(&media), "{} is missing", media.display());
            }
        }
    }
}

/// What a playlist that must be there names.
fn named(objects: &Objects, playlist: &Path) -> Vec<PathBuf> {
    let text = objects.get(playlist).unwrap_or_else(|| panic!("{} is missing", playlist.display()));
    let text = std::str::from_utf8(text).unwrap();
    let folder = playlist.parent().unwrap();
    let uris = text.lines().filter_map(|line| match line.split_once("URI=\"") {
        Some((_, rest)) => rest.split('"').next(),
        None => Some(line).filter(|line| !line.starts_with('#') && !line.is_empty()),
    });
    uris.map(|uri| folder.join(uri)).collect()
}
