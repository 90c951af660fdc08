//! A purge holds when it returns: nothing read before is answered after, or stored.

use std::time::Duration;

use segue_cache::{BLOCK_SIZE, FillError, Settings, Source};
use testkit::origin_store::Behaviour;

use crate::digests::{entry, list};
use crate::site::{
    FOLDER, KEY, TIMEOUT, file, object, origin, origin_with, pattern, purge, read, settings, text,
};

const EVERYTHING: &str = r#"{"everything":true}"#;
const SOFTLY: &str = r#"{"everything":true,"soft":true}"#;

#[tokio::test]
async fn what_is_purged_is_read_again_and_nothing_else() {
    let files = ["aac/320/00000.m4s", "aac/64/00000.m4s", "ogg/320.ogg", "index.m3u8"];
    let table = [
        (r#"{"keys":["song:0190d2a5-7c1e-7bbb-8123-000000000003"]}"#, [true; 4]),
        (r#"{"keys":["artist:0190d2a5-7c1e-7bbb-8123-000000000003"]}"#, [false; 4]),
        (r#"{"prefixes":["FOLDER/aac/64"]}"#, [false, true, false, false]),
        (r#"{"urls":["/t/x/FOLDER/index.m3u8"]}"#, [false, false, false, true]),
        (EVERYTHING, [true; 4]),
    ];
    for (json, purged) in table {
        let (store, cache) = origin(1).await;
        for path in files {
            store.store(&format!("{FOLDER}/{path}"), "before").await;
            assert_eq!(text(&cache, file(path)).await.expect("filled"), "before");
            store.store(&format!("{FOLDER}/{path}"), "after").await;
        }
        cache.purge(&purge(json));
        for (path, purged) in files.into_iter().zip(purged) {
            let expected = if purged { "after" } else { "before" };
            assert_eq!(text(&cache, file(path)).await.expect("filled"), expected, "{path} {json}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_began_before_is_for_those_who_joined_before() {
    let (store, cache) = origin(1).await;
    let index = file("index.m3u8");
    store.store(&index.to_string(), "before").await;
    store.behave(Behaviour::Trickle(100, Duration::from_secs(5)));
    let before = tokio::spawn({
        let cache = cache.clone();
        async move { text(&cache, index).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    store.store(&index.to_string(), "after").await;
    cache.purge(&purge(EVERYTHING));
    assert_eq!(text(&cache, index).await.expect("filled"), "after");
    assert_eq!(before.await.expect("no panic").expect("filled"), "before");
    let opened = cache.open(index).await.expect("cached");
    assert_eq!((opened.source, &opened.first().expect("whole")[..]), (Source::Hit, &b"after"[..]));
}

#[tokio::test(start_paused = true)]
async fn the_old_fill_is_not_stored_where_nobody_asked_again() {
    let (store, cache) = origin(50_000).await;
    store.behave(Behaviour::Stall(Duration::from_secs(2)));
    let early = tokio::time::timeout(Duration::from_secs(1), cache.open(object())).await;
    assert!(early.is_err(), "it takes two seconds");
    cache.purge(&purge(r#"{"prefixes":["FOLDER/ogg"]}"#));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(cache.open(object()).await.expect("filled").source, Source::Miss);
    assert_eq!(store.reads_of(KEY), 2);
}

#[tokio::test(start_paused = true)]
async fn a_purge_of_others_leaves_a_fill_alone() {
    let (store, cache) = origin(50_000).await;
    store.behave(Behaviour::Stall(Duration::from_secs(5)));
    let early = tokio::time::timeout(Duration::from_secs(1), cache.open(object())).await;
    assert!(early.is_err(), "it takes five seconds");
    cache.purge(&purge(r#"{"keys":["version:ffffffffffffffffffffffffffffffff"]}"#));
    // Long enough for the purge to be swept away while the fill goes on.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(cache.open(object()).await.expect("filled").source, Source::Collapsed);
    assert_eq!(cache.open(object()).await.expect("filled").source, Source::Hit);
    assert_eq!(store.reads_of(KEY), 1);
}

#[tokio::test]
async fn an_answer_never_has_blocks_from_before_and_after() {
    let (store, cache) = origin(3 * BLOCK_SIZE as usize).await;
    let opened = cache.open(object()).await.expect("the first block");
    store.store(KEY, vec![7; 3 * BLOCK_SIZE as usize]).await;
    cache.purge(&purge(EVERYTHING));
    let mut reader = opened.read(0..3 * BLOCK_SIZE);
    let mut got = Vec::new();
    let error = loop {
        match futures::StreamExt::next(&mut reader).await {
            Some(Ok(part)) => got.extend_from_slice(&part),
            other => break other,
        }
    };
    assert!(matches!(error, Some(Err(FillError::Changed))), "{error:?}");
    assert!(pattern(3 * BLOCK_SIZE as usize).starts_with(&got));
    let whole = read(&cache, 0..3 * BLOCK_SIZE).await.expect("filled");
    assert!(whole == vec![7; 3 * BLOCK_SIZE as usize]);
}

#[tokio::test]
async fn what_changed_unpurged_breaks_one_answer_and_heals() {
    let (store, cache) = origin(3 * BLOCK_SIZE as usize).await;
    read(&cache, 0..10).await.expect("the first block");
    store.store(KEY, vec![7; 3 * BLOCK_SIZE as usize]).await;
    assert!(matches!(read(&cache, 0..3 * BLOCK_SIZE).await, Err(FillError::Changed)));
    let whole = read(&cache, 0..3 * BLOCK_SIZE).await.expect("filled");
    assert!(whole == vec![7; 3 * BLOCK_SIZE as usize]);
}

#[tokio::test(start_paused = true)]
async fn an_absence_is_believed_for_seconds_or_until_a_purge() {
    let (store, cache) = origin(1).await;
    let index = file("index.m3u8");
    for _ in 0..100 {
        assert!(matches!(text(&cache, index).await, Err(FillError::NotFound)));
    }
    assert_eq!(store.reads_of(&index.to_string()), 1);
    store.store(&index.to_string(), "now").await;
    assert!(matches!(text(&cache, index).await, Err(FillError::NotFound)));
    cache.purge(&purge(r#"{"urls":["/FOLDER/index.m3u8"]}"#));
    assert_eq!(text(&cache, index).await.expect("filled"), "now");

    let waveform = file("waveform.json");
    assert!(text(&cache, waveform).await.is_err());
    store.store(&waveform.to_string(), "now").await;
    tokio::time::sleep(settings().negative).await;
    assert_eq!(text(&cache, waveform).await.expect("filled"), "now");
}

#[tokio::test(start_paused = true)]
async fn the_soft_is_answered_while_the_origin_is_asked() {
    let (store, cache) = origin(50_000).await;
    read(&cache, 0..50_000).await.expect("filled");
    cache.purge(&purge(SOFTLY));
    for expected in [Source::Stale, Source::Stale] {
        assert_eq!(cache.open(object()).await.expect("here").source, expected);
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(cache.open(object()).await.expect("here").source, Source::Hit);
    assert_eq!(store.reads_of(KEY), 2, "one of them without a body");
}

#[tokio::test(start_paused = true)]
async fn what_a_soft_purge_finds_changed_is_read_again() {
    let (store, cache) = origin(1).await;
    let index = file("index.m3u8");
    store.store(&index.to_string(), "before").await;
    assert_eq!(text(&cache, index).await.expect("filled"), "before");
    store.store(&index.to_string(), "after").await;
    cache.purge(&purge(SOFTLY));
    assert_eq!(text(&cache, index).await.expect("here"), "before");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(text(&cache, index).await.expect("filled"), "after");
}

#[tokio::test(start_paused = true)]
async fn what_is_listed_is_not_asked_for_but_the_list_is() {
    let (store, cache) = origin(3_000_000).await;
    let asset = file("asset.json").to_string();
    list(&store, &[entry("ogg/320.ogg", &pattern(3_000_000))]).await;
    read(&cache, 0..3_000_000).await.expect("filled");
    let reads = (store.reads_of(KEY), store.reads_of(&asset));
    cache.purge(&purge(SOFTLY));
    for _ in 0..4 {
        read(&cache, 0..3_000_000).await.expect("here");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(cache.open(object()).await.expect("here").source, Source::Hit);
    assert_eq!((store.reads_of(KEY), store.reads_of(&asset)), (reads.0, reads.1 + 1));
}

#[tokio::test(start_paused = true)]
async fn what_a_soft_purge_finds_listed_otherwise_is_read_again() {
    for json in [SOFTLY, r#"{"urls":["/FOLDER/index.m3u8"],"soft":true}"#] {
        let (store, cache) = origin(1).await;
        let (index, later) = (file("index.m3u8"), file("ogg.m3u8"));
        store.store(&index.to_string(), "before").await;
        list(&store, &[entry("index.m3u8", b"before")]).await;
        assert_eq!(text(&cache, index).await.expect("filled"), "before");
        assert!(text(&cache, later).await.is_err());
        store.store(&index.to_string(), "after!").await;
        store.store(&later.to_string(), "later").await;
        let entries = [entry("index.m3u8", b"after!"), entry("ogg.m3u8", b"later")];
        list(&store, &entries).await;
        cache.purge(&purge(json));
        assert_eq!(text(&cache, index).await.expect("here"), "before");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(text(&cache, index).await.expect("filled"), "after!");
        assert_eq!(text(&cache, later).await.expect("filled"), "later");
    }
}

#[tokio::test(start_paused = true)]
async fn the_soft_outlives_an_origin_that_fails_but_not_for_ever() {
    let (store, cache) =
        origin_with(50_000, Settings { stale: Duration::from_secs(60), ..settings() }).await;
    read(&cache, 0..50_000).await.expect("filled");
    cache.purge(&purge(SOFTLY));
    store.behave(Behaviour::Fail);
    for _ in 0..59 {
        assert_eq!(cache.open(object()).await.expect("stale").source, Source::Stale);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(store.reads_of(KEY) > 10, "it goes on asking");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(matches!(cache.open(object()).await, Err(FillError::Origin(_))));
}

#[tokio::test(start_paused = true)]
async fn a_hard_purge_beats_a_soft_one() {
    let (store, cache) = origin(50_000).await;
    read(&cache, 0..50_000).await.expect("filled");
    cache.purge(&purge(SOFTLY));
    store.behave(Behaviour::Stall(TIMEOUT / 4));
    assert_eq!(cache.open(object()).await.expect("stale").source, Source::Stale);
    cache.purge(&purge(EVERYTHING));
    assert_eq!(cache.open(object()).await.expect("filled").source, Source::Miss);
}
