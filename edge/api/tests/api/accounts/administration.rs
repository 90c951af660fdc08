//! What admins do about accounts.

use bus::News;
use serde_json::{Value, json};

use super::{PASSWORD, Stage};

#[tokio::test]
async fn admins_see_everybody_and_change_roles_at_once() {
    let stage = Stage::new().await;
    let id = stage.register("ann").await["id"].as_str().unwrap().to_owned();
    let (ann, _) = stage.log_in("ann", PASSWORD).await;
    let (admin, _) = stage.log_in("admin", PASSWORD).await;
    let list = async |path: &str, token: &str| stage.ask(("GET", path), Some(token), None).await;
    let (status, page) = list("/v1/users?limit=1", &admin).await;
    assert_eq!((status, &page["users"][0]["username"]), (200, &json!("ann")), "{page}");
    let next = format!("/users?limit=1&after={}", page["next"].as_str().unwrap());
    let (_, page) = list(&next, &admin).await;
    assert_eq!((&page["users"][0]["username"], &page["next"]), (&json!("admin"), &Value::Null));
    for wrong in ["limit=0", "limit=201", "limit=x", "after=x"] {
        assert_eq!(list(&format!("/v1/users?{wrong}"), &admin).await.0, 422, "{wrong}");
    }
    assert_eq!(list("/v1/users", &ann).await.0, 403);
    let path = format!("/v1/users/{id}");
    let change = async |path: &str, token: &str, body: Value| {
        stage.ask(("PATCH", path), Some(token), Some(body)).await
    };
    let (status, user) = change(&path, &admin, json!({"role": "admin", "plan": "premium"})).await;
    assert_eq!((status, &user["role"], &user["plan"]), (200, &json!("admin"), &json!("premium")));
    assert_eq!(list("/v1/users", &ann).await.0, 200, "with the token that she has");
    assert_eq!(change(&path, &ann, json!({"role": "listener"})).await.0, 200);
    assert_eq!(list("/v1/users", &ann).await.0, 403);
    let (_, me) = stage.ask(("GET", "/v1/users/me"), Some(&admin), None).await;
    let own = format!("/v1/users/{}", me["id"].as_str().unwrap());
    let (status, problem) = change(&own, &admin, json!({"role": "artist"})).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:segue:problem:last-admin")));
    let nobody = "/v1/users/0190d2a5-7c1e-7bbb-8123-000000000009";
    for (path, body, wanted) in [
        (nobody, json!({"role": "artist"}), 404),
        ("/v1/users/x", json!({}), 422),
        (&path, json!({"role": "king"}), 422),
        (&path, json!({"plan": "gold"}), 422),
        (&path, json!({"username": "king"}), 422),
    ] {
        let (status, problem) = change(path, &admin, body).await;
        assert_eq!(status, wanted, "{problem}");
    }
}

#[tokio::test]
async fn whoever_may_hear_less_hears_no_more_of_what_plays() {
    let stage = Stage::new().await;
    let ann = stage.register("ann").await["id"].as_str().unwrap().to_owned();
    let (admin, _) = stage.log_in("admin", PASSWORD).await;
    let mut edge = stage.bus.follow("edge".parse().unwrap());
    let path = format!("/v1/users/{ann}");
    let change = async |body: Value| {
        let (status, user) = stage.ask(("PATCH", &path), Some(&admin), Some(body)).await;
        assert_eq!(status, 200, "{user}");
        let entitlement = stage.catalogue.users().entitlement(ann.parse().unwrap()).await;
        entitlement.unwrap().unwrap().playback_from_ms
    };
    assert_eq!(change(json!({"plan": "premium"})).await, None);
    assert_eq!(change(json!({"role": "artist"})).await, None);
    assert_eq!(change(json!({"plan": "premium", "max_streams": 2})).await, None);
    let from_ms = change(json!({"plan": "free"})).await.unwrap();
    let body = loop {
        if let News::Set { body, .. } = edge.next().await {
            break body;
        }
    };
    assert_eq!(body["revoked"]["user"], ann);
    assert!(from_ms > body["revoked"]["at"].as_u64().unwrap() * 1_000);
    stage.wait(60);
    assert!(change(json!({"role": "listener"})).await.unwrap() > from_ms);
}
