//! Keys for programs.

use catalogue::{Role, password};
use serde_json::{Value, json};

use super::{PASSWORD, Stage};
use crate::bench::upload_of;

#[tokio::test]
async fn programs_log_in_with_keys_that_may_do_no_more_than_they_should() {
    let stage = Stage::new().await;
    let (admin, _) = stage.log_in("admin", PASSWORD).await;
    let make = async |token: &str, body: Value| {
        stage.ask(("POST", "/v1/api-keys"), Some(token), Some(body)).await
    };
    let (status, made) =
        make(&admin, json!({"name": "import", "role": "artist", "password": PASSWORD})).await;
    assert_eq!((status, &made["role"]), (201, &json!("artist")), "{made}");
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("segue_"), "{key}");
    let as_key =
        async |method: &str, path: &str, body| stage.ask((method, path), Some(key), body).await.0;
    assert_eq!(as_key("GET", "/v1/users/me", None).await, 200);
    assert_eq!(as_key("POST", "/v1/songs", None).await, 200, "artists may");
    assert_eq!(as_key("GET", "/v1/users", None).await, 403, "admins alone may");
    let password = json!({"current": PASSWORD, "new": "battery staple"});
    for (method, path, body) in [
        ("POST", "/v1/api-keys", Some(json!({"name": "more", "role": "artist"}))),
        ("GET", "/v1/api-keys", None),
        ("DELETE", "/v1/sessions", None),
        ("PUT", "/v1/users/me/password", Some(password)),
    ] {
        assert_eq!(as_key(method, path, body).await, 403, "{method} {path}");
    }
    assert_eq!(as_key("DELETE", "/v1/sessions/current", None).await, 403);
    let wanted = Some(json!({"name": "all", "role": "admin", "password": PASSWORD}));
    let (_, all) = stage.ask(("POST", "/v1/api-keys"), Some(&admin), wanted).await;
    let (_, me) = stage.ask(("GET", "/v1/users/me"), Some(&admin), None).await;
    let path = format!("/v1/users/{}", me["id"].as_str().unwrap());
    let entitle = ("PATCH", path.as_str());
    let by_key = stage.ask(entitle, all["key"].as_str(), Some(json!({"plan": "free"}))).await;
    assert_eq!(by_key.0, 403, "it would outlive the key");
    let (_, list) = stage.ask(("GET", "/v1/api-keys"), Some(&admin), None).await;
    assert_eq!(list["keys"][0]["name"], "import");
    assert!(!list.to_string().contains(key.trim_start_matches("segue_")), "{list}");
    for wrong in [&key[..key.len() - 1], &format!("{key}0"), "segue_", "segue_x"] {
        assert_eq!(stage.me(wrong).await, 401, "{wrong}");
    }
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    assert_eq!(stage.ask(("DELETE", &path), Some(&admin), None).await.0, 204);
    assert_eq!(stage.ask(("DELETE", &path), Some(&admin), None).await.0, 404);
    assert_eq!(stage.me(key).await, 401, "revoked");
}

#[tokio::test]
async fn a_key_is_made_by_whoever_knows_the_password() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let (ann, _) = stage.log_in("ann", PASSWORD).await;
    let make = async |password: Value| {
        let body = json!({"name": "k", "role": "listener", "password": password});
        let (status, answer) = stage.ask(("POST", "/v1/api-keys"), Some(&ann), Some(body)).await;
        (status, answer["type"].as_str().unwrap_or_default().to_owned())
    };
    let refused = |slug: &str| (403, format!("urn:segue:problem:{slug}"));
    assert_eq!(make(json!("wrong horse")).await, refused("wrong-password"));
    assert_eq!(make(Value::Null).await, refused("password-needed"), "however fresh the login");
    assert_eq!(make(json!(PASSWORD)).await.0, 201);
}

#[tokio::test]
async fn keys_that_cannot_be_are_refused() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let (ann, _) = stage.log_in("ann", PASSWORD).await;
    for (body, field) in [
        (json!({"name": "k", "role": "artist"}), Some("role")),
        (json!({"name": "", "role": "listener"}), Some("name")),
        (json!({"name": "k".repeat(201), "role": "listener"}), Some("name")),
        (json!({"name": "k", "role": "king"}), Some("role")),
        (json!({"name": "k"}), Some("role")),
        (json!({"name": "k", "role": "listener", "key": "mine"}), Some("key")),
    ] {
        let (status, problem) = stage.ask(("POST", "/v1/api-keys"), Some(&ann), Some(body)).await;
        assert_eq!((status, problem["field"].as_str()), (422, field), "{problem}");
    }
    assert_eq!(stage.ask(("DELETE", "/v1/api-keys/x"), Some(&ann), None).await.0, 422);
}

#[tokio::test]
async fn a_listeners_key_shows_nothing_of_its_artist_that_is_not_released() {
    let stage = Stage::new().await;
    let hash = password::hash(PASSWORD).unwrap();
    let artist = stage.catalogue.users().create("art", &hash, Role::Artist).await.unwrap();
    let (access, _) = stage.log_in("art", PASSWORD).await;
    let path = format!("/v1/songs/{}", stage.accept(upload_of(&artist, "Draft")).await.id);
    for (role, status) in [("artist", 200), ("listener", 404)] {
        let wanted = Some(json!({"name": role, "role": role, "password": PASSWORD}));
        let (_, key) = stage.ask(("POST", "/v1/api-keys"), Some(&access), wanted).await;
        let (seen, song) = stage.ask(("GET", &path), key["key"].as_str(), None).await;
        assert_eq!(seen, status, "{role}: {song}");
    }
    assert_eq!(stage.ask(("GET", &path), Some(&access), None).await.0, 200);
}
