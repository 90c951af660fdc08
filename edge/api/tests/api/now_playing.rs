//! What somebody listens to, on one device and then on another.

use catalogue::User;
use serde_json::{Value, json};

use crate::stage::Stage;

const PATH: &str = "/v1/users/me/playback";

impl Stage {
    async fn playback_of(&self, who: &User, song: &str) -> String {
        let line = format!("POST /v1/songs/{song}/playback");
        let (status, _, granted) = self.ask(&line, Some(who), Value::Null, &[]).await;
        assert_eq!(status, 200, "{granted}");
        format!("POST /v1/playbacks/{}/events", granted["playback_id"].as_str().unwrap())
    }
}

#[tokio::test]
async fn another_device_goes_on_where_the_first_was() {
    let stage = Stage::new().await;
    let song = stage.song("a").await.to_string();
    let get = format!("GET {PATH}");
    let (status, nothing) = stage.ann(&get, Value::Null).await;
    assert_eq!((status, &nothing["type"]), (404, &json!("urn:segue:problem:nothing-played")));
    let events = stage.playback_of(&stage.ann, &song).await;
    let queue = json!({"type": "album", "id": song});
    let event = json!({"event": "play", "position_ms": 7_000, "device": "Phone", "queue": queue});
    assert_eq!(stage.ann(&events, event).await.0, 200);
    let body = json!({"event": "pause", "position_ms": 9_000, "device": "Phone"});
    assert_eq!(stage.ann(&events, body).await.0, 200);
    let (status, headers, player) = stage.ask(&get, Some(&stage.ann), Value::Null, &[]).await;
    assert_eq!((status, headers["etag"].to_str().unwrap()), (200, "\"2\""));
    assert_eq!((&player["song"]["title"], &player["song_id"]), (&json!("a"), &json!(song)));
    assert_eq!((&player["position_ms"], &player["playing"]), (&json!(9_000), &json!(false)));
    assert_eq!((&player["device"], &player["queue"]), (&json!("Phone"), &queue));
    let resume = json!({"event": "play", "position_ms": 9_000, "device": "Desk"});
    assert_eq!(stage.ann(&events, resume).await.0, 200);
    let late = json!({"event": "stop", "position_ms": 1_000, "device": "Phone"});
    assert_eq!(stage.ann(&events, late).await.0, 200);
    let (_, player) = stage.ann(&get, Value::Null).await;
    assert_eq!((&player["device"], &player["version"]), (&json!("Desk"), &json!(3)));
    assert_eq!((&player["playing"], &player["queue"]), (&json!(true), &queue));
    assert!(player["position_ms"].as_u64().unwrap() >= 9_000, "{player}");
    let (status, _, nothing) = stage.ask(&get, Some(&stage.bob), Value::Null, &[]).await;
    assert_eq!(status, 404, "somebody else's: {nothing}");
}

#[tokio::test]
async fn a_player_is_set_by_whoever_knows_its_version() {
    let stage = Stage::new().await;
    let song = stage.song("a").await.to_string();
    let body = json!({"song_id": song, "position_ms": 90_000, "playing": false});
    let ann = Some(&stage.ann);
    let put = format!("PUT {PATH}");
    let (status, headers, player) =
        stage.ask(&put, ann, body.clone(), &[("if-match", "\"0\"")]).await;
    assert_eq!((status, &player["position_ms"]), (200, &json!(60_000)), "its end: {player}");
    assert_eq!((headers["etag"].to_str().unwrap(), &player["here"]), ("\"1\"", &json!(true)));
    let (status, _, problem) = stage.ask(&put, ann, body.clone(), &[("if-match", "\"0\"")]).await;
    assert_eq!((status, &problem["type"]), (412, &json!("urn:segue:problem:changed-meanwhile")));
    assert_eq!(stage.ask(&put, ann, body, &[]).await.0, 200);
    let nobody = "0190d2a5-7c1e-7bbb-8123-000000000009";
    for (change, status, field) in [
        (json!({"song_id": nobody, "position_ms": 0, "playing": true}), 404, None),
        (json!({"song_id": song, "position_ms": -1, "playing": true}), 422, None),
        (json!({"song_id": song, "playing": true}), 422, None),
        (
            json!({"song_id": song, "position_ms": 0, "playing": true, "device": " "}),
            422,
            Some("device"),
        ),
        (
            json!({"song_id": song, "position_ms": 0, "playing": true,
                   "queue": {"type": "mood", "id": nobody}}),
            422,
            None,
        ),
    ] {
        let (answered, problem) = stage.ann(&put, change.clone()).await;
        assert_eq!(answered, status, "{change}: {problem}");
        assert!(field.is_none() || problem["field"].as_str() == field, "{change}: {problem}");
    }
}
