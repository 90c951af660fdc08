//! What somebody does about their own account.

use serde_json::{Value, json};

use super::{PASSWORD, Stage};

#[tokio::test]
async fn a_profile_is_changed_by_its_owner() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let (access, _) = stage.log_in("ann", PASSWORD).await;
    let change = async |body| {
        let (status, me) = stage.ask(("PATCH", "/v1/users/me"), Some(&access), Some(body)).await;
        (status, me["display_name"].clone())
    };
    assert_eq!(change(json!({"display_name": " Ann B "})).await, (200, json!("Ann B")));
    assert_eq!(change(json!({})).await, (200, json!("Ann B")));
    assert_eq!(change(json!({"display_name": null})).await, (200, Value::Null));
    for wrong in [
        json!({"display_name": ""}),
        json!({"display_name": "n".repeat(201)}),
        json!({"display_name": 7}),
        json!({"role": "admin"}),
        json!({"plan": "premium"}),
    ] {
        assert_eq!(change(wrong.clone()).await.0, 422, "{wrong}");
    }
}

#[tokio::test]
async fn a_picture_is_taken_away_by_whoever_it_shows() {
    let stage = Stage::new().await;
    let registered = stage.register("ann").await;
    let (access, _) = stage.log_in("ann", PASSWORD).await;
    let id = registered["id"].as_str().unwrap().parse().unwrap();
    let cover =
        catalogue::Cover { hash: media::ids::ArtworkHash::new([7; 32]), width: 96, height: 96 };
    let picture = catalogue::Artwork::of(vec![cover]).unwrap();
    stage.catalogue.users().put_avatar(id, Some(&picture)).await.unwrap();
    let avatar =
        async || stage.ask(("GET", "/v1/users/me"), Some(&access), None).await.1["avatar"].clone();
    let url = format!("/artwork/{}.jpg", "07".repeat(32));
    assert_eq!(avatar().await, json!([{"url": url, "width": 96, "height": 96}]));
    for _ in 0..2 {
        let (status, _) = stage.ask(("DELETE", "/v1/users/me/avatar"), Some(&access), None).await;
        assert_eq!((status, avatar().await), (204, json!([])));
    }
}

#[tokio::test]
async fn how_one_likes_to_listen_is_kept_for_oneself_alone() {
    let stage = Stage::new().await;
    let registered = stage.register("ann").await;
    let (access, _) = stage.log_in("ann", PASSWORD).await;
    let change = async |body| {
        let (status, me) = stage.ask(("PATCH", "/v1/users/me"), Some(&access), Some(body)).await;
        (status, me["preferences"].clone())
    };
    let usual =
        json!({"quality": "auto", "language": null, "explicit": true, "normalize_volume": true});
    assert_eq!(registered["preferences"], usual);
    assert_eq!(change(json!({})).await, (200, usual.clone()));
    let said = json!({"quality": "high", "language": "pt-BR"});
    let kept = json!({
        "quality": "high", "language": "pt-BR", "explicit": true, "normalize_volume": true,
    });
    assert_eq!(change(json!({"preferences": said})).await, (200, kept.clone()));
    assert_eq!(change(json!({"preferences": {}})).await, (200, kept.clone()));
    let (_, me) = stage.ask(("GET", "/v1/users/me"), Some(&access), None).await;
    assert_eq!((&me["preferences"], &me["username"]), (&kept, &json!("ann")));
    let mut muted = kept.clone();
    (muted["explicit"], muted["language"]) = (json!(false), Value::Null);
    let said = json!({"explicit": false, "language": null});
    assert_eq!(change(json!({"preferences": said})).await, (200, muted));
    assert_eq!(change(json!({"preferences": null})).await, (200, usual));
    for wrong in [
        json!({"quality": "loud"}),
        json!({"language": "no language"}),
        json!({"explicit": "yes"}),
        json!({"volume": 11}),
        json!([]),
    ] {
        assert_eq!(change(json!({"preferences": wrong})).await.0, 422, "{wrong}");
    }
    let (admin, _) = stage.log_in("admin", PASSWORD).await;
    let (_, page) = stage.ask(("GET", "/v1/users"), Some(&admin), None).await;
    assert_eq!(page["users"].as_array().map(Vec::len), Some(2));
    assert!(page["users"].as_array().unwrap().iter().all(|user| user["preferences"].is_null()));
}

#[tokio::test]
async fn whoever_leaves_takes_their_data_with_them() {
    let stage = Stage::new().await;
    let ann = stage.register("ann").await;
    stage.register("bob").await;
    let (here, refresh) = stage.log_in("ann", PASSWORD).await;
    let body = Some(json!({"name": "Mine"}));
    assert_eq!(stage.ask(("POST", "/v1/playlists"), Some(&here), body).await.0, 201);
    let body = Some(json!({"name": "radio", "role": "listener", "password": PASSWORD}));
    let (_, key) = stage.ask(("POST", "/v1/api-keys"), Some(&here), body).await;
    let export = ("GET", "/v1/users/me/export");
    let answer = stage.ask_from("192.0.2.1", export, Some(&here), None).await;
    let document = answer.body;
    assert_eq!((answer.status, &document["account"]["id"]), (200, &ann["id"]), "{document}");
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"segue.json\"");
    assert_eq!(document["playlists"][0]["name"], "Mine");
    assert_eq!(document["api_keys"][0]["name"], "radio");
    assert_eq!(document["sessions"].as_array().unwrap().len(), 1);
    let text = document.to_string();
    let secret = key["key"].as_str().unwrap().trim_start_matches("segue_");
    for hidden in ["argon2", "bob", secret, &refresh] {
        assert!(!text.contains(hidden), "{text}");
    }
    assert_eq!(stage.ask(export, key["key"].as_str(), None).await.0, 403, "not for keys");
    assert_eq!(stage.ask(export, Some(&here), None).await.0, 200);
    assert_eq!(stage.ask(export, Some(&here), None).await.0, 200);
    assert_eq!(stage.ask(export, Some(&here), None).await.0, 429);
}

#[tokio::test]
async fn an_account_is_deleted_by_whoever_knows_its_password() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let (ann, refresh) = stage.log_in("ann", PASSWORD).await;
    let (admin, _) = stage.log_in("admin", PASSWORD).await;
    let delete = async |token: &str, password: &str| {
        let body = json!({"password": password});
        stage.ask(("POST", "/v1/users/me/deletion"), Some(token), Some(body)).await
    };
    assert_eq!(delete(&ann, "wrong guess").await.0, 403);
    assert_eq!(stage.me(&ann).await, 200);
    assert_eq!(delete(&ann, PASSWORD).await.0, 204);
    assert_eq!((stage.me(&ann).await, stage.refresh(&refresh).await.0), (401, 401));
    let body = json!({"login": "ann", "password": PASSWORD});
    assert_eq!(stage.ask(("POST", "/v1/sessions"), None, Some(body)).await.0, 401);
    let (status, problem) = delete(&admin, PASSWORD).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:segue:problem:last-admin")));
}

/// Each picture is kept for good: nobody fills the store with theirs, and nobody else is kept from putting one.
#[tokio::test]
async fn somebody_puts_few_pictures_of_themselves() {
    let stage = Stage::new().await;
    let put =
        async |access: &str| stage.ask(("PUT", "/v1/users/me/avatar"), Some(access), None).await.0;
    for name in ["ann", "bob"] {
        stage.register(name).await;
        let (access, _) = stage.log_in(name, PASSWORD).await;
        for _ in 0..10 {
            assert_eq!(put(&access).await, 200);
        }
        assert_eq!(put(&access).await, 429);
    }
}
