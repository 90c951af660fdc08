//! Pieces become one song, however they are cut.

use std::io;

use axum::body::{Body, Bytes};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::stream;
use sha2::{Digest, Sha256};

use crate::bench::{Bench, Random, metadata, noise};

/// A body that breaks off behind `bytes`.
pub(crate) fn broken(bytes: Bytes) -> Body {
    let pieces = [Ok(bytes), Err(io::Error::other("reset"))];
    Body::from_stream(stream::iter(pieces))
}

#[tokio::test]
async fn a_master_in_pieces_becomes_a_song() {
    let (bench, bytes) = (Bench::new().await, noise(1_000, 1));
    let said = metadata(&[("filename", "x.flac"), ("title", "A title"), ("genre", "Folk")]);
    let begun = bench.create(1_000).header("upload-metadata", &said).await;
    let path = begun.location();
    assert_eq!((begun.header("tus-resumable"), begun.offset()), ("1.0.0", 0));
    assert_eq!(begun.header("upload-expires"), "Fri, 22 Jan 2027 08:00:00 GMT");
    let first = bench.patch(&path, 0).body(bytes.slice(..400)).await;
    assert_eq!((first.status, first.offset(), first.song()), (204, 400, None));
    let head = bench.head(&path).await;
    assert_eq!((head.status, head.offset(), head.header("upload-length")), (200, 400, "1000"));
    assert_eq!(
        (head.header("cache-control"), head.header("upload-metadata")),
        ("no-store", &*said)
    );
    let last = bench.patch(&path, 400).body(bytes.slice(400..)).await;
    assert_eq!((last.status, last.offset()), (204, 1_000));
    let song = last.song().expect("a song");
    bench.assert_one_song(&song, &bytes).await;
    let songs = bench.songs().await;
    assert_eq!((songs[0].title.as_str(), songs[0].uploader), ("A title", bench.ann.id));
    // Whoever has not heard the last answer asks again.
    let head = bench.head(&path).await;
    assert_eq!((head.offset(), head.song()), (1_000, Some(song.clone())));
    let shown = bench.ask(&format!("GET {path}")).await;
    assert_eq!((&shown.body["song_id"], &shown.body["offset"]), (&(*song).into(), &1_000.into()));
    let again = bench.patch(&path, 1_000).await;
    assert_eq!((again.status, again.song()), (204, Some(song)));
    assert_eq!(bench.patch(&path, 400).body("x").await.status, 409);
    assert_eq!(bench.songs().await.len(), 1);
}

#[tokio::test]
async fn the_first_piece_may_come_with_the_request_that_begins() {
    let (bench, bytes) = (Bench::new().await, noise(500, 1));
    let kind = ("content-type", "application/offset+octet-stream");
    let whole = bench.create(500).header(kind.0, kind.1).body(bytes.clone()).await;
    assert_eq!((whole.status, whole.offset()), (201, 500));
    bench.assert_one_song(&whole.song().expect("a song"), &bytes).await;
    let half = bench.create(500).header(kind.0, kind.1).body(bytes.slice(..200)).await;
    assert_eq!((half.offset(), half.song()), (200, None));
    assert_eq!(bench.head(&half.location()).await.offset(), 200);
    // What breaks off there is forgotten: its client knows no path to it.
    let files = bench.files("work").len();
    let broken = bench.create(500).header(kind.0, kind.1).body(broken(bytes.slice(..200))).await;
    assert_eq!((broken.status, bench.files("work").len()), (400, files));
}

#[tokio::test]
async fn methods_may_be_overridden() {
    let (bench, bytes) = (Bench::new().await, noise(500, 1));
    let path = bench.create(500).await.location();
    let post = || bench.ask(&format!("POST {path}")).header("upload-offset", "0");
    let post = || post().header("content-type", "application/offset+octet-stream");
    assert_eq!(post().await.problem(), "invalid-method-override");
    let patched = post().header("x-http-method-override", "PATCH").body(bytes.slice(..9)).await;
    assert_eq!((patched.status, patched.offset()), (204, 9));
    assert_eq!(post().header("x-http-method-override", "DELETE").await.status, 204);
    assert_eq!(bench.head(&path).await.status, 404);
}

#[tokio::test]
async fn what_came_before_a_connection_broke_is_kept() {
    let bench = Bench::new().await;
    let mut random = Random(7);
    for seed in 0..20 {
        let bytes = noise(1 + random.below(300_000) as usize, seed);
        let path = bench.create(bytes.len()).await.location();
        let song = loop {
            let offset = bench.head(&path).await.offset() as usize;
            let end = offset + random.below((bytes.len() - offset) as u64 + 1) as usize;
            let broken = bench.patch(&path, offset as u64).body(broken(bytes.slice(offset..end)));
            assert_eq!(broken.await.status, 400);
            let head = bench.head(&path).await;
            assert_eq!(head.offset() as usize, end);
            if end == bytes.len() {
                break head.song().expect("all have come");
            }
        };
        let master = bench.songs().await.into_iter().find(|it| it.id.to_string() == song).unwrap();
        assert_eq!(master.master.bytes()[..], Sha256::digest(&bytes)[..], "seed {seed}");
    }
    assert_eq!(bench.songs().await.len(), 20);
}

#[tokio::test]
async fn bytes_with_a_checksum_count_all_or_not_at_all() {
    let (bench, bytes) = (Bench::new().await, noise(600, 1));
    let path = bench.create(600).await.location();
    let sum = |bytes: &[u8]| format!("sha256 {}", BASE64_STANDARD.encode(Sha256::digest(bytes)));
    let patch = |offset, sum: &str| bench.patch(&path, offset).header("upload-checksum", sum);
    let wrong = patch(0, &sum(b"other bytes")).body(bytes.slice(..300)).await;
    assert_eq!((wrong.status, wrong.problem()), (460, "checksum-mismatch"));
    let broken = patch(0, &sum(&bytes[..300])).body(broken(bytes.slice(..300))).await;
    assert_eq!((broken.status, bench.head(&path).await.offset()), (400, 0));
    for unknown in ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1", "sha256 eA==", "sha1 ???"] {
        let refused = patch(0, unknown).body(bytes.slice(..300)).await;
        assert_eq!(
            (refused.status, refused.problem()),
            (400, "invalid-upload-header"),
            "{unknown}"
        );
    }
    assert_eq!(patch(0, &sum(&bytes[..300])).body(bytes.slice(..300)).await.offset(), 300);
    let last = patch(300, &sum(&bytes[300..])).body(bytes.slice(300..)).await;
    bench.assert_one_song(&last.song().expect("a song"), &bytes).await;
}
