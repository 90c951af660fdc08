//! Other people's clients: PyPI's tuspy and npm's tus-js-client, over connections that are cut at random bytes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;

use tokio::net::TcpListener;

use crate::bench::{Bench, noise};
use crate::cutter::cut;

const CUTS: u64 = 12;

fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The routes on a socket.
async fn serve(bench: &Bench) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, router) = (listener.local_addr().unwrap(), bench.router(bench.ann));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// Lets a client send a file through a proxy that cuts, and looks at what became of it: the client prints the song.
async fn judge(command: &Path, script: &str, arguments: &[&str], seed: u64) {
    let (bench, bytes) = (Bench::new().await, noise(3_000_000, seed));
    let (through, cuts) = cut(serve(&bench).await, seed, CUTS, 400_000).await;
    let master = bench.path("master.flac");
    std::fs::write(&master, &bytes).unwrap();
    let mut client = Command::new(command);
    client.arg(house().join("packager/ingest/tests/tus").join(script));
    client.arg(format!("http://{through}/v1/uploads")).arg(&master).args(arguments);
    client.current_dir(house().join("tests/judges"));
    let output = tokio::task::spawn_blocking(move || client.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let cuts = cuts.load(Ordering::SeqCst);
    assert!(cuts >= CUTS / 2, "it was cut {cuts} times");
    bench.assert_one_song(said.trim(), &bytes).await;
    assert_eq!(bench.songs().await[0].title.as_str(), "A song – ähm");
}

fn python() -> PathBuf {
    house().join("target/tools/python/bin/python")
}

#[tokio::test(flavor = "multi_thread")]
async fn tuspy_brings_a_master_over_broken_connections() {
    judge(&python(), "client.py", &[], 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tuspy_brings_a_master_with_checksums_over_broken_connections() {
    judge(&python(), "client.py", &["checksums"], 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_js_client_brings_a_master_over_broken_connections() {
    judge(Path::new("node"), "client.mjs", &[], 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_js_client_begins_with_bytes_over_broken_connections() {
    judge(Path::new("node"), "client.mjs", &["with-creation"], 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_js_client_brings_parts_side_by_side_over_broken_connections() {
    judge(Path::new("node"), "client.mjs", &["parallel"], 5).await;
}
