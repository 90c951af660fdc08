//! What happens, told as it happens.

use bus::Bus;
use catalogue::Role;
use serde_json::{Value, json};
use service::Shutdown;

use crate::stage::{Stage, next_event};

#[tokio::test]
async fn edits_are_told_as_they_happen_until_access_is_lost() {
    let stage = Stage::new().await;
    let song = stage.song("a").await;
    let (bus, shutdown) = (Bus::in_memory(), Shutdown::new());
    let follower = bus.follow("here".parse().unwrap());
    tokio::spawn(stage.api.live().clone().follow(
        stage.catalogue.clone(),
        follower,
        shutdown.clone(),
    ));
    let notices = stage.bus.clone();
    tokio::spawn(segue_api::relay(
        stage.catalogue.clone(),
        bus,
        notices,
        segue_api::Hooks::default(),
        shutdown.clone(),
    ));
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
    assert!(next_event(&mut late).await.unwrap().contains("id: 54"));
    let put_out = format!("DELETE {path}/members/{}", stage.bob.id);
    assert_eq!(stage.ann(&put_out, Value::Null).await.0, 204);
    let last = next_event(&mut late).await.unwrap();
    assert!(last.contains("event: gone"), "{last}");
    assert_eq!(next_event(&mut late).await, None);
    shutdown.begin();
}

/// What was opened by a key or a session ends with it, and not when it is next looked at.
#[tokio::test]
async fn whoever_is_shut_out_hears_no_more() {
    let stage = Stage::new().await;
    let (bus, shutdown) = (Bus::in_memory(), Shutdown::new());
    let follower = bus.follow("here".parse().unwrap());
    tokio::spawn(stage.api.live().clone().follow(
        stage.catalogue.clone(),
        follower,
        shutdown.clone(),
    ));
    let notices = stage.bus.clone();
    tokio::spawn(segue_api::relay(
        stage.catalogue.clone(),
        bus,
        notices,
        segue_api::Hooks::default(),
        shutdown.clone(),
    ));
    let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Ours"})).await;
    let playlist = format!("/v1/playlists/{}/events", made["id"].as_str().unwrap());
    let (keys, name) = (stage.catalogue.api_keys(), "radio".parse().unwrap());
    let (key, secret) =
        keys.create(stage.ann.id, &name, Role::Artist, None).await.unwrap().unwrap();
    let open = async |path: &str, token: &str| {
        let response = stage.bench.ask(&format!("GET {path}")).token(token).response().await;
        assert_eq!(response.status(), 200);
        let mut stream = response.into_body();
        let greetings = if path == playlist { 1 } else { 3 };
        for _ in 0..greetings {
            next_event(&mut stream).await.expect("a greeting");
        }
        stream
    };
    let (own, by_key) = ("/v1/users/me/events", format!("segue_{secret}"));
    let by_session = stage.token(&stage.ann).await;
    let mut keys_streams = [open(own, &by_key).await, open(&playlist, &by_key).await];
    let mut sessions = [open(own, &by_session).await, open(&playlist, &by_session).await];
    keys.revoke(stage.ann.id, key.id).await.unwrap();
    for stream in &mut keys_streams {
        while next_event(stream).await.is_some() {}
    }
    stage.ann("POST /v1/playlists", json!({"name": "Another"})).await;
    assert!(next_event(&mut sessions[0]).await.is_some(), "the session goes on");
    assert_eq!(stage.ann("DELETE /v1/sessions/current", Value::Null).await.0, 204);
    for stream in &mut sessions {
        while next_event(stream).await.is_some() {}
    }
    shutdown.begin();
}
