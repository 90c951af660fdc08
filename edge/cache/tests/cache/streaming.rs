//! What has arrived of a block is handed out; what fails is tried again from there; what is too much waits.

use std::time::Duration;

use futures::StreamExt;
use segue_cache::{BLOCK_SIZE, FillError, Settings, Source};
use testkit::origin_store::Behaviour;

use crate::site::{KEY, TIMEOUT, file, object, origin, origin_with, pattern, read, settings};

const SIZE: usize = 2 * BLOCK_SIZE as usize + 5;

/// A sixteenth of a block each quarter of a second.
const TRICKLE: Behaviour = Behaviour::Trickle(1 << 16, Duration::from_millis(250));

#[tokio::test(start_paused = true)]
async fn the_first_byte_does_not_wait_for_the_block() {
    let (store, cache) = origin(SIZE).await;
    store.behave(TRICKLE);
    let begun = tokio::time::Instant::now();
    let opened = cache.open(object()).await.expect("the first bytes");
    assert_eq!((opened.size(), opened.source), (SIZE as u64, Source::Miss));
    let mut reader = opened.read(0..SIZE as u64);
    let first = reader.next().await.expect("a part").expect("bytes");
    assert_eq!(begun.elapsed(), Duration::from_millis(250));
    let mut got = first.to_vec();
    while let Some(part) = reader.next().await {
        got.extend_from_slice(&part.expect("bytes"));
    }
    assert!(got == pattern(SIZE));
    assert_eq!(store.reads_of(KEY), 3);
    assert_eq!(cache.open(object()).await.expect("cached").source, Source::Hit);
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_late_gets_all_of_it_from_the_same_read() {
    let (store, cache) = origin(SIZE).await;
    store.behave(TRICKLE);
    let readers = (0..20_u64).map(|late| {
        let cache = cache.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(150 * late)).await;
            let range = late * 1_000..BLOCK_SIZE - late * 31;
            read(&cache, range.clone()).await.expect("filled")
                == pattern(SIZE)[range.start as usize..range.end as usize]
        }
    });
    assert!(futures::future::join_all(readers).await.into_iter().all(|same| same));
    assert_eq!(store.reads_of(KEY), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_read_goes_on_where_it_broke() {
    for size in [50_000, SIZE] {
        let (store, cache) = origin(size).await;
        let piece = (size.min(BLOCK_SIZE as usize)).div_ceil(3);
        store.behave(Behaviour::Break(piece));
        let whole = read(&cache, 0..size as u64).await.expect("three attempts");
        assert!(whole == pattern(size));
        let ranges = store.ranges().into_iter().filter(|(key, _)| key == KEY);
        let starts: Vec<u64> = ranges.map(|(_, range)| range.start).collect();
        assert_eq!(starts[..3], [0, piece as u64, 2 * piece as u64]);
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_and_a_block_of_failures_is_an_error() {
    let (store, cache) = origin(SIZE).await;
    store.behave(Behaviour::Break(1_000));
    let outcome = read(&cache, 0..SIZE as u64).await;
    assert!(matches!(outcome, Err(FillError::Origin(_))), "{outcome:?}");
    assert_eq!(store.reads_of(KEY), 3);
    store.behave(Behaviour::Serve);
    assert!(read(&cache, 0..SIZE as u64).await.expect("anew") == pattern(SIZE));
}

#[tokio::test(start_paused = true)]
async fn what_changes_between_attempts_is_never_mixed() {
    for (size, whole) in [(50_000, true), (SIZE, false)] {
        let (store, cache) = origin(size).await;
        store.behave(Behaviour::Break(size.min(BLOCK_SIZE as usize) / 2));
        let reading = tokio::spawn({
            let cache = cache.clone();
            async move { read(&cache, 0..size as u64).await }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        store.store(KEY, vec![7; size]).await;
        store.behave(Behaviour::Serve);
        match reading.await.expect("no panic") {
            // Nobody had any of it yet.
            Ok(bytes) => assert!(whole && bytes == vec![7; size]),
            Err(error) => assert!(!whole && matches!(error, FillError::Changed), "{error:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn silence_in_mid_block_is_a_failed_attempt() {
    let (store, cache) = origin(SIZE).await;
    store.behave(Behaviour::Trickle(1 << 19, TIMEOUT / 2 + Duration::from_secs(1)));
    let reading = tokio::spawn({
        let cache = cache.clone();
        async move { read(&cache, 0..BLOCK_SIZE).await }
    });
    tokio::time::sleep(TIMEOUT / 2 - Duration::from_secs(1)).await;
    store.behave(Behaviour::Serve);
    assert!(reading.await.expect("no panic").expect("a second attempt").len() as u64 == BLOCK_SIZE);
    assert_eq!(store.reads_of(KEY), 2);
}

#[tokio::test(start_paused = true)]
async fn bytes_in_flight_are_bounded_and_so_is_the_queue() {
    let (store, cache) =
        origin_with(50_000, Settings { in_flight: 2 * BLOCK_SIZE, queue: 3, ..settings() }).await;
    let files: Vec<_> = (0..10).map(|number| file(&format!("aac/64/{number:05}.m4s"))).collect();
    for file in &files {
        store.store(&file.to_string(), pattern(50_000)).await;
    }
    store.behave(Behaviour::Stall(Duration::from_secs(1)));
    let opened = files.iter().map(|file| cache.open(*file));
    let opened = futures::future::join_all(opened).await;
    let overloaded = |outcome: &Result<_, FillError>| matches!(outcome, Err(FillError::Overloaded { retry_after }) if !retry_after.is_zero());
    let refused = opened.iter().filter(|outcome| overloaded(outcome)).count();
    let served = opened.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!((served, refused), (5, 5), "two in flight and three waiting");
    assert_eq!(files.iter().map(|file| store.reads_of(&file.to_string())).sum::<usize>(), 5);
    for file in &files {
        assert!(cache.open(*file).await.is_ok(), "nobody is turned away for ever");
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_begun_is_not_turned_away() {
    let (store, cache) =
        origin_with(SIZE, Settings { in_flight: BLOCK_SIZE, queue: 0, ..settings() }).await;
    let opened = cache.open(object()).await.expect("filled");
    let (other, wanted) = (file("aac/64/00000.m4s"), file("aac/64/00001.m4s"));
    store.store(&other.to_string(), pattern(50_000)).await;
    store.behave(Behaviour::Stall(Duration::from_secs(1)));
    let busy = tokio::spawn({
        let cache = cache.clone();
        async move { cache.open(other).await.map(|opened| opened.size()) }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(matches!(cache.open(wanted).await, Err(FillError::Overloaded { .. })));
    let rest: Vec<_> = opened.read(0..SIZE as u64).collect().await;
    assert!(rest.into_iter().all(|part| part.is_ok()), "it waited for its turn");
    assert_eq!(busy.await.expect("no panic").expect("filled"), 50_000);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_grows_old() {
    let (_store, cache) = origin(SIZE).await;
    let age = async || cache.open(object()).await.expect("an object").age();
    assert_eq!(age().await, Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert_eq!(age().await, Duration::from_secs(90));
}
