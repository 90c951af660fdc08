//! How much, how often, how long, and from where.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::HeaderName;
use axum::http::header::HeaderValue;
use catalogue::Role;
use http_body_util::BodyExt;
use segue_api::{Options, Origins};
use serde_json::json;

use crate::bench::{Bench, upload_of};

fn limited(options: Options) -> Options {
    Options { rate_limit: NonZeroU32::new(3), ..options }
}

#[tokio::test]
async fn an_account_may_ask_so_often_and_an_address_four_times_as_often() {
    let bench = Bench::with(limited).await;
    let ann = bench.user("ann", Role::Listener).await;
    let bob = bench.user("bob", Role::Listener).await;
    let me = || bench.ask("GET /v1/playlists").from("192.0.2.1");
    for left in ["2", "1", "0"] {
        let answer = me().by(&ann).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["ratelimit-policy"], "\"account\";q=3;w=60");
        let told = answer.headers["ratelimit"].to_str().unwrap();
        assert!(told.starts_with(&format!("\"account\";r={left};t=")), "{told}");
    }
    let refused = me().by(&ann).await;
    assert_eq!((refused.status, refused.problem()), (429, "too-many-requests"));
    assert_eq!(refused.headers["retry-after"], "20");
    assert_eq!(refused.headers["ratelimit"], "\"account\";r=0;t=60");
    // Others at the same address may, until it is too many of them.
    assert_eq!(me().by(&bob).await.status, 200);
    let anybody = || bench.ask("GET /v1/genres").from("192.0.2.1");
    for _ in 0..7 {
        assert_eq!(anybody().await.status, 200);
    }
    let refused = anybody().await;
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (429, "5"));
    assert_eq!(me().by(&bob).await.status, 429);
    assert_eq!(bench.ask("GET /v1/genres").from("192.0.2.2").await.status, 200);
    bench.clock.advance(Duration::from_secs(20));
    assert_eq!(me().by(&ann).await.status, 200);
}

#[tokio::test]
async fn bad_tokens_count_against_their_address_and_a_household_is_one() {
    let bench = Bench::with(limited).await;
    for host in 0..12 {
        let address = format!("[2001:db8::{host}]");
        assert_eq!(bench.ask("GET /v1/playlists").token("x").from(&address).await.status, 401);
    }
    let late = bench.ask("GET /v1/playlists").token("x").from("[2001:db8::ffff]").await;
    assert_eq!(late.status, 429);
    let next_door = bench.ask("GET /v1/playlists").token("x").from("[2001:db8:0:1::1]").await;
    assert_eq!(next_door.status, 401);
}

#[tokio::test]
async fn without_a_limit_there_is_none() {
    let bench = Bench::new().await;
    for _ in 0..50 {
        let answer = bench.ask("GET /v1/genres").from("192.0.2.1").await;
        assert_eq!(answer.status, 200);
        assert!(!answer.headers.contains_key("ratelimit"));
    }
}

#[tokio::test]
async fn a_proxy_is_believed_where_somebody_said_so() {
    let named = HeaderName::from_static("x-forwarded-for");
    for (believed, others_may) in [(None, false), (Some(named), true)] {
        let decide = |options| Options { forwarded_for: believed.clone(), ..limited(options) };
        let bench = Bench::with(decide).await;
        let ask = |client: &str| {
            let said = format!("203.0.113.7, {client}");
            bench.ask("GET /v1/genres").from("192.0.2.1").with("x-forwarded-for", &said)
        };
        for _ in 0..12 {
            assert_eq!(ask("198.51.100.1").await.status, 200);
        }
        assert_eq!(ask("198.51.100.1").await.status, 429);
        assert_eq!(ask("198.51.100.2").await.status == 200, others_may);
    }
}

#[tokio::test]
async fn logins_are_counted_by_who_is_behind_the_proxy() {
    let named = HeaderName::from_static("forwarded");
    let decide = |options| Options { forwarded_for: Some(named.clone()), ..options };
    let bench = Bench::with(decide).await;
    let register = async |number: usize, client: &str| {
        let body = json!({"username": format!("user{number}"), "password": "correct horse",
                          "email": format!("user{number}@music.example")});
        let said = format!("for={client};proto=https");
        let ask = bench.ask("POST /v1/users").from("192.0.2.1").with("forwarded", &said);
        ask.json(&body).await.status
    };
    for number in 0..20 {
        assert_eq!(register(number, "198.51.100.1").await, 201);
    }
    assert_eq!(register(20, "198.51.100.1").await, 429);
    assert_eq!(register(20, "198.51.100.2").await, 201);
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let decide = |options| Options { request_timeout: Duration::from_millis(1), ..options };
    let bench = Bench::with(decide).await;
    // Whatever a login is checked against costs a password hash: many times as long.
    let login = json!({"login": "ann", "password": "correct horse"});
    let answer = bench.ask("POST /v1/sessions").json(&login).await;
    assert_eq!((answer.status, answer.problem()), (503, "took-too-long"));
    assert_eq!(answer.headers["retry-after"], "5");
}

#[tokio::test]
async fn pages_of_known_origins_may_call() {
    let origins: Origins = "https://a.example".parse().unwrap();
    let decide = |options| Options { cors_origins: Some(origins.clone()), ..options };
    let bench = Bench::with(decide).await;
    let preflight = |origin: &str| {
        let ask = bench.ask("OPTIONS /v1/playlists").with("origin", origin);
        ask.with("access-control-request-method", "POST")
            .with("access-control-request-headers", "authorization,content-type")
    };
    let answer = preflight("https://a.example").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["access-control-allow-origin"], "https://a.example");
    assert_eq!(answer.headers["access-control-max-age"], "7200");
    let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("authorization") && allowed.contains("if-match"), "{allowed}");
    let foreign = preflight("https://b.example").await;
    assert!(!foreign.headers.contains_key("access-control-allow-origin"));
    // A refusal is readable, too.
    let answer = bench.ask("GET /v1/playlists").with("origin", "https://a.example").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.headers["access-control-allow-origin"], "https://a.example");
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    let exposed = answer.headers["access-control-expose-headers"].to_str().unwrap();
    for header in ["etag", "location", "retry-after", "x-request-id"] {
        assert!(exposed.contains(header), "{exposed}");
    }
    let varies: Vec<_> = answer.headers.get_all("vary").iter().collect();
    assert!(varies.iter().any(|value| value.to_str().unwrap().contains("origin")), "{varies:?}");
}

#[tokio::test]
async fn nobodys_pages_may_call_where_nobody_said_so() {
    let bench = Bench::new().await;
    let answer = bench.ask("GET /v1/songs").with("origin", "https://a.example").await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    assert_eq!(bench.ask("OPTIONS /v1/songs").await.status, 405);
}

#[tokio::test]
async fn long_lists_are_compressed_and_short_answers_are_not() {
    let bench = Bench::new().await;
    let artist = bench.user("art", Role::Artist).await;
    for title in 0..9 {
        bench.make_ready(upload_of(&artist, &title.to_string())).await;
    }
    let plain = bench.ask("GET /v1/songs").await;
    assert!(!plain.headers.contains_key("content-encoding"));
    let gzip = ("accept-encoding", "gzip, br");
    let answer = bench.ask("GET /v1/songs").with(gzip.0, gzip.1).response().await;
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let varies: Vec<_> = answer.headers().get_all("vary").iter().collect();
    assert!(varies.contains(&&HeaderValue::from_static("accept-encoding")), "{varies:?}");
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(bytes[..2], [0x1f, 0x8b]);
    assert!(bytes.len() * 2 < plain.body.to_string().len());
    let short = bench.ask("GET /v1/genres").with(gzip.0, gzip.1).await;
    assert!(!short.headers.contains_key("content-encoding"));
    // A problem keeps its id, though it is written twice.
    let long = format!("GET /v1/songs?{}=1", "x".repeat(2_000));
    assert_eq!(bench.ask(&long).with(gzip.0, gzip.1).await.status, 422);
}
