//! Any number of misses on one block make exactly one origin read; a failure is never a short read.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use segue_cache::{BLOCK_SIZE, Cache, FillError, Source};
use testkit::origin_store::{Behaviour, OriginStore};

use crate::site::{CAPACITY, KEY, TIMEOUT, object, origin, pattern, read};

#[tokio::test(start_paused = true)]
async fn a_thousand_clients_on_a_cold_key_make_one_read() {
    let (store, cache) = origin(50_000).await;
    store.behave(Behaviour::Stall(Duration::from_secs(1)));
    let opened = futures::future::join_all((0..1_000).map(|_| cache.open(object()))).await;
    let sources: Vec<Source> =
        opened.into_iter().map(|opened| opened.expect("filled").source).collect();
    assert_eq!(store.reads_of(KEY), 1);
    assert_eq!(sources.iter().filter(|source| **source == Source::Miss).count(), 1);
    assert_eq!(sources.iter().filter(|source| **source == Source::Collapsed).count(), 999);
    assert_eq!(cache.open(object()).await.expect("cached").source, Source::Hit);
    assert_eq!(store.reads_of(KEY), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stampede_over_threads_makes_one_read_of_each_block() {
    let (store, cache) = origin(3 * BLOCK_SIZE as usize).await;
    store.behave(Behaviour::Stall(Duration::from_millis(20)));
    let clients: Vec<_> = (0..1_000)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { read(&cache, 0..3 * BLOCK_SIZE).await })
        })
        .collect();
    for client in clients {
        let bytes = client.await.expect("no panic").expect("filled");
        assert_eq!(bytes.len() as u64, 3 * BLOCK_SIZE);
    }
    assert_eq!(store.reads_of(KEY), 3);
}

#[tokio::test(start_paused = true)]
async fn the_client_that_began_may_leave() {
    let (store, cache) = origin(50_000).await;
    store.behave(Behaviour::Stall(Duration::from_secs(5)));
    let first = tokio::time::timeout(Duration::from_secs(1), cache.open(object())).await;
    assert!(first.is_err(), "the first client gave up");
    let second = cache.open(object()).await.expect("the fill went on");
    assert_eq!((second.size(), second.source), (50_000, Source::Collapsed));
    assert_eq!(store.reads_of(KEY), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_everybody_left_is_kept() {
    let (store, cache) = origin(50_000).await;
    store.behave(Behaviour::Stall(Duration::from_secs(5)));
    let only = tokio::time::timeout(Duration::from_secs(1), cache.open(object())).await;
    assert!(only.is_err(), "the only client gave up");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(cache.open(object()).await.expect("kept").source, Source::Hit);
    assert_eq!(store.reads_of(KEY), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_everybodys_and_the_next_tries_again() {
    let (store, cache) = origin(50_000).await;
    store.behave(Behaviour::Fail);
    let failed = futures::future::join_all((0..100).map(|_| cache.open(object()))).await;
    assert!(failed.iter().all(|opened| matches!(opened, Err(FillError::Origin(_)))));
    assert_eq!(store.reads_of(KEY), 3, "three attempts for all of them");
    store.behave(Behaviour::Serve);
    assert_eq!(cache.open(object()).await.expect("tried again").source, Source::Miss);
    assert_eq!(store.reads_of(KEY), 4);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_origin_times_out() {
    let (store, cache) = origin(50_000).await;
    store.behave(Behaviour::Stall(TIMEOUT * 2));
    assert!(matches!(cache.open(object()).await, Err(FillError::TimedOut(TIMEOUT))));
    store.behave(Behaviour::Serve);
    assert!(cache.open(object()).await.is_ok());
}

#[tokio::test]
async fn less_than_promised_is_a_failure() {
    let (store, cache) = origin(50_000).await;
    store.behave(Behaviour::Truncate(1));
    let opened = cache.open(object()).await;
    assert!(matches!(opened, Err(FillError::Truncated { .. })));
    store.behave(Behaviour::Serve);
    assert_eq!(read(&cache, 0..50_000).await.expect("whole"), pattern(50_000));
}

#[tokio::test]
async fn what_is_not_there_is_told_from_what_failed() {
    let cache = Cache::new(Arc::new(OriginStore::new()), CAPACITY, TIMEOUT);
    assert!(matches!(cache.open(object()).await, Err(FillError::NotFound)));
}

#[tokio::test]
async fn a_failure_in_mid_object_breaks_the_stream_off() {
    let (store, cache) = origin(3 * BLOCK_SIZE as usize).await;
    store.behave(Behaviour::FailFrom(BLOCK_SIZE));
    let mut reader = cache.open(object()).await.expect("the first block").read(0..3 * BLOCK_SIZE);
    let first = reader.next().await.expect("a slice").expect("the first block");
    assert_eq!(first.len() as u64, BLOCK_SIZE);
    assert!(matches!(reader.next().await, Some(Err(FillError::Origin(_)))));
    assert!(reader.remaining() > 0, "it knows that something is missing");
}

#[tokio::test]
async fn an_object_that_shrinks_under_its_key_breaks_the_stream_off() {
    let (store, cache) = origin(4 * BLOCK_SIZE as usize).await;
    let mut reader = cache.open(object()).await.expect("the first block").read(0..4 * BLOCK_SIZE);
    store.store(KEY, pattern(3 * BLOCK_SIZE as usize)).await;
    let mut last = reader.next().await;
    while let Some(Ok(_)) = last {
        last = reader.next().await;
    }
    assert!(matches!(last, Some(Err(_))), "{last:?}");
}

#[tokio::test]
async fn ranges_are_slices_of_the_object() {
    let size = 2 * BLOCK_SIZE + BLOCK_SIZE / 2;
    let (_, cache) = origin(size as usize).await;
    let whole = pattern(size as usize);
    let edges = [0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE, size - 1, size];
    for start in edges {
        for end in edges.into_iter().filter(|end| *end >= start) {
            let bytes = read(&cache, start..end).await.expect("filled");
            assert!(bytes == whole[start as usize..end as usize], "{start}..{end}");
        }
    }
}

#[tokio::test]
async fn a_reader_is_one_block_ahead_and_no_further() {
    let (store, cache) = origin(4 * BLOCK_SIZE as usize).await;
    let mut reader = cache.open(object()).await.expect("filled").read(0..4 * BLOCK_SIZE);
    assert_eq!(store.reads_of(KEY), 1);
    reader.next().await.expect("a slice").expect("filled");
    tokio::task::yield_now().await;
    assert_eq!(store.reads_of(KEY), 2);
}

#[tokio::test]
async fn what_does_not_fit_is_read_again() {
    let store = Arc::new(OriginStore::new());
    store.store(KEY, pattern(50_000)).await;
    let cache = Cache::new(store.clone(), 0, TIMEOUT);
    for reads in 1..4 {
        assert_eq!(read(&cache, 0..50_000).await.expect("filled"), pattern(50_000));
        assert_eq!(store.reads_of(KEY), reads);
    }
}
