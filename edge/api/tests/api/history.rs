//! What somebody has listened to, and the places that they want to find again.

use serde_json::{Value, json};

use crate::stage::Stage;

#[tokio::test]
async fn a_history_is_read_and_taken_back() {
    let stage = Stage::new().await;
    let mut ids = Vec::new();
    for title in ["a", "b", "c"] {
        let song = stage.song(title).await;
        let (_, granted) = stage.ann(&format!("POST /v1/songs/{song}/playback"), Value::Null).await;
        let id = granted["playback_id"].as_str().unwrap().to_owned();
        let events = format!("POST /v1/playbacks/{id}/events");
        stage.ann(&events, json!({"event": "play", "position_ms": 0})).await;
        stage.clock.advance(std::time::Duration::from_secs(5));
        stage.ann(&events, json!({"event": "pause", "position_ms": 5_000})).await;
        ids.push(id);
    }
    let (_, page) = stage.ann("GET /v1/users/me/history?limit=2", Value::Null).await;
    let title = |entry: &Value| entry["song"]["title"].as_str().unwrap().to_owned();
    let entries = page["history"].as_array().unwrap();
    assert_eq!(entries.iter().map(title).collect::<String>(), "cb");
    assert_eq!((&entries[0]["id"], &entries[0]["position_ms"]), (&json!(ids[2]), &json!(5_000)));
    assert_eq!(entries[1]["played_at"], "2027-01-15T08:00:05Z");
    let next = page["next"].as_str().unwrap();
    let line = format!("GET /v1/users/me/history?limit=2&after={next}");
    let (_, page) = stage.ann(&line, Value::Null).await;
    assert_eq!((title(&page["history"][0]).as_str(), &page["next"]), ("a", &Value::Null));
    let remove = format!("DELETE /v1/users/me/history/{}", ids[0]);
    assert_eq!(stage.ask(&remove, Some(&stage.bob), Value::Null, &[]).await.0, 404);
    assert_eq!(stage.ann(&remove, Value::Null).await.0, 204);
    assert_eq!(stage.ann(&remove, Value::Null).await.0, 404);
    assert_eq!(stage.ann("GET /v1/users/me/history?after=x", Value::Null).await.0, 422);
    assert_eq!(stage.ann("DELETE /v1/users/me/history", Value::Null).await.0, 204);
    let (_, page) = stage.ann("GET /v1/users/me/history", Value::Null).await;
    assert_eq!(page["history"], json!([]));
}

#[tokio::test]
async fn bookmarks_are_made_listed_and_removed() {
    let stage = Stage::new().await;
    let song = stage.song("a").await;
    let make = |position: u64| json!({"song_id": song, "position_ms": position, "note": "Solo"});
    let line = "POST /v1/users/me/bookmarks";
    let (status, headers, made) = stage.ask(line, Some(&stage.ann), make(7_000), &[]).await;
    assert_eq!((status, &made["note"], &made["position_ms"]), (201, &json!("Solo"), &json!(7_000)));
    let path = headers["location"].to_str().unwrap().to_owned();
    assert_eq!(path, format!("/v1/users/me/bookmarks/{}", made["id"].as_str().unwrap()));
    stage.ann(line, make(8_000)).await;
    let (_, page) = stage.ann("GET /v1/users/me/bookmarks?limit=1", Value::Null).await;
    assert_eq!(page["bookmarks"][0]["position_ms"], 8_000);
    let next = page["next"].as_str().unwrap();
    let (_, page) =
        stage.ann(&format!("GET /v1/users/me/bookmarks?after={next}"), Value::Null).await;
    assert_eq!((&page["bookmarks"][0], &page["next"]), (&made, &Value::Null));
    let remove = format!("DELETE {path}");
    assert_eq!(stage.ask(&remove, Some(&stage.bob), Value::Null, &[]).await.0, 404);
    assert_eq!(stage.ann(&remove, Value::Null).await.0, 204);
    assert_eq!(stage.ann(&remove, Value::Null).await.0, 404);
    let nobody = "0190d2a5-7c1e-7bbb-8123-000000000009";
    for (wrong, field) in [
        (json!({"song_id": nobody, "position_ms": 0}), Some("song_id")),
        (json!({"song_id": song, "position_ms": 0, "note": "x".repeat(2_001)}), Some("note")),
        (json!({"song_id": song}), None),
    ] {
        let (status, problem) = stage.ann(line, wrong).await;
        assert_eq!(status, 422, "{problem}");
        assert!(field.is_none() || problem["field"].as_str() == field, "{problem}");
    }
}
