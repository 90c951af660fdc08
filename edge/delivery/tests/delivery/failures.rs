//! An origin that fails: an error, or a connection that breaks, never a short complete answer.

use testkit::origin_store::Behaviour;
use tokio::net::TcpStream;

use crate::answer::exchange;
use crate::site::{FOLDER, ORIGIN_TIMEOUT, Running};

const OGG: &str = "ogg/320.ogg";

#[tokio::test]
async fn an_origins_failure_is_told_from_an_absence() {
    let edge = Running::start().await;
    edge.store(OGG, "sound").await;
    for (behaviour, file, status) in [
        (Behaviour::Serve, "ogg/64.ogg", 404),
        (Behaviour::Serve, "no-such-file", 404),
        (Behaviour::Fail, OGG, 502),
        (Behaviour::Truncate(1), OGG, 502),
        (Behaviour::Stall(ORIGIN_TIMEOUT * 20), OGG, 504),
        (Behaviour::Serve, OGG, 200),
    ] {
        edge.store.behave(behaviour);
        let answer = edge.fetch("GET", file, "").await;
        assert_eq!(answer.status, status, "{behaviour:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("cache-control") == "no-store", status != 200, "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_failure_in_mid_body_breaks_the_connection() {
    let edge = Running::start().await;
    edge.store(OGG, vec![7; 3 << 20]).await;
    edge.store.behave(Behaviour::FailFrom(1 << 20));
    let path = format!("/t/{}/{FOLDER}/{OGG}", edge.token(320));
    let stream = TcpStream::connect(edge.address).await.expect("a connection");
    match exchange(stream, "GET", &path, "").await {
        Ok(answer) => {
            assert_eq!(answer.header("content-length"), (3 << 20).to_string());
            assert!(answer.body.len() < 3 << 20, "the client sees that the answer is short");
        }
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    edge.store.behave(Behaviour::Serve);
    assert_eq!(edge.fetch("GET", OGG, "").await.body.len(), 3 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_players_on_one_cold_file_are_one_read() {
    let edge = Running::start().await;
    edge.store(OGG, vec![7; 50_000]).await;
    edge.store.behave(Behaviour::Stall(ORIGIN_TIMEOUT / 4));
    let players = futures::future::join_all((0..100).map(|_| edge.fetch("GET", OGG, ""))).await;
    assert!(players.iter().all(|answer| answer.body.len() == 50_000));
    assert_eq!(edge.store.reads_of(&format!("{FOLDER}/{OGG}")), 1);
}
