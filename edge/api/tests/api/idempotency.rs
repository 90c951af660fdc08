//! Requests that are sent again under their key.

use std::time::Duration;

use catalogue::Role;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::bench::{Answer, Ask, Bench};

fn make<'b>(bench: &'b Bench, key: &str, name: &str) -> Ask<'b> {
    bench.ask("POST /v1/playlists").with("idempotency-key", key).json(&json!({"name": name}))
}

async fn playlists(bench: &Bench, user: &catalogue::User) -> usize {
    let page = bench.ask("GET /v1/playlists").by(user).await.body;
    page["playlists"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_sent_again_happens_once() {
    let bench = Bench::new().await;
    let ann = bench.user("ann", Role::Listener).await;
    let bob = bench.user("bob", Role::Listener).await;
    let first = make(&bench, "\"k\"", "Mine").by(&ann).await;
    assert_eq!(first.status, 201);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let again = make(&bench, "k", "Mine").by(&ann).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    for header in ["location", "etag", "content-type", "cache-control"] {
        assert_eq!(again.headers[header], first.headers[header], "{header}");
    }
    assert_ne!(again.headers["x-request-id"], first.headers["x-request-id"]);
    assert_eq!(playlists(&bench, &ann).await, 1);
    let other = make(&bench, "k", "Another").by(&ann).await;
    assert_eq!((other.status, other.problem()), (422, "idempotency-key-reused"));
    assert_eq!(make(&bench, "k", "Bob's").by(&bob).await.status, 201);
    bench.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
    assert_eq!(make(&bench, "k", "Another").by(&ann).await.status, 201);
}

#[tokio::test]
async fn twenty_at_once_make_one_playlist() {
    let bench = Bench::new().await;
    let ann = bench.user("ann", Role::Listener).await;
    let ask = async || {
        loop {
            let answer: Answer = make(&bench, "k", "Mine").by(&ann).await;
            if answer.status != 409 {
                break answer;
            }
            assert_eq!(answer.problem(), "still-running");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let answers = join_all((0..20).map(|_| ask())).await;
    let ids: Vec<&Value> = answers.iter().map(|answer| &answer.body["id"]).collect();
    assert!(ids.iter().all(|id| *id == ids[0] && id.is_string()), "{ids:?}");
    assert_eq!(playlists(&bench, &ann).await, 1);
}

#[tokio::test]
async fn what_failed_may_be_tried_again() {
    let bench = Bench::new().await;
    let ann = bench.user("ann", Role::Listener).await;
    assert_eq!(make(&bench, "k", " ").by(&ann).await.status, 422);
    assert_eq!(make(&bench, "k", "Mine").by(&ann).await.status, 201);
    for wrong in ["", "\"\"", "a\"b", &"x".repeat(256)] {
        let answer = make(&bench, wrong, "Mine").by(&ann).await;
        assert_eq!((answer.status, answer.problem()), (400, "invalid-idempotency-key"), "{wrong}");
    }
    assert_eq!(make(&bench, "k", "Mine").await.status, 401, "nobody has keys");
}

#[tokio::test]
async fn a_file_that_is_sent_again_makes_one_playlist() {
    let bench = Bench::new().await;
    let ann = bench.user("ann", Role::Listener).await;
    let import = || {
        let ask = bench.ask("POST /v1/playlists/import").with("idempotency-key", "k").by(&ann);
        // Two bytes each that become a hundred: the answer is longer than any request.
        ask.body("audio/x-mpegurl", format!("#EXTM3U\n{}", "x\n".repeat(10_000)))
    };
    let (first, again) = (import().await, import().await);
    assert_eq!((first.status, again.status), (201, 201), "{} {}", first.body, again.body);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(first.body["unmatched"].as_array().unwrap().len(), 10_000);
    assert_eq!(first.body, again.body);
    assert_eq!(playlists(&bench, &ann).await, 1);
}

#[tokio::test]
async fn secrets_are_not_kept() {
    let bench = Bench::new().await;
    let hash = catalogue::password::hash("correct horse").unwrap();
    let ann = bench.catalogue.users().create("ann", &hash, Role::Listener).await.unwrap();
    let body = json!({"name": "player", "role": "listener", "password": "correct horse"});
    let ask = || bench.ask("POST /v1/api-keys").with("idempotency-key", "k").json(&body).by(&ann);
    let (one, two) = (ask().await, ask().await);
    assert_eq!((one.status, two.status), (201, 201));
    assert_ne!(one.body["id"], two.body["id"]);
    let description = bench.ask("GET /openapi.json").await.body;
    let names = |path: &str| description["paths"][path]["post"]["parameters"].to_string();
    assert!(!names("/v1/api-keys").contains("Idempotency-Key"));
    assert!(names("/v1/playlists").contains("Idempotency-Key"));
}
