//! Uploads that end before they are whole.

use std::path::PathBuf;
use std::time::Duration;

use segue_ingest::tus::LIFETIME;
use service::Shutdown;

use crate::bench::{Bench, noise};

/// Looks after everything once.
pub(crate) async fn tended(bench: &Bench) {
    let shutdown = Shutdown::new();
    shutdown.begin();
    bench.uploads.clone().tend(shutdown).await;
}

#[tokio::test]
async fn what_takes_too_long_is_forgotten() {
    let (bench, bytes) = (Bench::new().await, noise(1_000, 1));
    let path = bench.create(1_000).await.location();
    bench.patch(&path, 0).body(bytes.slice(..400)).await;
    bench.clock.advance(LIFETIME - Duration::from_millis(1));
    tended(&bench).await;
    assert_eq!(bench.head(&path).await.offset(), 400);
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(bench.head(&path).await.status, 404);
    assert_eq!(bench.patch(&path, 400).body(bytes.slice(400..)).await.status, 404);
    tended(&bench).await;
    assert_eq!(bench.files("work"), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn its_owner_ends_an_upload() {
    let (bench, bytes) = (Bench::new().await, noise(1_000, 1));
    let path = bench.create(1_000).await.location();
    bench.patch(&path, 0).body(bytes.slice(..400)).await;
    let ended = bench.ask(&format!("DELETE {path}")).await;
    assert_eq!((ended.status, ended.header("tus-resumable")), (204, "1.0.0"));
    assert_eq!(bench.head(&path).await.status, 404);
    assert_eq!(bench.ask(&format!("DELETE {path}")).await.status, 404);
    assert_eq!(bench.files("work"), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn ending_a_finished_upload_keeps_its_song() {
    let (bench, bytes) = (Bench::new().await, noise(1_000, 1));
    let path = bench.create(1_000).await.location();
    let song = bench.patch(&path, 0).body(bytes.clone()).await.song().expect("a song");
    assert_eq!(bench.ask(&format!("DELETE {path}")).await.status, 204);
    bench.assert_one_song(&song, &bytes).await;
}

#[tokio::test]
async fn whoever_writes_is_ended_with_the_upload() {
    let bench = Bench::new().await;
    let path = bench.create(1_000).await.location();
    let endless = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let body = axum::body::Body::from_stream(endless);
    let writing = tokio::spawn(bench.patch(&path, 0).body(body).into_future());
    while bench.files("work/uploads").is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(bench.ask(&format!("DELETE {path}")).await.status, 204);
    assert_eq!(writing.await.unwrap().status, 400);
    assert_eq!(bench.files("work"), [] as [PathBuf; 0]);
}
