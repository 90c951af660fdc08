//! What arrives in a bucket, and in which order.

use std::fs;

use hyper::Method;
use object_store::Attribute;
use testkit::ffmpeg::Ffmpeg;
use testkit::shell::{json_lines, stderr, stdout};
use testkit::{judge, signal};

use crate::bucket::{Bucket, Fault, Seen};
use crate::short_keys::short;

#[test]
fn a_song_goes_to_a_bucket_and_plays_from_there() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    let frames = 300_000;
    shell.master("song.wav", frames, 1);
    let url = bucket.url("songs/of today/");
    let output = shell.run(&["package", "song.wav", "--out", &url, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let song = &json_lines(&output)[0];
    let index = song["index"].as_str().unwrap();
    let key = short(&index.strip_prefix("s3://music/").unwrap().replace("%20", " "));
    assert!(key.starts_with("songs/of today/artist/"), "{key}");

    bucket.download(&shell.path("back"));
    let inspected = shell.run(&["inspect", "back"]);
    assert_eq!(inspected.status.code(), Some(0), "{}", stdout(&inspected));
    let heard = Ffmpeg::Debian.decode(&shell.path("back").join(&key).to_string_lossy());
    let found = judge::align(&signal::music(frames, 48_000, 1), &heard);
    assert!(found.offset == 0 && found.correlation > 0.98, "{found:?}");

    let (attributes, _) = bucket.get(&key);
    let attribute = |which| attributes.get(&which).map(|value| value.as_ref().to_owned());
    let of_playlist = attribute(Attribute::ContentType);
    assert_eq!(of_playlist.as_deref(), Some("application/vnd.apple.mpegurl"));
    let policy = attribute(Attribute::CacheControl);
    assert_eq!(policy.as_deref(), Some("public, max-age=31536000, immutable"));
}

#[test]
fn a_bucket_is_inspected_where_it_is() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    let url = bucket.url("songs");
    for (seed, name) in ["one.wav", "two.wav"].into_iter().enumerate() {
        shell.master(name, 24_000, seed as u64);
    }
    let packaged = shell.run(&["package", "one.wav", "two.wav", "--out", &url, "--json"]);
    assert_eq!(packaged.status.code(), Some(0), "{}", stderr(&packaged));
    let version = json_lines(&packaged)[0]["folder"].as_str().unwrap().to_owned();
    let inspect = |at: &str| {
        let output = shell.run(&["inspect", at, "--json"]);
        (output.status.code(), json_lines(&output), stderr(&output))
    };
    let (code, lines, said) = inspect(&url);
    assert_eq!((code, lines.len()), (Some(0), 2), "{said} {lines:?}");
    let (_, one, _) = inspect(&version);
    assert_eq!((one.len(), &one[0]["at"]), (1, &version.as_str().into()));
    assert_eq!(inspect(&format!("{version}/index.m3u8")).1, one, "by its playlist");
    bucket.download(&shell.path("back"));
    let key = short(version.strip_prefix("s3://music/").unwrap());
    let local = shell.run(&["inspect", &format!("back/{key}"), "--json"]);
    assert_eq!(json_lines(&local)[0]["report"], one[0]["report"], "the same report");

    let path = bucket.path().join(&key).join("aac/128/init.mp4");
    fs::write(path, "something else").unwrap();
    let (code, lines, _) = inspect(&url);
    let broken: Vec<_> = lines.iter().filter(|it| it["clean"] == false).collect();
    assert_eq!((code, broken.len()), (Some(1), 1), "{lines:?}");
    for (at, wanted) in [
        (bucket.url("elsewhere"), "holds no packaged song"),
        ("s3://nowhere/x".to_owned(), "it has no such bucket or container (404"),
    ] {
        let (code, _, said) = inspect(&at);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with(&format!("segue: '{at}' ")) && said.contains(wanted), "{said}");
    }
    assert_eq!(inspect("memory:///").0, Some(2));
}

#[test]
fn what_is_named_is_put_before_what_names_it_and_nothing_on_condition() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    shell.master("song.wav", 48_000, 2);
    let url = bucket.url("x");
    let first = shell.run(&["package", "song.wav", "--out", &url, "--patience", "20"]);
    assert!(first.status.success(), "{}", stderr(&first));
    let seen = bucket.take_seen();
    let put: Vec<&str> = seen.iter().filter(|it| it.is_put()).map(|it| it.key.as_str()).collect();
    assert_eq!(put.len(), bucket.objects().len());
    let ranks: Vec<u8> = put.iter().map(|key| rank(key)).collect();
    assert!(ranks.is_sorted(), "{put:?}");
    assert_eq!(ranks.last(), Some(&3), "{put:?}");
    for request in &seen {
        for condition in ["if-match", "if-none-match", "if-unmodified-since"] {
            assert!(!request.headers.contains_key(condition), "{request:?}");
        }
    }

    let again = shell.run(&["package", "song.wav", "--out", &url, "--patience", "20"]);
    assert!(stdout(&again).starts_with("song.wav: already packaged\n"), "{}", stdout(&again));
    let seen = bucket.take_seen();
    assert!(seen.iter().all(|it| [Method::GET, Method::HEAD].contains(&it.method)), "{seen:?}");
    let asked = seen.iter().filter(|it| it.method == Method::HEAD).count();
    assert_eq!(asked, bucket.objects().len() - 1, "every object that asset.json lists");
}

/// Media, then media playlists, then `asset.json`, then multivariant playlists.
fn rank(key: &str) -> u8 {
    let depth = key.split('/').count();
    match key {
        _ if key.ends_with("asset.json") => 2,
        // x/artist/A/album/B/SONG/VERSION/index.m3u8
        _ if key.ends_with(".m3u8") && depth == 8 => 3,
        _ if key.ends_with(".m3u8") => 1,
        _ => 0,
    }
}

#[test]
fn what_a_bucket_lost_comes_back_and_nothing_else_is_put() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    shell.master("song.wav", 48_000, 3);
    let package = || shell.run(&["package", "song.wav", "--out", &bucket.url("x"), "--json"]);
    assert!(package().status.success());
    let whole = bucket.objects();
    let of = |end: &str| bucket.path().join(whole.keys().find(|it| it.ends_with(end)).unwrap());
    fs::remove_file(of("aac/128/init.mp4")).unwrap();
    fs::write(of("ogg/64.ogg"), "half of it").unwrap();
    bucket.take_seen();

    let mended = package();
    assert_eq!(json_lines(&mended)[0]["state"], "packaged", "{}", stderr(&mended));
    assert_eq!(bucket.objects(), whole);
    let seen = bucket.take_seen();
    assert_eq!(seen.iter().filter(|it| it.is_put()).count(), 2, "{seen:?}");
    assert_eq!(json_lines(&package())[0]["state"], "already-packaged");
}

/// Another kind of CPU may give other last bits. The objects of two packagings are never mixed under
/// a playlist that plays.
#[test]
fn a_package_that_differs_is_withdrawn_before_it_is_replaced() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    shell.master("song.wav", 48_000, 4);
    let package = || shell.run(&["package", "song.wav", "--out", &bucket.url("x")]);
    assert!(package().status.success());
    let whole = bucket.objects();
    let of = |end: &str| bucket.path().join(whole.keys().find(|it| it.ends_with(end)).unwrap());
    fs::remove_file(of("aac/128/init.mp4")).unwrap();
    let asset = fs::read_to_string(of("asset.json")).unwrap();
    fs::write(of("asset.json"), asset.replacen("\"sha256\": \"", "\"sha256\": \"0", 1)).unwrap();
    bucket.take_seen();

    assert!(package().status.success());
    assert_eq!(bucket.objects(), whole);
    let changes: Vec<Seen> = bucket.take_seen();
    let changes: Vec<_> = changes.iter().filter(|it| it.is_put() || is_delete(it)).collect();
    let first_put = changes.iter().position(|it| it.is_put()).unwrap();
    let withdrawn: Vec<_> = changes[..first_put].iter().map(|it| rank(&it.key)).collect();
    assert_eq!(withdrawn.iter().filter(|rank| **rank == 3).count(), withdrawn.len() - 1);
    assert_eq!(withdrawn.last(), Some(&2), "asset.json goes last");
    assert!(!changes[first_put..].iter().any(|it| is_delete(it)));
}

fn is_delete(seen: &Seen) -> bool {
    seen.method == Method::DELETE
}

#[test]
fn a_long_file_goes_in_parts_through_a_bad_line() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    // 8 MiB, above which a file is put in parts, are 210 s at 320 kbit/s.
    shell.master("long.wav", 48_000 * 240, 5);
    let (mut parts, mut ends) = (0, 0);
    bucket.misbehave(move |seen| {
        let part = seen.query.contains("partNumber");
        let end = seen.method == Method::POST && seen.query.contains("uploadId");
        parts += u32::from(part);
        ends += u32::from(end);
        match () {
            () if part && parts == 1 => Fault::Answer(503),
            () if part && parts == 2 => Fault::Cut,
            () if end && ends == 1 => Fault::CutAfter,
            () => Fault::None,
        }
    });
    let output = shell.run(&["package", "long.wav", "--out", &bucket.url("x"), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let seen = bucket.take_seen();
    let parts = seen.iter().filter(|it| it.query.contains("partNumber") && it.fault == Fault::None);
    assert!(parts.count() >= 2, "it went in parts");
    bucket.behave();
    bucket.download(&shell.path("back"));
    let inspected = shell.run(&["inspect", "back"]);
    assert_eq!(inspected.status.code(), Some(0), "{}", stdout(&inspected));
}
