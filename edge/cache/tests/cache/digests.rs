//! What the origin holds is compared with the version's `asset.json` before anybody gets it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::asset::PIECE_SIZE;
use segue_cache::{BLOCK_SIZE, Cache, FillError, Source};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::origin_store::{Behaviour, OriginStore};

use crate::site::{FOLDER, KEY, file, object, origin, pattern, purge, read, settings, text};

const INDEX: &str = "index.m3u8";

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// An entry of `asset.json`, with hashes of its pieces where there is more than one.
pub(crate) fn entry(path: &str, bytes: &[u8]) -> Value {
    let pieces: Vec<String> = bytes.chunks(PIECE_SIZE as usize).map(sha256).collect();
    let mut entry = json!({"path": path, "size": bytes.len(), "sha256": sha256(bytes)});
    if pieces.len() > 1 {
        entry["pieces"] = pieces.into();
    }
    entry
}

pub(crate) async fn list(store: &OriginStore, entries: &[Value]) {
    let asset = json!({"version": "x", "objects": entries}).to_string();
    store.store(&format!("{FOLDER}/asset.json"), asset).await;
}

/// An origin with a song of a playlist and an Ogg of `size` bytes, all listed.
async fn listed(size: usize) -> (Arc<OriginStore>, Cache) {
    let (store, cache) = origin(size).await;
    store.store(&format!("{FOLDER}/{INDEX}"), "playlist").await;
    list(&store, &[entry("ogg/320.ogg", &pattern(size)), entry(INDEX, b"playlist")]).await;
    (store, cache)
}

#[tokio::test]
async fn the_digest_of_the_whole_goes_with_every_answer() {
    for size in [50_000, 3 * BLOCK_SIZE as usize] {
        let (store, cache) = listed(size).await;
        for expected in [Source::Miss, Source::Hit] {
            let opened = cache.open(object()).await.expect("filled");
            let field = opened.digest().expect("a digest").field().clone();
            assert!(field.starts_with(b"sha-256=:") && field.ends_with(b"=:"), "{field:?}");
            assert_eq!(opened.source, expected);
            let rest =
                futures::TryStreamExt::try_collect::<Vec<Bytes>>(opened.read(0..size as u64));
            assert!(rest.await.expect("filled").concat() == pattern(size));
        }
        assert!(text(&cache, file(INDEX)).await.is_ok());
        assert_eq!(store.reads_of(&format!("{FOLDER}/asset.json")), 1, "read once for all");
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_is_read_once_however_many_ask() {
    let (store, cache) = origin(10).await;
    let files: Vec<_> = (0..50).map(|number| format!("aac/64/{number:05}.m4s")).collect();
    for file in &files {
        store.store(&format!("{FOLDER}/{file}"), "segment").await;
    }
    list(&store, &files.iter().map(|file| entry(file, b"segment")).collect::<Vec<_>>()).await;
    store.behave(Behaviour::Stall(Duration::from_secs(1)));
    let opened = files.iter().map(|path| cache.open(file(path)));
    let opened = futures::future::join_all(opened).await;
    assert!(opened.iter().all(|opened| opened.as_ref().is_ok_and(|it| it.digest().is_some())));
    assert_eq!(store.reads_of(&format!("{FOLDER}/asset.json")), 1);
}

#[tokio::test(start_paused = true)]
async fn not_a_byte_of_a_spoilt_object_is_answered() {
    let (store, cache) = listed(50_000).await;
    let mut spoilt = pattern(50_000).to_vec();
    spoilt[49_999] ^= 1;
    store.store(KEY, spoilt).await;
    for _ in 0..100 {
        assert!(matches!(cache.open(object()).await, Err(FillError::Corrupt)));
    }
    assert_eq!(store.reads_of(KEY), 2, "one more try, and then it is left alone for a while");
    store.store(KEY, pattern(50_000)).await;
    tokio::time::sleep(settings().negative).await;
    assert!(read(&cache, 0..50_000).await.expect("mended") == pattern(50_000));
}

#[tokio::test(start_paused = true)]
async fn not_a_byte_of_a_spoilt_piece_is_answered() {
    let size = 2 * BLOCK_SIZE as usize + 700_000;
    for spoilt in (0..size).step_by(PIECE_SIZE as usize) {
        let (store, cache) = listed(size).await;
        let mut bytes = pattern(size).to_vec();
        bytes[(spoilt + PIECE_SIZE as usize - 1).min(size - 1)] ^= 1;
        store.store(KEY, bytes).await;
        store.behave(Behaviour::Trickle(70_000, Duration::from_millis(10)));
        for _ in 0..2 {
            let mut got = Vec::new();
            let error = match cache.open(object()).await {
                Err(error) => error,
                Ok(opened) => {
                    let mut parts = opened.read(0..size as u64);
                    loop {
                        match futures::StreamExt::next(&mut parts).await {
                            Some(Ok(part)) => got.extend_from_slice(&part),
                            Some(Err(error)) => break error,
                            None => panic!("it was answered whole"),
                        }
                    }
                }
            };
            assert!(matches!(error, FillError::Corrupt), "{error:?}");
            assert!(got.len() <= spoilt && pattern(size).starts_with(&got), "{}", got.len());
        }
        store.behave(Behaviour::Serve);
        store.store(KEY, pattern(size)).await;
        tokio::time::sleep(settings().negative).await;
        assert!(read(&cache, 0..size as u64).await.expect("mended") == pattern(size));
    }
}

#[tokio::test(start_paused = true)]
async fn a_checked_piece_does_not_wait_for_the_next() {
    for size in [600_000, 3 * BLOCK_SIZE as usize] {
        let (store, cache) = listed(size).await;
        store.behave(Behaviour::Trickle(PIECE_SIZE as usize, Duration::from_secs(1)));
        let begun = tokio::time::Instant::now();
        let opened = cache.open(object()).await.expect("a piece");
        assert_eq!(begun.elapsed(), Duration::from_secs(1), "that of the list and of the piece");
        let mut parts = opened.read(0..size as u64);
        let part = futures::StreamExt::next(&mut parts).await.expect("a part").expect("checked");
        assert_eq!(part.len() as u64, PIECE_SIZE);
    }
}

#[tokio::test]
async fn objects_of_one_block_of_older_packages_are_judged_whole() {
    let (store, cache) = origin(600_000).await;
    let mut older = entry("ogg/320.ogg", &pattern(600_000));
    older.as_object_mut().expect("an object").remove("pieces");
    list(&store, &[older]).await;
    assert!(read(&cache, 0..600_000).await.expect("filled") == pattern(600_000));
    store.store(KEY, vec![7; 600_000]).await;
    cache.purge(&purge(r#"{"everything":true}"#));
    assert!(matches!(cache.open(object()).await, Err(FillError::Corrupt)));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_length_is_spoilt_before_a_byte_of_it() {
    for (size, stored) in [(50_000, 50_001), (2 << 20, (2 << 20) + 1), (2 << 20, 1 << 20)] {
        let (store, cache) = listed(size).await;
        store.store(KEY, pattern(stored)).await;
        assert!(matches!(cache.open(object()).await, Err(FillError::Corrupt)), "{stored}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_spoilt_on_the_way_is_had_by_the_second_try() {
    let (store, cache) = listed(50_000).await;
    store.store(KEY, vec![7; 50_000]).await;
    store.behave(Behaviour::Stall(Duration::from_secs(1)));
    let reading = tokio::spawn({
        let cache = cache.clone();
        async move { read(&cache, 0..50_000).await }
    });
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    store.store(KEY, pattern(50_000)).await;
    assert!(reading.await.expect("no panic").expect("mended") == pattern(50_000));
}

#[tokio::test]
async fn a_list_that_was_replaced_is_read_anew_before_it_condemns() {
    let (store, cache) = listed(50_000).await;
    assert_eq!(text(&cache, file(INDEX)).await.expect("filled"), "playlist");
    store.store(KEY, vec![7; 50_000]).await;
    list(&store, &[entry("ogg/320.ogg", &[7; 50_000])]).await;
    assert!(read(&cache, 0..50_000).await.expect("the new list's") == vec![7; 50_000]);
}

#[tokio::test]
async fn what_the_list_does_not_have_is_not_there() {
    let (store, cache) = listed(50_000).await;
    store.store(&format!("{FOLDER}/aac/64/00000.m4s"), "stray").await;
    let stray = cache.open(file("aac/64/00000.m4s")).await;
    assert!(matches!(stray, Err(FillError::NotFound)));
    store.behave(Behaviour::Refuse);
    for number in 1..10 {
        let stray = cache.open(file(&format!("aac/64/{number:05}.m4s"))).await;
        assert!(matches!(stray, Err(FillError::NotFound)));
        let reads = store.reads_of(&format!("{FOLDER}/aac/64/{number:05}.m4s"));
        assert_eq!(reads, 0, "the list that is here is enough");
    }
}

#[tokio::test]
async fn without_a_list_nothing_can_be_judged_and_a_bad_list_judges_all() {
    let (store, cache) = origin(50_000).await;
    assert!(cache.open(object()).await.expect("unjudged").digest().is_none());
    for bad in [r#"{"objects":[{"path":"ogg/320.ogg","size":1,"sha256":"00"}]}"#, "{", "[]"] {
        store.store(&format!("{FOLDER}/asset.json"), bad).await;
        cache.purge(&purge(r#"{"everything":true}"#));
        assert!(matches!(cache.open(object()).await, Err(FillError::Corrupt)), "{bad}");
    }
}

#[tokio::test]
async fn larger_objects_of_older_packages_are_judged_by_their_length() {
    let size = 3 * BLOCK_SIZE as usize;
    let (store, cache) = origin(size).await;
    let mut older = entry("ogg/320.ogg", &pattern(size));
    older.as_object_mut().expect("an object").remove("pieces");
    list(&store, &[older]).await;
    assert!(cache.open(object()).await.expect("filled").digest().is_some());
    assert!(read(&cache, 0..size as u64).await.expect("filled") == pattern(size));
}
