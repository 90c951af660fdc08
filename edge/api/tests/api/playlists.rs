//! Playlists over HTTP.

use std::ops::Deref;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use bus::Bus;
use catalogue::{Role, User};
use http_body_util::BodyExt;
use media::SongId;
use serde_json::{Value, json};
use service::Shutdown;
use tokio::time::timeout;

use crate::bench::{Bench, upload_of};

const PATIENCE: Duration = Duration::from_secs(60);

/// Ann, who has songs, and Bob.
struct Stage {
    bench: Bench,
    ann: User,
    bob: User,
}

impl Deref for Stage {
    type Target = Bench;

    fn deref(&self) -> &Bench {
        &self.bench
    }
}

impl Stage {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let ann = bench.user("ann", Role::Artist).await;
        let bob = bench.user("bob", Role::Listener).await;
        Self { bench, ann, bob }
    }

    async fn song(&self, title: &str) -> SongId {
        self.make_ready(upload_of(&self.ann, title)).await.id
    }

    /// `METHOD path` by somebody, with a body where there is one, and with headers.
    async fn ask(
        &self,
        line: &str,
        who: Option<&User>,
        body: Value,
        headers: &[(&str, &str)],
    ) -> (u16, HeaderMap, Value) {
        let mut ask = self.bench.ask(line);
        for (name, value) in headers {
            ask = ask.with(name, value);
        }
        if let Some(who) = who {
            ask = ask.by(who);
        }
        if !body.is_null() {
            ask = ask.json(&body);
        }
        let answer = ask.await;
        (answer.status, answer.headers, answer.body)
    }

    async fn ann(&self, line: &str, body: Value) -> (u16, Value) {
        let (status, _, json) = self.ask(line, Some(&self.ann), body, &[]).await;
        (status, json)
    }

    /// The stream of events at `path`, after the last one that was heard.
    async fn stream(&self, path: &str, who: &User, last: Option<&str>) -> Body {
        let mut ask = self.bench.ask(&format!("GET {path}")).by(who);
        if let Some(last) = last {
            ask = ask.with("last-event-id", last);
        }
        let response = ask.response().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        response.into_body()
    }
}

fn titles(entries: &Value) -> String {
    let entries = entries["entries"].as_array().unwrap().iter();
    entries.map(|entry| entry["song"]["title"].as_str().unwrap_or("-")).collect()
}

#[tokio::test]
async fn a_playlist_is_made_filled_ordered_and_deleted() {
    let stage = Stage::new().await;
    let (a, b, c) = (stage.song("a").await, stage.song("b").await, stage.song("c").await);
    let body = json!({"name": " Mine ", "description": "d"});
    let (status, headers, made) =
        stage.ask("POST /v1/playlists", Some(&stage.ann), body, &[]).await;
    assert_eq!((status, &made["name"], &made["role"]), (201, &json!("Mine"), &json!("owner")));
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/playlists/{id}");
    assert_eq!(headers["location"], path);
    assert_eq!(headers["etag"], "\"1\"");
    let body = json!({"songs_id": [a, b]});
    let (status, added) = stage.ann(&format!("POST {path}/songs"), body).await;
    assert_eq!((status, &added["song_count"]), (200, &json!(2)));
    let body = json!({"songs_id": [c], "position": 1});
    stage.ann(&format!("POST {path}/songs"), body).await;
    let (_, page) = stage.ann(&format!("GET {path}/entries"), Value::Null).await;
    assert_eq!((titles(&page).as_str(), &page["next"]), ("acb", &Value::Null));
    let last = &page["entries"][2]["id"];
    let body = json!({"entries": [last], "position": 0});
    let (status, moved) = stage.ann(&format!("POST {path}/moves"), body).await;
    assert_eq!((status, &moved["version"]), (200, &json!(4)));
    let (_, page) = stage.ann(&format!("GET {path}/entries?limit=2"), Value::Null).await;
    assert_eq!(titles(&page), "ba");
    let next = page["next"].as_str().unwrap();
    let rest = stage.ann(&format!("GET {path}/entries?limit=2&after={next}"), Value::Null).await;
    assert_eq!(titles(&rest.1), "c");
    let entry = last.as_str().unwrap();
    let gone = stage.ann(&format!("DELETE {path}/entries/{entry}"), Value::Null).await;
    assert_eq!(gone.0, 204);
    let gone = stage.ann(&format!("DELETE {path}/entries/{entry}"), Value::Null).await;
    assert_eq!(gone.0, 404);
    let body = json!({"entries": [page["entries"][1]["id"]]});
    let (_, left) = stage.ann(&format!("POST {path}/removals"), body).await;
    assert_eq!(left["song_count"], 1);
    assert_eq!(stage.ann(&format!("DELETE {path}"), Value::Null).await.0, 204);
    assert_eq!(stage.ann(&format!("GET {path}"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn metadata_is_guarded_by_its_entity_tag() {
    let stage = Stage::new().await;
    let ann = Some(&stage.ann);
    let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Mine"})).await;
    let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
    let (patch, get) = (format!("PATCH {path}"), format!("GET {path}"));
    let fresh = [("if-match", "\"1\"")];
    let (status, headers, _) = stage.ask(&patch, ann, json!({"name": "New"}), &fresh).await;
    assert_eq!((status, headers["etag"].to_str().unwrap()), (200, "\"2\""));
    let (status, _, problem) = stage.ask(&patch, ann, json!({"name": "Late"}), &fresh).await;
    assert_eq!((status, &problem["type"]), (412, &json!("urn:segue:problem:changed")));
    let known = [("if-none-match", "\"2\"")];
    assert_eq!(stage.ask(&get, ann, Value::Null, &known).await.0, 304);
    let (status, _, shown) = stage.ask(&get, ann, Value::Null, &fresh[..0]).await;
    assert_eq!((status, &shown["name"]), (200, &json!("New")));
    let delete = format!("DELETE {path}");
    assert_eq!(stage.ask(&delete, ann, Value::Null, &fresh).await.0, 412);
    assert_eq!(stage.ask(&delete, ann, Value::Null, &[("if-match", "*")]).await.0, 204);
}

#[tokio::test]
async fn strangers_see_public_playlists_and_change_none() {
    let stage = Stage::new().await;
    let bob = Some(&stage.bob);
    let song = stage.song("a").await;
    let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Mine"})).await;
    let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
    let edits = [
        (format!("PATCH {path}"), json!({"name": "Bob's"})),
        (format!("DELETE {path}"), Value::Null),
        (format!("POST {path}/songs"), json!({"songs_id": [song]})),
        (format!("POST {path}/moves"), json!({"entries": [song], "position": 0})),
        (format!("POST {path}/removals"), json!({"entries": [song]})),
        (format!("DELETE {path}/songs/{song}"), Value::Null),
        (format!("DELETE {path}/entries/{song}"), Value::Null),
    ];
    for (public, see, edit) in [(false, 404, 404), (true, 200, 403)] {
        stage.ann(&format!("PATCH {path}"), json!({"public": public})).await;
        for who in [None, bob] {
            for read in ["", "/entries", "?include_songs=true"] {
                let (status, _, told) =
                    stage.ask(&format!("GET {path}{read}"), who, Value::Null, &[]).await;
                assert_eq!(status, see, "{read}: {told}");
            }
        }
        for (line, body) in &edits {
            let (status, _, problem) = stage.ask(line, bob, body.clone(), &[]).await;
            assert_eq!(status, edit, "{line}: {problem}");
        }
    }
}

#[tokio::test]
async fn earlier_clients_find_what_they_know() {
    let stage = Stage::new().await;
    let (a, b) = (stage.song("a").await, stage.song("b").await);
    let (status, made) = stage.ann("POST /playlist", json!({"name": "One"})).await;
    assert_eq!(status, 201);
    assert_eq!(stage.ann("POST /playlists", json!({"name": "Two"})).await.0, 201);
    let id = made["id"].as_str().unwrap();
    let body = json!({"songs_id": [a, b, a], "position": 5});
    let (status, added) = stage.ann(&format!("PUT /playlist/{id}/songs"), body).await;
    assert_eq!((status, added["entries"].as_array().unwrap().len()), (200, 3));
    let (_, shown) =
        stage.ann(&format!("GET /playlist/{id}?include_songs=true"), Value::Null).await;
    assert_eq!((titles(&shown["songs"]).as_str(), &shown["name"]), ("aba", &json!("One")));
    let (_, shown) = stage.ann(&format!("GET /playlist/{id}"), Value::Null).await;
    assert_eq!(shown.get("songs"), None);
    let gone = stage.ann(&format!("DELETE /playlists/{id}/songs/{a}"), Value::Null).await;
    assert_eq!(gone.0, 204);
    for mine in ["GET /playlists", "GET /users/me/playlists", "GET /v1/playlists"] {
        let (_, page) = stage.ann(mine, Value::Null).await;
        let names = page["playlists"].as_array().unwrap().iter().map(|list| &list["name"]);
        assert_eq!(names.collect::<Vec<_>>(), ["Two", "One"]);
    }
    let (_, first) = stage.ann("GET /playlists?limit=1", Value::Null).await;
    let next = first["next"].as_str().unwrap();
    let (_, rest) = stage.ann(&format!("GET /playlists?limit=1&after={next}"), Value::Null).await;
    assert_eq!((&rest["playlists"][0]["name"], &rest["next"]), (&json!("One"), &Value::Null));
}

#[tokio::test]
async fn songs_are_liked_and_artists_followed() {
    let stage = Stage::new().await;
    let (a, b) = (stage.song("a").await, stage.song("b").await);
    let artist = stage.catalogue.songs().get(a).await.unwrap().unwrap().artist_id;
    for song in [a, b, b] {
        let liked = stage.ann(&format!("PUT /v1/users/me/likes/{song}"), Value::Null).await;
        assert_eq!(liked.0, 204);
    }
    let (_, page) = stage.ann("GET /v1/users/me/likes?limit=1", Value::Null).await;
    assert_eq!(page["likes"][0]["song"]["title"], "b");
    let next = page["next"].as_str().unwrap();
    let path = format!("GET /v1/users/me/likes?limit=1&after={next}");
    let (_, page) = stage.ann(&path, Value::Null).await;
    assert_eq!((&page["likes"][0]["song"]["title"], &page["next"]), (&json!("a"), &Value::Null));
    let (_, songs) = stage.ann("GET /users/me/liked-songs?limit=50&offset=1", Value::Null).await;
    assert_eq!(songs["songs"][0]["title"], "a");
    for liked in [false, true, false] {
        let (status, now) = stage.ann(&format!("POST /songs/{b}/like"), Value::Null).await;
        assert_eq!((status, &now["liked"]), (200, &json!(liked)));
    }
    let path = format!("DELETE /v1/users/me/likes/{a}");
    assert_eq!(stage.ann(&path, Value::Null).await.0, 204);
    let (_, songs) = stage.ann("GET /users/me/liked-songs", Value::Null).await;
    assert_eq!(songs["songs"], json!([]));
    let nobody = "0190d2a5-7c1e-7bbb-8123-000000000009";
    for (line, status) in [
        (format!("PUT /v1/users/me/likes/{nobody}"), 404),
        (format!("POST /songs/{nobody}/like"), 404),
        ("PUT /v1/users/me/likes/x".to_owned(), 422),
        ("GET /users/me/liked-songs?offset=-1".to_owned(), 422),
        (format!("PUT /v1/users/me/follows/{nobody}"), 404),
        (format!("POST /users/me/follow/{artist}"), 204),
        (format!("PUT /v1/users/me/follows/{artist}"), 204),
    ] {
        assert_eq!(stage.ann(&line, Value::Null).await.0, status, "{line}");
    }
    let (_, page) = stage.ann("GET /v1/users/me/follows", Value::Null).await;
    assert_eq!(page["follows"][0]["artist"], "Somebody");
    let path = format!("DELETE /v1/users/me/follows/{artist}");
    assert_eq!(stage.ann(&path, Value::Null).await.0, 204);
    let (_, page) = stage.ann("GET /v1/users/me/follows", Value::Null).await;
    assert_eq!(page["follows"], json!([]));
}

/// Somebody who may do something with the playlist at `path`, or may not.
fn attempts(path: &str, song: SongId, member: &User) -> [(String, Value); 8] {
    let member = member.id;
    [
        (format!("GET {path}/entries"), Value::Null),
        (format!("POST {path}/songs"), json!({"songs_id": [song]})),
        (format!("PATCH {path}"), json!({"description": "new"})),
        (format!("GET {path}/members"), Value::Null),
        (format!("POST {path}/links"), json!({"role": "viewer"})),
        (format!("PUT {path}/members/{member}"), json!({"role": "editor"})),
        (format!("DELETE {path}/members/{member}"), Value::Null),
        (format!("DELETE {path}"), Value::Null),
    ]
}

#[tokio::test]
async fn every_cell_of_role_and_action() {
    let stage = Stage::new().await;
    let song = stage.song("a").await;
    let other = stage.catalogue.users().create("eve", "hash", Role::Listener).await.unwrap();
    // read, add, describe, members, link, change a member, put one out, delete
    for (role, cells) in [
        ("owner", [200, 200, 200, 200, 201, 204, 204, 204]),
        ("editor", [200, 200, 403, 403, 403, 403, 403, 403]),
        ("viewer", [200, 403, 403, 403, 403, 403, 403, 403]),
        ("stranger", [404, 404, 404, 404, 404, 404, 404, 404]),
    ] {
        let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Ours"})).await;
        let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
        let links = format!("POST {path}/links");
        let (_, link) = stage.ann(&links, json!({"role": "viewer"})).await;
        let token = json!({"token": link["token"]});
        assert_eq!(stage.ask("POST /v1/memberships", Some(&other), token, &[]).await.0, 200);
        if role == "editor" || role == "viewer" {
            let (_, link) = stage.ann(&links, json!({"role": role})).await;
            let token = json!({"token": link["token"]});
            let (_, _, joined) =
                stage.ask("POST /v1/memberships", Some(&stage.bob), token, &[]).await;
            assert_eq!(joined["role"], role);
        }
        let who = if role == "owner" { &stage.ann } else { &stage.bob };
        for ((line, body), status) in attempts(&path, song, &other).into_iter().zip(cells) {
            let (answered, _, told) = stage.ask(&line, Some(who), body, &[]).await;
            assert_eq!(answered, status, "{role}: {line}: {told}");
        }
    }
}

#[tokio::test]
async fn a_link_opens_a_playlist_until_it_is_revoked() {
    let stage = Stage::new().await;
    let bob = Some(&stage.bob);
    let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Ours"})).await;
    let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
    let (_, link) = stage.ann(&format!("POST {path}/links"), json!({"role": "editor"})).await;
    let token = link["token"].as_str().unwrap();
    let (_, links) = stage.ann(&format!("GET {path}/links"), Value::Null).await;
    assert_eq!(links["links"][0], link);
    for read in ["", "/entries"] {
        let line = format!("GET {path}{read}?link={token}");
        assert_eq!(stage.ask(&line, None, Value::Null, &[]).await.0, 200);
        let line = format!("GET {path}{read}?link=%01");
        assert_eq!(stage.ask(&line, None, Value::Null, &[]).await.0, 404);
    }
    let join = json!({"token": token});
    let (_, _, joined) = stage.ask("POST /v1/memberships", bob, join.clone(), &[]).await;
    assert_eq!(joined["role"], "editor");
    let (_, _, mine) = stage.ask("GET /v1/playlists", bob, Value::Null, &[]).await;
    assert_eq!(mine["playlists"][0]["name"], "Ours");
    let revoke = format!("DELETE {path}/links/{}", link["id"].as_str().unwrap());
    assert_eq!(stage.ann(&revoke, Value::Null).await.0, 204);
    assert_eq!(stage.ann(&revoke, Value::Null).await.0, 404);
    let line = format!("GET {path}?link={token}");
    assert_eq!(stage.ask(&line, None, Value::Null, &[]).await.0, 404);
    assert_eq!(stage.ask("POST /v1/memberships", bob, join, &[]).await.0, 404);
    // Whoever joined stays, until they leave.
    let leave = format!("DELETE {path}/members/{}", stage.bob.id);
    let read = format!("GET {path}");
    assert_eq!(stage.ask(&read, bob, Value::Null, &[]).await.0, 200);
    assert_eq!(stage.ask(&leave, bob, Value::Null, &[]).await.0, 204);
    assert_eq!(stage.ask(&read, bob, Value::Null, &[]).await.0, 404);
}

/// What comes next on a stream of events, comments left out.
async fn next_event(stream: &mut Body) -> Option<String> {
    loop {
        let frame = timeout(PATIENCE, stream.frame()).await.expect("an event")?;
        let text = String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap();
        if !text.starts_with(':') {
            return Some(text);
        }
    }
}

#[tokio::test]
async fn edits_are_told_as_they_happen_until_access_is_lost() {
    let stage = Stage::new().await;
    let song = stage.song("a").await;
    let (bus, shutdown) = (Bus::in_memory(), Shutdown::new());
    let follower = bus.follow("here".parse().unwrap());
    tokio::spawn(stage.api.live().clone().follow(follower, shutdown.clone()));
    tokio::spawn(segue_api::relay(stage.catalogue.clone(), bus, shutdown.clone()));
    let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Ours"})).await;
    let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
    let (_, link) = stage.ann(&format!("POST {path}/links"), json!({"role": "viewer"})).await;
    let token = json!({"token": link["token"]});
    stage.ask("POST /v1/memberships", Some(&stage.bob), token, &[]).await;
    let events = format!("{path}/events");
    let mut stream = stage.stream(&events, &stage.bob, None).await;
    let first = next_event(&mut stream).await.unwrap();
    assert!(first.contains("event: changed") && first.contains("id: 3"), "{first}");
    // Nothing is new to whoever has heard of it, until something is.
    let mut back = stage.stream(&events, &stage.bob, Some("3")).await;
    stage.ann(&format!("POST {path}/songs"), json!({"songs_id": [song]})).await;
    for stream in [&mut stream, &mut back] {
        let event = next_event(stream).await.unwrap();
        assert!(event.contains("id: 4") && event.contains(r#""song_count":1"#), "{event}");
    }
    // Whoever was away is told at once; whoever does not read finds one event for many edits.
    let mut late = stage.stream(&events, &stage.bob, Some("3")).await;
    assert!(next_event(&mut late).await.unwrap().contains("id: 4"));
    for _ in 0..50 {
        stage.ann(&format!("POST {path}/songs"), json!({"songs_id": [song]})).await;
    }
    let mut told = 0;
    while !next_event(&mut late).await.unwrap().contains("id: 54") {
        told += 1;
    }
    assert!(told < 49, "{told}");
    let put_out = format!("DELETE {path}/members/{}", stage.bob.id);
    assert_eq!(stage.ann(&put_out, Value::Null).await.0, 204);
    let last = next_event(&mut late).await.unwrap();
    assert!(last.contains("event: gone"), "{last}");
    assert_eq!(next_event(&mut late).await, None);
    shutdown.begin();
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_its_field() {
    let stage = Stage::new().await;
    let song = stage.song("a").await;
    let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Mine"})).await;
    let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
    let nobody = "0190d2a5-7c1e-7bbb-8123-000000000009";
    for (line, body, status, field) in [
        ("POST /v1/playlists".to_owned(), json!({"name": " "}), 422, Some("name")),
        ("POST /v1/playlists".to_owned(), json!({"name": "x".repeat(201)}), 422, Some("name")),
        ("POST /v1/playlists".to_owned(), json!({"name": "x", "colour": 1}), 422, Some("colour")),
        (
            format!("PATCH {path}"),
            json!({"description": "x".repeat(2_001)}),
            422,
            Some("description"),
        ),
        (format!("GET {path}?include_songs=yes"), Value::Null, 422, Some("include_songs")),
        (format!("GET {path}/entries?limit=0"), Value::Null, 422, Some("limit")),
        (format!("GET {path}/entries?after=x"), Value::Null, 422, Some("after")),
        ("GET /v1/playlists/x".to_owned(), Value::Null, 422, Some("id")),
        (format!("DELETE {path}/entries/x"), Value::Null, 422, Some("entry_id")),
        (format!("POST {path}/songs"), json!({"songs_id": []}), 422, Some("songs_id")),
        (
            format!("POST {path}/songs"),
            json!({"songs_id": vec![song; 1_001]}),
            422,
            Some("songs_id"),
        ),
        (format!("POST {path}/songs"), json!({"songs_id": [song, nobody]}), 422, Some("songs_id")),
        (
            format!("POST {path}/songs"),
            json!({"songs_id": [song], "position": -1}),
            422,
            Some("position"),
        ),
        (
            format!("POST {path}/moves"),
            json!({"entries": [nobody], "position": 0}),
            422,
            Some("entries"),
        ),
        (format!("DELETE {path}/songs/{song}"), Value::Null, 404, None),
    ] {
        let (answered, problem) = stage.ann(&line, body).await;
        assert_eq!((answered, problem["field"].as_str()), (status, field), "{line}: {problem}");
    }
}
