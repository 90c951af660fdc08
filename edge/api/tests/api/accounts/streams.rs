//! At how many places an account plays.

use serde_json::{Value, json};

use super::{PASSWORD, Stage};
use crate::bench::upload_of;

impl Stage {
    /// Asks for the song in that session, and tells that it plays.
    async fn play(&self, path: &str, token: &str) -> String {
        let (status, playback) = self.ask(("POST", path), Some(token), None).await;
        assert_eq!(status, 200, "{playback}");
        let id = playback["playback_id"].as_str().unwrap().to_owned();
        assert_eq!(self.hear(&id, token, "play").await.0, 200);
        id
    }

    async fn hear(&self, id: &str, token: &str, event: &str) -> (u16, Value) {
        let path = format!("/v1/playbacks/{id}/events");
        let body = json!({"event": event, "position_ms": 0});
        self.ask(("POST", &path), Some(token), Some(body)).await
    }
}

#[tokio::test]
async fn a_free_account_plays_at_one_place_and_whoever_begins_takes_over() {
    let stage = Stage::new().await;
    let (admin, _) = stage.catalogue.users().by_username("admin").await.unwrap().unwrap();
    let song = stage.make_ready(upload_of(&admin, "Song")).await;
    let path = format!("/v1/songs/{}/playback", song.id);
    let ann = stage.register("ann").await;
    assert_eq!(ann["max_streams"], 1);
    let (here, _) = stage.log_in("ann", PASSWORD).await;
    let (there, _) = stage.log_in("ann", PASSWORD).await;
    let wanted = Some(json!({"name": "radio", "role": "listener", "password": PASSWORD}));
    let (_, key) = stage.ask(("POST", "/v1/api-keys"), Some(&here), wanted).await;
    let key = key["key"].as_str().unwrap();

    let id = stage.play(&path, &here).await;
    stage.wait(10);
    assert_eq!(stage.hear(&id, &here, "heartbeat").await.0, 200);
    stage.play(&path, &there).await;
    let (status, problem) = stage.hear(&id, &here, "heartbeat").await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:segue:problem:taken-over")));
    assert_eq!(stage.hear(&id, &here, "play").await.0, 409, "it must be asked for again");
    stage.wait(1);
    stage.play(&path, key).await;
    assert_eq!(stage.hear(&id, &there, "heartbeat").await.0, 409);
    stage.wait(1);
    stage.play(&path, &here).await;
    assert_eq!(stage.hear(&id, key, "heartbeat").await.0, 409);

    let (admin, _) = stage.log_in("admin", PASSWORD).await;
    let user = format!("/v1/users/{}", ann["id"].as_str().unwrap());
    let allow = async |most: Value| {
        let body = json!({"max_streams": most});
        let (status, user) = stage.ask(("PATCH", &user), Some(&admin), Some(body)).await;
        (status, user["max_streams"].clone())
    };
    assert_eq!(allow(json!(0)).await.0, 422);
    assert_eq!(allow(json!(1_001)).await.0, 422);
    assert_eq!(allow(json!(-1)).await.0, 422);
    assert_eq!(allow(json!(2)).await, (200, json!(2)));
    stage.wait(1);
    stage.play(&path, &there).await;
    assert_eq!(stage.hear(&id, &here, "heartbeat").await.0, 200);
    assert_eq!(stage.hear(&id, &there, "heartbeat").await.0, 200);
    assert_eq!(allow(Value::Null).await, (200, json!(1)));
}
