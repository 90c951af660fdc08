//! Keys to encrypted segments: derived, never stored, given to whoever may hear the rendition.

use media::{Kbps, SegmentKey, SegmentSecret, SegmentSecrets, SwitchingSet};

use crate::answer::send;
use crate::site::{FOLDER, Running};

const OTHER_SONG: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
    0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-0000000000ff/\
    ffeeddccbbaa99887766554433221100";

fn secret(byte: u8) -> SegmentSecret {
    SegmentSecret::new([byte; 32])
}

/// Two secrets: the newest first, as after a rotation.
fn secrets() -> SegmentSecrets {
    SegmentSecrets::from(secret(2)).and(secret(1).into())
}

/// The key's path under a rung.
fn path(kbps: u16, byte: u8) -> String {
    format!("aac/{kbps}/{}.key", secret(byte).fingerprint())
}

fn key(kbps: u16, byte: u8) -> SegmentKey {
    let version = FOLDER.rsplit('/').next().and_then(|it| it.parse().ok()).expect("a version");
    secret(byte).key(&version, SwitchingSet::Aac, Kbps(kbps))
}

#[tokio::test]
async fn a_listener_is_given_the_keys_of_every_secret() {
    let edge = Running::start_holding(secrets()).await;
    for byte in [1, 2] {
        let answer = edge.fetch("GET", &path(320, byte), "").await;
        assert_eq!((answer.status, &answer.body[..]), (200, &key(320, byte).bytes()[..]));
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert_eq!(answer.header("content-length"), "16");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("cache-status"), "");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    assert_eq!(edge.store.reads(), 0, "the store knows no key");
}

#[tokio::test]
async fn who_may_not_hear_a_rendition_may_not_have_its_key() {
    let edge = Running::start_holding(secrets()).await;
    let (at, file) = (edge.address, path(320, 1));
    let refused = |folder: &'static str, token: String| {
        let file = file.clone();
        async move { send(at, "GET", &format!("/t/{token}/{folder}/{file}"), "").await }
    };
    let unsigned = send(at, "GET", &format!("/{FOLDER}/{file}"), "").await;
    let table = [
        (401, "missing", unsigned),
        (403, "malformed", refused(FOLDER, "abc".to_owned()).await),
        (403, "wrong-path", refused(FOLDER, edge.token_for(OTHER_SONG, 320)).await),
        (403, "over-cap", refused(FOLDER, edge.token(128)).await),
    ];
    for (status, reason, answer) in table {
        assert_eq!((answer.status, answer.header("segue-refusal")), (status, reason));
        let key = key(320, 1);
        assert!(!answer.body.windows(16).any(|it| it == key.bytes()), "{reason}: the key");
    }
    let within = format!("/t/{}/{FOLDER}/{}", edge.token(128), path(128, 1));
    assert_eq!(send(at, "GET", &within, "").await.body, key(128, 1).bytes());
}

#[tokio::test]
async fn an_edge_without_the_secret_has_no_key_even_if_the_store_has_one() {
    for edge in [Running::start().await, Running::start_holding(secret(9).into()).await] {
        edge.store(&path(320, 1), vec![0; 16]).await;
        let answer = edge.fetch("GET", &path(320, 1), "").await;
        assert_eq!((answer.status, edge.store.reads()), (404, 0));
    }
}

#[tokio::test]
async fn heads_ranges_and_conditions_are_those_of_any_file() {
    let edge = Running::start_holding(secrets()).await;
    let (file, key) = (path(64, 1), key(64, 1));
    let head = edge.fetch("HEAD", &file, "").await;
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, "16"));
    let part = edge.fetch("GET", &file, "Range: bytes=4-7\r\n").await;
    assert_eq!((part.status, &part.body[..]), (206, &key.bytes()[4..8]));
    assert_eq!(part.header("content-range"), "bytes 4-7/16");
    let beyond = edge.fetch("GET", &file, "Range: bytes=16-\r\n").await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */16"));
    let held = format!("If-None-Match: {}\r\n", head.header("etag"));
    assert_eq!(edge.fetch("GET", &file, &held).await.status, 304);
    let packed = edge.fetch("GET", &file, "Accept-Encoding: gzip\r\n").await;
    assert_eq!((packed.header("content-encoding"), &packed.body[..]), ("", &key.bytes()[..]));
}
