//! What is said of bodies, queries and paths that cannot be: by every route that takes them, in our words.

use axum::body::Body;
use axum::http::HeaderMap;
use catalogue::{Role, User};
use futures::stream;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::bench::{Answer, Bench};

const SOMETHING: &str = "0190d2a5-7c1e-7bbb-8123-000000000009";
const LARGEST: usize = 1_024 * 1_024;

/// `METHOD /path` of every route whose description says that it takes JSON.
async fn routes_with_bodies(bench: &Bench) -> Vec<String> {
    let description = bench.ask("GET /openapi.json").await.body;
    let mut lines = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["requestBody"]["content"].get("application/json").is_some() {
                let segments = path.split('/').map(|part| match part.starts_with('{') {
                    true => SOMETHING,
                    false => part,
                });
                let path = segments.collect::<Vec<_>>().join("/");
                lines.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    lines
}

/// What nobody wrote for people.
fn is_ours(answer: &Answer) {
    let detail = answer.body["detail"].as_str().unwrap();
    for foreign in ["deserialize", "expected", "line 1 column", "struct ", "Invalid URL", "`"] {
        assert!(!detail.contains(foreign), "{detail}");
    }
}

async fn refused(
    bench: &Bench,
    admin: &User,
    line: &str,
    kind: Option<&str>,
    body: Body,
) -> Answer {
    let mut ask = bench.ask(line).by(admin);
    ask = match kind {
        Some(kind) => ask.body(kind, body),
        None => ask.bare(body),
    };
    let answer = ask.await;
    is_ours(&answer);
    answer
}

#[tokio::test]
async fn every_route_says_what_is_wrong_with_a_body() {
    let bench = Bench::new().await;
    let admin = bench.user("admin", Role::Admin).await;
    let lines = routes_with_bodies(&bench).await;
    assert!(lines.len() >= 20, "{lines:?}");
    let json = Some("application/json");
    for line in &lines {
        for (kind, body, status) in [
            (None, "{}", 415),
            (Some("text/plain"), "{}", 415),
            (Some("application/x-www-form-urlencoded"), "a=b", 415),
            (json, "", 400),
            (json, "{", 400),
            (json, "{} {}", 400),
            (json, "\u{feff}{}", 400),
            (json, "[]", 422),
            (json, r#"["a", "b"]"#, 422),
            (json, "null", 422),
            (json, "7", 422),
            (json, r#""text""#, 422),
        ] {
            let answer = refused(&bench, &admin, line, kind, body.into()).await;
            assert_eq!(answer.status, status, "{line} {kind:?} {body}: {}", answer.body);
        }
        let unknown = json!({"colour": "red"}).to_string();
        let answer = refused(&bench, &admin, line, json, unknown.into()).await;
        assert_eq!((answer.status, &answer.body["field"]), (422, &json!("colour")), "{line}");
        let accepted = answer.body["detail"].as_str().unwrap();
        assert!(accepted.contains("accepted are"), "{line}: {accepted}");
    }
}

#[tokio::test]
async fn a_large_body_is_refused_by_its_length_and_by_its_bytes() {
    let bench = Bench::new().await;
    let admin = bench.user("admin", Role::Admin).await;
    let json = Some("application/json");
    for line in &routes_with_bodies(&bench).await {
        let large = format!("{{\"colour\": \"{}\"}}", "x".repeat(LARGEST));
        let answer = refused(&bench, &admin, line, json, large.into()).await;
        assert_eq!(answer.status, 413, "{line}");
        assert!(answer.body["detail"].as_str().unwrap().contains("1048576 bytes"), "{line}");
    }
    // One that does not say how long it is.
    let pieces = (0..200).map(|_| Ok::<_, std::io::Error>(" ".repeat(8 * 1_024)));
    let body = Body::from_stream(stream::iter(pieces));
    let answer = refused(&bench, &admin, "POST /v1/playlists", json, body).await;
    assert_eq!(answer.status, 413);
    // One that breaks off.
    let pieces = [Ok("{"), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(stream::iter(pieces));
    let answer = refused(&bench, &admin, "POST /v1/playlists", json, body).await;
    assert_eq!((answer.status, answer.problem()), (400, "unreadable-body"));
}

#[tokio::test]
async fn a_wrong_value_is_named_by_its_field() {
    let bench = Bench::new().await;
    let admin = bench.user("admin", Role::Admin).await;
    for (line, body, field) in [
        ("POST /v1/sessions", json!({"login": 1, "password": "x"}), "login"),
        ("POST /v1/sessions", json!({"login": "a"}), "password"),
        ("POST /v1/sessions", json!({"login": "a\u{0}", "password": "x"}), "login"),
        ("POST /v1/playlists", json!({"name": "x", "public": "yes"}), "public"),
        ("POST /v1/playlists", json!({"name": null}), "name"),
        ("POST /v1/api-keys", json!({"name": "x", "role": "king"}), "role"),
        ("POST /v1/purges", json!({"keys": ["song:1"]}), "keys[0]"),
        (
            "POST /v1/playlists/0190d2a5-7c1e-7bbb-8123-000000000009/songs",
            json!({"songs_id": [SOMETHING, SOMETHING.to_uppercase()]}),
            "songs_id[1]",
        ),
        (
            "POST /v1/playlists/0190d2a5-7c1e-7bbb-8123-000000000009/songs",
            json!({"songs_id": [SOMETHING], "position": 4_294_967_296_u64}),
            "position",
        ),
    ] {
        let body = Body::from(body.to_string());
        let answer = refused(&bench, &admin, line, Some("application/json"), body).await;
        assert_eq!((answer.status, &answer.body["field"]), (422, &json!(field)), "{line}");
    }
}

#[tokio::test]
async fn a_wrong_url_is_told_in_a_problem() {
    let bench = Bench::new().await;
    let admin = bench.user("admin", Role::Admin).await;
    let upper = SOMETHING.to_uppercase();
    for (line, status, field) in [
        ("GET /v1/songs?colour=red".to_owned(), 422, Some("colour")),
        ("GET /v1/songs?limit=1&limit=2".to_owned(), 422, Some("limit")),
        ("GET /v1/songs?title=%00".to_owned(), 422, Some("title")),
        ("GET /v1/previews/%FF".to_owned(), 400, None),
        (format!("GET /v1/songs/{upper}"), 422, Some("id")),
        (format!("GET /v1/songs/%7B{SOMETHING}%7D"), 422, Some("id")),
        ("GET /v1/songs/%FF".to_owned(), 400, None),
        ("GET /v1/purges/x".to_owned(), 422, Some("id")),
        (format!("DELETE /v1/api-keys/{upper}"), 422, Some("id")),
        (format!("DELETE /v1/songs/{SOMETHING}/previews/x"), 422, Some("preview")),
        (format!("DELETE /v1/playlists/{SOMETHING}/entries/{upper}"), 422, Some("entry_id")),
    ] {
        let answer = bench.ask(&line).by(&admin).await;
        is_ours(&answer);
        assert_eq!((answer.status, answer.body["field"].as_str()), (status, field), "{line}");
    }
}

/// A handler that does not expect what comes.
#[utoipa::path(post, path = "/v1/panics")]
async fn panics(headers: HeaderMap) -> String {
    headers["x-secret-name"].to_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_panic_is_an_answer_that_says_nothing_of_it() {
    let bench = Bench::beside(OpenApiRouter::new().routes(routes!(panics))).await;
    let admin = bench.user("admin", Role::Admin).await;
    let answer = bench.ask("POST /v1/panics").by(&admin).await;
    assert_eq!((answer.status, answer.problem()), (500, "internal"));
    assert!(!answer.body["detail"].as_str().unwrap().contains("x-secret-name"), "{}", answer.body);
    assert_eq!(bench.ask("GET /v1/songs").await.status, 200, "others are served");
}

#[tokio::test]
async fn what_is_read_says_for_whom_it_is() {
    let bench = Bench::new().await;
    let ann = bench.user("ann", Role::Listener).await;
    for path in ["/v1/songs", "/v1/songs/new", "/v1/genres", "/search?q=a", "/v1/playlists"] {
        let answer = bench.ask(&format!("GET {path}")).by(&ann).await;
        assert_eq!(answer.headers["cache-control"], "private, no-cache", "{path}");
        let varies: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert!(varies.contains(&&"authorization".parse().unwrap()), "{path}: {varies:?}");
        assert!(varies.contains(&&crate::bench::COUNTRY.parse().unwrap()), "{path}: {varies:?}");
    }
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own() {
    let bench = Bench::new().await;
    let description = bench.ask("GET /openapi.json").await.body;
    let mut names = std::collections::BTreeSet::new();
    let paths = description["paths"].as_object().unwrap();
    for operation in paths.values().flat_map(|item| item.as_object().unwrap().values()) {
        let name = &operation["operationId"];
        assert_ne!(name, &Value::Null);
        assert!(names.insert(name.to_string()), "{name}");
    }
}
