//! Two at one upload, and what a process leaves that dies.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::{StreamExt, stream};
use segue_ingest::{Uploads, Workshop};
use service::Shutdown;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::bench::{Bench, LIMIT, noise};

type Piece = io::Result<Bytes>;

/// A body of `first`, and `rest` when it is rung for.
fn in_two(first: Bytes, bell: Arc<Notify>, rest: Bytes) -> Body {
    ending_with(first, bell, Ok(rest))
}

fn ending_with(first: Bytes, bell: Arc<Notify>, rest: Piece) -> Body {
    let rest = stream::once(async move {
        bell.notified().await;
        rest
    });
    Body::from_stream(stream::once(async { Piece::Ok(first) }).chain(rest))
}

/// Waits until so much of some upload has come.
async fn has_come(bench: &Bench, bytes: u64) {
    let length = |path: &std::path::PathBuf| std::fs::metadata(path).unwrap().len();
    while bench.files("work/uploads").iter().map(length).sum::<u64>() < bytes {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn while_one_writes_another_is_refused() {
    let (bench, bytes) = (Bench::new().await, noise(600_000, 1));
    let path = bench.create(bytes.len()).await.location();
    let bell = Arc::new(Notify::new());
    let body = in_two(bytes.slice(..500_000), Arc::clone(&bell), bytes.slice(500_000..));
    let writing = tokio::spawn(bench.patch(&path, 0).body(body).into_future());
    has_come(&bench, 1).await;
    let other = bench.patch(&path, 0).body(noise(600_000, 2)).await;
    assert_eq!((other.status, other.problem()), (423, "upload-locked"));
    bell.notify_one();
    let song = writing.await.unwrap().song().expect("a song");
    bench.assert_one_song(&song, &bytes).await;
}

#[tokio::test]
async fn of_many_at_one_place_one_writes() {
    let bench = Bench::new().await;
    for round in 0..20 {
        let path = bench.create(50_000).await.location();
        let mut racing = JoinSet::new();
        // The same bytes again would be the same song.
        for seed in (0..4).map(|seed| 4 * round as u64 + seed) {
            racing.spawn(bench.patch(&path, 0).body(noise(50_000, seed)).into_future());
        }
        let answers = racing.join_all().await;
        let won = answers.iter().filter(|answer| answer.status == 204).count();
        let lost = answers.iter().filter(|answer| [409, 423].contains(&answer.status)).count();
        assert_eq!((won, lost), (1, 3), "{answers:?}");
        let songs = bench.songs().await;
        assert_eq!(songs.len(), round + 1);
    }
    let wanted: Vec<Bytes> = (0..80).map(|seed| noise(50_000, seed)).collect();
    for master in bench.files("objects/masters") {
        assert!(wanted.contains(&std::fs::read(&master).unwrap().into()), "bytes of two");
    }
}

#[tokio::test]
async fn whoever_hears_nothing_makes_room() {
    let (bench, bytes) = (Bench::new().await, noise(600_000, 1));
    let path = bench.create(bytes.len()).await.location();
    let silent = in_two(bytes.slice(..400_000), Arc::default(), Bytes::new());
    let silent = tokio::spawn(bench.patch(&path, 0).body(silent).into_future());
    has_come(&bench, 1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    tokio::time::resume();
    // The next one gets the turn, and finds that more has come than it knew.
    let next = bench.patch(&path, 0).body(bytes.clone()).await;
    assert_eq!((next.status, next.problem()), (409, "wrong-offset"));
    assert_eq!(silent.await.unwrap().status, 400);
    let offset = bench.head(&path).await.offset();
    assert_eq!(offset, 400_000);
    let last = bench.patch(&path, offset).body(bytes.slice(400_000..)).await;
    bench.assert_one_song(&last.song().expect("a song"), &bytes).await;
}

#[tokio::test]
async fn whoever_goes_away_leaves_what_they_sent() {
    let (bench, bytes) = (Bench::new().await, noise(600_000, 1));
    let path = bench.create(bytes.len()).await.location();
    let bell = Arc::new(Notify::new());
    let body = in_two(bytes.slice(..300_000), Arc::clone(&bell), bytes.slice(300_000..));
    let writing = tokio::spawn(bench.patch(&path, 0).body(body).into_future());
    has_come(&bench, 300_000).await;
    // As hyper drops the request of a connection that is gone; its body goes on or fails by itself.
    writing.abort();
    assert_eq!(bench.patch(&path, 300_000).body("x").await.status, 423, "it is still written");
    bell.notify_one();
    while bench.songs().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let song = bench.head(&path).await.song().expect("a song");
    bench.assert_one_song(&song, &bytes).await;
}

#[tokio::test]
async fn whoever_goes_away_as_they_begin_leaves_nothing() {
    let (bench, bytes) = (Bench::new().await, noise(300_000, 1));
    let bell = Arc::new(Notify::new());
    let body = ending_with(bytes, Arc::clone(&bell), Err(io::Error::other("reset")));
    let create = bench.create(LIMIT as usize);
    let create = create.header("content-type", "application/offset+octet-stream").body(body);
    let beginning = tokio::spawn(create.into_future());
    has_come(&bench, 1).await;
    // As hyper drops the request of a stream of HTTP/2 that was reset, whose body then fails.
    beginning.abort();
    assert!(beginning.await.unwrap_err().is_cancelled());
    bell.notify_one();
    let forgotten = async {
        while !bench.files("work").is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), forgotten).await.expect("it is forgotten");
    for _ in 0..20 {
        // All of the quota is there.
        bench.create(LIMIT as usize).await.location();
    }
}

/// What a process leaves that dies behind the last byte: all bytes, and no song.
async fn whole_and_unfinished(bench: &Bench, bytes: &[u8]) -> String {
    let path = bench.create(bytes.len()).await.location();
    let file = bench.path("work/uploads").join(path.rsplit('/').next().unwrap());
    std::fs::write(file, bytes).unwrap();
    path
}

#[tokio::test]
async fn what_a_dead_process_has_not_finished_is_finished_once() {
    let (bench, bytes) = (Bench::new().await, noise(1_000, 1));
    let path = whole_and_unfinished(&bench, &bytes).await;
    Workshop::open(&bench.path("work")).unwrap();
    let mut asking = JoinSet::new();
    for _ in 0..10 {
        asking.spawn(bench.ask(&format!("HEAD {path}")).into_future());
        asking.spawn(bench.patch(&path, 1_000).into_future());
    }
    let answers = asking.join_all().await;
    let song = bench.head(&path).await.song().expect("a song");
    for answer in answers.iter().filter(|answer| answer.status != 423) {
        assert_eq!(answer.song().as_ref(), Some(&song), "{answer:?}");
    }
    bench.assert_one_song(&song, &bytes).await;
}

#[tokio::test]
async fn the_copy_in_the_store_needs_room_as_well() {
    let (mut bench, bytes) = (Bench::new().await, noise(1_000, 1));
    let path = whole_and_unfinished(&bench, &bytes).await;
    let roomy = bench.uploads.clone();
    let full = Uploads::new(bench.intake.clone().keeping_free(u64::MAX));
    bench.uploads = full.clone();
    let refused = bench.patch(&path, 1_000).await;
    assert_eq!((refused.status, refused.problem()), (507, "no-room"));
    assert!(bench.songs().await.is_empty());
    bench.uploads = roomy;
    let song = bench.patch(&path, 1_000).await.song().expect("a song");
    // What is stored needs no more room.
    bench.uploads = full;
    assert_eq!(bench.patch(&path, 1_000).await.song().as_ref(), Some(&song));
    bench.assert_one_song(&song, &bytes).await;
}

#[tokio::test]
async fn what_nobody_asks_for_is_finished_too() {
    let (bench, bytes) = (Bench::new().await, noise(1_000, 1));
    let path = whole_and_unfinished(&bench, &bytes).await;
    let shutdown = Shutdown::new();
    let tending = tokio::spawn(Uploads::new(bench.intake.clone()).tend(shutdown.clone()));
    while !bench.files("work").is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let song = bench.head(&path).await.song().expect("a song");
    bench.assert_one_song(&song, &bytes).await;
    shutdown.begin();
    tending.await.unwrap();
}

#[tokio::test]
async fn what_could_not_be_stored_is_stored_when_it_can() {
    let (bench, bytes) = (Bench::new().await, noise(1_000, 1));
    let path = bench.create(1_000).await.location();
    std::fs::write(bench.path("objects/masters"), "in the way").unwrap();
    assert_eq!(bench.patch(&path, 0).body(bytes.clone()).await.status, 500);
    assert_eq!(bench.head(&path).await.status, 500, "nobody takes it for finished");
    std::fs::remove_file(bench.path("objects/masters")).unwrap();
    let song = bench.head(&path).await.song().expect("a song");
    bench.assert_one_song(&song, &bytes).await;
}

#[tokio::test]
async fn what_came_whole_as_it_began_is_told_though_it_could_not_be_stored() {
    let (bench, bytes) = (Bench::new().await, noise(1_000, 1));
    std::fs::write(bench.path("objects/masters"), "in the way").unwrap();
    let create = bench.create(1_000).header("content-type", "application/offset+octet-stream");
    let begun = create.body(bytes.clone()).await;
    assert_eq!((begun.status, begun.offset(), begun.song()), (201, 1_000, None));
    std::fs::remove_file(bench.path("objects/masters")).unwrap();
    let song = bench.head(&begun.location()).await.song().expect("a song");
    bench.assert_one_song(&song, &bytes).await;
}
