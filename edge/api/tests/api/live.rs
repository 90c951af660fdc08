//! What happens, told as it happens.

use bus::Bus;
use serde_json::{Value, json};
use service::Shutdown;

use crate::stage::{Stage, next_event};

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
    assert!(next_event(&mut late).await.unwrap().contains("id: 54"));
    let put_out = format!("DELETE {path}/members/{}", stage.bob.id);
    assert_eq!(stage.ann(&put_out, Value::Null).await.0, 204);
    let last = next_event(&mut late).await.unwrap();
    assert!(last.contains("event: gone"), "{last}");
    assert_eq!(next_event(&mut late).await, None);
    shutdown.begin();
}
