//! A shield before the origin: asked first, done without when it fails, left alone while it goes on failing.

use std::sync::Arc;
use std::time::Duration;

use segue_cache::{BLOCK_SIZE, Cache, FillError, Settings};
use testkit::origin_store::{Behaviour, OriginStore};

use crate::digests::entry;
use crate::site::{FOLDER, KEY, file, origin, pattern, purge, read, settings, text};

const SEGMENTS: usize = 400;

fn segment(number: usize) -> String {
    format!("aac/64/{number:05}.m4s")
}

/// A store of many segments and an Ogg of three blocks.
async fn filled() -> Arc<OriginStore> {
    let store = Arc::new(OriginStore::new());
    store.store(KEY, pattern(3 * BLOCK_SIZE as usize)).await;
    for number in 0..SEGMENTS {
        store.store(&format!("{FOLDER}/{}", segment(number)), "segment").await;
    }
    store
}

async fn shielded(settings: Settings) -> (Arc<OriginStore>, Arc<OriginStore>, Cache) {
    let (shield, origin) = (filled().await, filled().await);
    let cache = Cache::behind(shield.clone(), origin.clone(), settings);
    (shield, origin, cache)
}

async fn fetch(cache: &Cache, number: usize) -> Result<String, FillError> {
    text(cache, file(&segment(number))).await
}

#[tokio::test(start_paused = true)]
async fn the_origin_is_not_asked_while_the_shield_is_well() {
    let (shield, origin, cache) = shielded(settings()).await;
    for number in 0..20 {
        assert_eq!(fetch(&cache, number).await.expect("filled"), "segment");
    }
    let absent = cache.open(file("waveform.json")).await;
    assert!(matches!(absent, Err(FillError::NotFound)), "the shield's word is enough");
    assert_eq!((shield.reads_of(&format!("{FOLDER}/{}", segment(0))), origin.reads()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dead_shield_is_done_without_and_soon_left_alone() {
    let (shield, origin, cache) = shielded(settings()).await;
    shield.behave(Behaviour::Fail);
    for number in 0..50 {
        assert_eq!(fetch(&cache, number).await.expect("from the origin"), "segment");
    }
    assert_eq!(shield.reads(), settings().failures);
    assert_eq!(cache.origins_well().collect::<Vec<_>>(), [false, true]);

    tokio::time::sleep(settings().rest).await;
    assert_eq!(fetch(&cache, 50).await.expect("from the origin"), "segment");
    assert_eq!(shield.reads(), settings().failures + 1, "one trial");

    shield.behave(Behaviour::Serve);
    tokio::time::sleep(settings().rest).await;
    let before = origin.reads();
    for number in 51..60 {
        assert_eq!(fetch(&cache, number).await.expect("from the shield"), "segment");
    }
    assert_eq!(origin.reads(), before);
    assert_eq!(cache.origins_well().collect::<Vec<_>>(), [true, true]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_shield_is_done_without_in_time() {
    let (shield, _, cache) = shielded(settings()).await;
    shield.behave(Behaviour::Stall(Duration::from_secs(3_600)));
    assert_eq!(fetch(&cache, 0).await.expect("from the origin"), "segment");
}

#[tokio::test(start_paused = true)]
async fn a_shield_that_breaks_off_is_followed_by_the_origin() {
    let (shield, _, cache) = shielded(settings()).await;
    shield.behave(Behaviour::Break(3));
    assert_eq!(fetch(&cache, 0).await.expect("begun anew"), "segment");
}

#[tokio::test(start_paused = true)]
async fn a_shield_that_has_not_heard_of_a_purge_yet_is_not_asked() {
    let (shield, origin, cache) = shielded(settings()).await;
    let path = |number| format!("{FOLDER}/{}", segment(number));
    for number in 0..2 {
        assert_eq!(fetch(&cache, number).await.expect("from the shield"), "segment");
        origin.store(&path(number), "replaced").await;
    }
    cache.purge(&purge(&format!(r#"{{"urls":["/{}"]}}"#, path(0))));
    assert_eq!(fetch(&cache, 0).await.expect("from the origin"), "replaced");
    assert_eq!(fetch(&cache, 1).await.expect("here still"), "segment");
    assert_eq!(fetch(&cache, 2).await.expect("from the shield"), "segment");
    assert_eq!((origin.reads_of(&path(0)), origin.reads_of(&path(2))), (1, 0));

    tokio::time::sleep(Duration::from_secs(60)).await;
    shield.store(&path(0), "replaced").await;
    cache.purge(&purge(&format!(r#"{{"urls":["/{}"]}}"#, path(1))));
    assert_eq!(fetch(&cache, 3).await.expect("from the shield"), "segment");
    assert_eq!(origin.reads_of(&path(3)), 0);
}

#[tokio::test(start_paused = true)]
async fn a_shield_that_refuses_is_done_without_and_an_origin_that_does_is_believed() {
    let (shield, origin, cache) = shielded(settings()).await;
    shield.behave(Behaviour::Refuse);
    for number in 0..20 {
        assert_eq!(fetch(&cache, number).await.expect("from the origin"), "segment");
    }
    assert_eq!(shield.reads(), settings().failures);

    origin.behave(Behaviour::Refuse);
    for number in 20..40 {
        assert!(matches!(fetch(&cache, number).await, Err(FillError::Refused(_))));
    }
    assert_eq!(cache.origins_well().collect::<Vec<_>>(), [false, true], "it is not ill");
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_goes_on_failing_is_left_alone() {
    let store = filled().await;
    let cache = Cache::with(store.clone(), settings());
    store.behave(Behaviour::Fail);
    let mut resting = 0;
    for number in 0..20 {
        match fetch(&cache, number).await {
            Err(FillError::Resting { retry_after }) => {
                assert!(retry_after <= settings().rest);
                resting += 1;
            }
            outcome => assert!(matches!(outcome, Err(FillError::Origin(_))), "{outcome:?}"),
        }
    }
    assert!(resting >= 20 - settings().failures, "{resting}");
    store.behave(Behaviour::Serve);
    tokio::time::sleep(settings().rest).await;
    assert_eq!(fetch(&cache, 0).await.expect("filled"), "segment");
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_ever_is_asked_for_a_second_time() {
    let (shield, origin, cache) = shielded(settings()).await;
    shield.behave(Behaviour::Stall(Duration::from_millis(20)));
    for number in 0..300 {
        assert_eq!(fetch(&cache, number).await.expect("filled"), "segment");
    }
    assert_eq!(origin.reads(), 0, "none was slower than the others");
    shield.behave(Behaviour::Stall(Duration::from_secs(4)));
    let begun = tokio::time::Instant::now();
    assert_eq!(fetch(&cache, 300).await.expect("from the origin"), "segment");
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
    assert!(origin.reads() <= 2);
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_slows_down_is_not_asked_twice_for_everything() {
    let (store, _) = origin(1).await;
    for number in 0..SEGMENTS {
        store.store(&format!("{FOLDER}/{}", segment(number)), "segment").await;
    }
    let cache = Cache::with(store.clone(), settings());
    store.behave(Behaviour::Stall(Duration::from_millis(20)));
    for number in 0..250 {
        assert_eq!(fetch(&cache, number).await.expect("filled"), "segment");
    }
    let before = store.reads();
    store.behave(Behaviour::Stall(Duration::from_secs(2)));
    for number in 250..SEGMENTS {
        assert_eq!(fetch(&cache, number).await.expect("filled"), "segment");
    }
    let asked = store.reads() - before;
    assert!(asked > SEGMENTS - 250, "some were asked for twice");
    assert!(asked < (SEGMENTS - 250) * 2, "{asked} reads");
}

#[tokio::test]
async fn one_answer_may_come_from_both_where_its_digest_is_known() {
    let (shield, origin, cache) = shielded(settings()).await;
    let whole = pattern(3 * BLOCK_SIZE as usize);
    let listed = serde_json::json!({"objects": [entry("ogg/320.ogg", &whole)]});
    for store in [&shield, &origin] {
        store.store(&format!("{FOLDER}/asset.json"), listed.to_string()).await;
    }
    shield.behave(Behaviour::FailFrom(BLOCK_SIZE));
    assert!(read(&cache, 0..3 * BLOCK_SIZE).await.expect("from both") == whole);
    assert!(origin.reads_of(KEY) >= 1 && shield.reads_of(KEY) >= 1);

    // What the shield spoilt, the origin has whole.
    let (spoilt, origin, cache) = shielded(settings()).await;
    spoilt.store(KEY, vec![7; whole.len()]).await;
    for store in [&spoilt, &origin] {
        store.store(&format!("{FOLDER}/asset.json"), listed.to_string()).await;
    }
    assert!(read(&cache, 0..3 * BLOCK_SIZE).await.expect("from the origin") == whole);
    assert!(spoilt.reads_of(KEY) >= 1);
}
