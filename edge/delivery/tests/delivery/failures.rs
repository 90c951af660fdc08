//! An origin that fails: an error, or a connection that breaks, never a short complete answer.

use cache::Settings;
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
async fn what_is_too_much_is_told_when_to_come_back() {
    let settings = Settings::new(64 << 20, ORIGIN_TIMEOUT * 50);
    let edge = Running::start_caching(Settings { in_flight: 1, queue: 0, ..settings }).await;
    edge.store(OGG, "sound").await;
    edge.store("ogg/64.ogg", "sound").await;
    edge.store.behave(Behaviour::Stall(ORIGIN_TIMEOUT * 5));
    let refused = async {
        while edge.store.reads() == 0 {
            tokio::time::sleep(ORIGIN_TIMEOUT / 40).await;
        }
        edge.fetch("GET", "ogg/64.ogg", "").await
    };
    let (first, second) = tokio::join!(edge.fetch("GET", OGG, ""), refused);
    assert_eq!((first.status, second.status), (200, 503));
    assert_eq!((second.header("retry-after"), second.header("cache-control")), ("1", "no-store"));
    assert_eq!(edge.fetch("GET", "ogg/64.ogg", "").await.status, 200);
}

#[tokio::test]
async fn an_origin_that_is_left_alone_is_told_until_when() {
    let edge = Running::start().await;
    edge.store.behave(Behaviour::Fail);
    let mut last = edge.fetch("GET", OGG, "").await;
    assert_eq!(last.status, 502);
    for number in 0..10 {
        last = edge.fetch("GET", &format!("aac/64/{number:05}.m4s"), "").await;
    }
    let wait: u64 = last.header("retry-after").parse().expect("seconds");
    assert_eq!(last.status, 503);
    assert!((1..=5).contains(&wait), "{wait}");
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
