//! Drain: what is being answered is finished, what is idle is closed, what hangs is cut.

use std::time::Duration;

use segue_delivery::Limits;
use testkit::origin_store::Behaviour;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::answer::parse;
use crate::site::{FOLDER, ORIGIN_TIMEOUT, Running};

async fn ask(edge: &Running) -> TcpStream {
    let path = format!("/t/{}/{FOLDER}/ogg/64.ogg", edge.token(64));
    let mut stream = TcpStream::connect(edge.address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: edge\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    stream
}

async fn until_read(edge: &Running) {
    while edge.store.reads() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_busy_connection_is_finished_and_closed() {
    let mut edge = Running::start().await;
    edge.store("ogg/64.ogg", "sound").await;
    edge.store.behave(Behaviour::Stall(ORIGIN_TIMEOUT / 4));
    let mut stream = ask(&edge).await;
    until_read(&edge).await;
    edge.shutdown.cancel();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("a whole answer, then the end");
    assert_eq!(parse(&bytes).body, b"sound");
    assert_eq!((&mut edge.served).await.expect("no panic"), 0);
    assert!(TcpStream::connect(edge.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_end_up() {
    let mut edge = Running::start().await;
    edge.store("ogg/64.ogg", "sound").await;
    let mut stream = ask(&edge).await;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.expect("an answer");
    edge.shutdown.cancel();
    assert_eq!((&mut edge.served).await.expect("no panic"), 0);
}

#[tokio::test]
async fn what_hangs_is_cut_at_the_deadline() {
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let mut edge = Running::start_with(None, limits).await;
    edge.store("ogg/64.ogg", vec![7; 64 << 20]).await;
    let _never_read = ask(&edge).await;
    until_read(&edge).await;
    edge.shutdown.cancel();
    assert_eq!((&mut edge.served).await.expect("no panic"), 1);
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut() {
    let limits = Limits { head: Duration::from_millis(50), ..Limits::default() };
    let edge = Running::start_with(None, limits).await;
    let mut stream = TcpStream::connect(edge.address).await.expect("a connection");
    stream.write_all(b"GET /t/x HTTP/1.1\r\nHost: ").await.expect("written");
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    assert!(!bytes.starts_with(b"HTTP/1.1 2"), "{bytes:?}");
}
