//! Playlists: made, filled, ordered, described, refused.

use serde_json::{Value, json};

use crate::stage::{Stage, titles};

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

/// RFC 9110 13.1.1: whoever insists on a version changes no other one, whatever they would change.
#[tokio::test]
async fn every_change_is_guarded_by_the_entity_tag() {
    let stage = Stage::new().await;
    let (ann, song) = (Some(&stage.ann), stage.song("a").await);
    let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Mine"})).await;
    let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
    let put_in = json!({"songs_id": [song, song, song]});
    let (_, added) = stage.ann(&format!("POST {path}/songs"), put_in.clone()).await;
    let entries = added["entries"].as_array().unwrap();
    let (_, link) = stage.ann(&format!("POST {path}/links"), json!({"role": "viewer"})).await;
    let join = json!({"token": link["token"]});
    assert_eq!(stage.ask("POST /v1/memberships", Some(&stage.bob), join, &[]).await.0, 200);
    let member = format!("{path}/members/{}", stage.bob.id);
    let changes = [
        (format!("POST {path}/songs"), put_in.clone(), true),
        (format!("PUT {}/songs", path.replace("/v1/playlists", "/playlist")), put_in, true),
        (format!("POST {path}/moves"), json!({"entries": [entries[0]], "position": 1}), true),
        (format!("POST {path}/removals"), json!({"entries": [entries[0]]}), true),
        (format!("DELETE {path}/entries/{}", entries[1].as_str().unwrap()), Value::Null, false),
        (format!("PUT {member}"), json!({"role": "editor"}), false),
        (format!("DELETE {member}"), Value::Null, false),
        (format!("DELETE {path}/songs/{song}"), Value::Null, false),
    ];
    let version =
        async || stage.ann(&format!("GET {path}"), Value::Null).await.1["version"].clone();
    for (line, body, tagged) in changes {
        let now = version().await.as_u64().unwrap();
        let (late, fresh) = (format!("\"{}\"", now - 1), format!("\"{now}\""));
        let refused = stage.ask(&line, ann, body.clone(), &[("if-match", &late)]).await;
        assert_eq!((refused.0, version().await.as_u64()), (412, Some(now)), "{line}");
        let (status, headers, said) = stage.ask(&line, ann, body, &[("if-match", &fresh)]).await;
        assert!((200..300).contains(&status), "{line}: {said}");
        assert_eq!(version().await.as_u64(), Some(now + 1), "{line}");
        let tag = headers.get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        assert_eq!(tag, tagged.then(|| format!("\"{}\"", now + 1)), "{line}");
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
