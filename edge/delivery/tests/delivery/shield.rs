//! An edge whose origin is another edge, over HTTP.

use std::sync::Arc;

use object_store::ObjectStore;
use segue_delivery::shield::{Shield, UnusableShield};

use crate::site::{FOLDER, Running};

const SEGMENT: &str = "aac/320/00000.m4s";
const OGG: &str = "ogg/320.ogg";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

async fn shield() -> Running {
    let edge = Running::start_pulled(None, SECRET.parse().expect("a secret")).await;
    edge.store(SEGMENT, "sound").await;
    edge.store(OGG, ogg()).await;
    edge
}

/// Two blocks and a half.
fn ogg() -> Vec<u8> {
    (0..5_usize << 19).map(|at| (at % 251) as u8 ^ (at >> 16) as u8).collect()
}

fn store(shield: &Running, secret: &str) -> Arc<dyn ObjectStore> {
    let url = format!("http://{}", shield.address);
    Shield { url: &url, secret, authority: None }.store().expect("a shield")
}

#[tokio::test(flavor = "multi_thread")]
async fn many_viewers_of_many_edges_are_one_read_of_the_origin() {
    let shield = shield().await;
    let edges =
        futures::future::join_all((0..3).map(|_| Running::start_behind(store(&shield, SECRET))))
            .await;
    for file in [SEGMENT, OGG] {
        let answers =
            edges.iter().flat_map(|edge| (0..10).map(move |_| edge.fetch("GET", file, "")));
        for answer in futures::future::join_all(answers).await {
            assert_eq!(answer.status, 200);
            assert!(answer.body == if file == OGG { ogg() } else { b"sound".to_vec() });
        }
    }
    assert_eq!(shield.store.reads_of(&format!("{FOLDER}/{SEGMENT}")), 1);
    assert_eq!(shield.store.reads_of(&format!("{FOLDER}/{OGG}")), 3, "one of each block");
    assert!(edges.iter().all(|edge| edge.store.reads() == 0), "nobody went past the shield");
    let part = edges[0].fetch("GET", OGG, "Range: bytes=1048570-1048585\r\n").await;
    assert_eq!((part.status, &part.body[..]), (206, &ogg()[1_048_570..1_048_586]));
    assert_eq!(edges[0].fetch("GET", "aac/320/00001.m4s", "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shield_that_is_gone_or_refuses_us_is_done_without() {
    let (mut shield, wrong) = (shield().await, "f".repeat(32));
    let stranger = Running::start_behind(store(&shield, &wrong)).await;
    let follower = Running::start_behind(store(&shield, SECRET)).await;
    for edge in [&stranger, &follower] {
        edge.store(SEGMENT, "sound").await;
        edge.store(OGG, ogg()).await;
    }
    assert_eq!(stranger.fetch("GET", SEGMENT, "").await.body, b"sound");
    assert_eq!(stranger.store.reads_of(&format!("{FOLDER}/{SEGMENT}")), 1);

    shield.shutdown.cancel();
    (&mut shield.served).await.expect("it stops");
    assert!(follower.fetch("GET", OGG, "").await.body == ogg());
    assert_eq!(follower.store.reads_of(&format!("{FOLDER}/{OGG}")), 3);
    assert_eq!(shield.store.reads(), 0);
}

#[test]
fn what_can_never_be_asked_is_refused() {
    let refused = |url, secret| Shield { url, secret, authority: None }.store().err();
    let error = refused("http://127.0.0.1:1", "two\nlines");
    assert!(matches!(error, Some(UnusableShield::Secret)));
    let error = refused("no url", SECRET).expect("no URL");
    assert!(
        error.to_string().starts_with("the shield needs an http:// or https:// URL"),
        "{error}"
    );
}
