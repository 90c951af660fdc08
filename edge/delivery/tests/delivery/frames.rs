//! HTTP/2 frame by frame: the cases of `frames.py`, written with PyPI's h2.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use segue_delivery::Limits;

use crate::site::{FOLDER, Running};

const SMALL: &str = "aac/64/init.mp4";
const LARGE: &str = "ogg/64.ogg";

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Python that tests/tools/test fills.
pub(crate) fn python() -> PathBuf {
    repository().join("target/tools/python/bin/python")
}

fn cases(edge: &Running, only: &[&str]) -> Child {
    let path = |file: &str| format!("/t/{}/{FOLDER}/{file}", edge.token(64));
    let script = repository().join("edge/delivery/tests/delivery/frames.py");
    Command::new(python())
        .arg(script)
        .arg(edge.address.port().to_string())
        .args([path(SMALL), path(LARGE)])
        .args(only)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python runs (tests/tools/test installs it)")
}

async fn started(limits: Limits) -> Running {
    let edge = Running::start_with(None, limits).await;
    edge.store(SMALL, "sound").await;
    edge.store(LARGE, vec![7; 3 << 20]).await;
    edge
}

/// Runs until it ends, and gives what it said.
async fn finished(child: Child) -> String {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await;
    let output = output.expect("no panic").expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "after:\n{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_mean_well_and_clients_that_do_not() {
    let edge = started(Limits::default()).await;
    let said = finished(cases(&edge, &[])).await;
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 24, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_is_cut_and_who_is_done_is_told_to_go() {
    let edge = started(Limits { head: Duration::from_millis(300), ..Limits::default() }).await;
    assert!(finished(cases(&edge, &["idle"])).await.contains("ok idle"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_says_goaway_and_finishes_what_is_under_way() {
    let mut edge = started(Limits::default()).await;
    let mut child = cases(&edge, &["shutdown"]);
    let (mut stdin, stdout) =
        (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let mut lines = BufReader::new(stdout).lines();
    let first = tokio::task::spawn_blocking(move || (lines.next(), lines));
    let (first, lines) = first.await.expect("no panic");
    assert_eq!(first.expect("a line").expect("text"), "under way");
    edge.shutdown.cancel();
    stdin.write_all(b"stopped\n").expect("it reads");
    let rest = tokio::task::spawn_blocking(move || lines.map_while(Result::ok).last());
    assert_eq!(rest.await.expect("no panic").as_deref(), Some("ok shutdown"));
    assert!(child.wait().expect("it ends").success());
    assert_eq!((&mut edge.served).await.expect("no panic"), 0, "none was cut");
}
