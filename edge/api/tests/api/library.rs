//! Likes and follows.

use serde_json::{Value, json};

use crate::stage::Stage;

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
