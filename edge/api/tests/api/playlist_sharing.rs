//! Playlists: who may do what with them.

use catalogue::{Role, User};
use media::SongId;
use serde_json::{Value, json};

use crate::stage::Stage;

#[tokio::test]
async fn strangers_see_public_playlists_and_change_none() {
    let stage = Stage::new().await;
    let bob = Some(&stage.bob);
    let song = stage.song("a").await;
    let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Mine"})).await;
    let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
    let edits = [
        (format!("PATCH {path}"), json!({"name": "Bob's"})),
        (format!("DELETE {path}"), Value::Null),
        (format!("POST {path}/songs"), json!({"songs_id": [song]})),
        (format!("POST {path}/moves"), json!({"entries": [song], "position": 0})),
        (format!("POST {path}/removals"), json!({"entries": [song]})),
        (format!("DELETE {path}/songs/{song}"), Value::Null),
        (format!("DELETE {path}/entries/{song}"), Value::Null),
    ];
    for (public, see, edit) in [(false, 404, 404), (true, 200, 403)] {
        stage.ann(&format!("PATCH {path}"), json!({"public": public})).await;
        for who in [None, bob] {
            for read in ["", "/entries", "?include_songs=true"] {
                let (status, _, told) =
                    stage.ask(&format!("GET {path}{read}"), who, Value::Null, &[]).await;
                assert_eq!(status, see, "{read}: {told}");
            }
        }
        for (line, body) in &edits {
            let (status, _, problem) = stage.ask(line, bob, body.clone(), &[]).await;
            assert_eq!(status, edit, "{line}: {problem}");
        }
    }
}

/// Somebody who may do something with the playlist at `path`, or may not.
fn attempts(path: &str, song: SongId, member: &User) -> [(String, Value); 8] {
    let member = member.id;
    [
        (format!("GET {path}/entries"), Value::Null),
        (format!("POST {path}/songs"), json!({"songs_id": [song]})),
        (format!("PATCH {path}"), json!({"description": "new"})),
        (format!("GET {path}/members"), Value::Null),
        (format!("POST {path}/links"), json!({"role": "viewer"})),
        (format!("PUT {path}/members/{member}"), json!({"role": "editor"})),
        (format!("DELETE {path}/members/{member}"), Value::Null),
        (format!("DELETE {path}"), Value::Null),
    ]
}

#[tokio::test]
async fn every_cell_of_role_and_action() {
    let stage = Stage::new().await;
    let song = stage.song("a").await;
    let other = stage.catalogue.users().create("eve", "hash", Role::Listener).await.unwrap();
    // read, add, describe, members, link, change a member, put one out, delete
    for (role, cells) in [
        ("owner", [200, 200, 200, 200, 201, 204, 204, 204]),
        ("editor", [200, 200, 403, 403, 403, 403, 403, 403]),
        ("viewer", [200, 403, 403, 403, 403, 403, 403, 403]),
        ("stranger", [404, 404, 404, 404, 404, 404, 404, 404]),
    ] {
        let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Ours"})).await;
        let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
        let links = format!("POST {path}/links");
        let (_, link) = stage.ann(&links, json!({"role": "viewer"})).await;
        let token = json!({"token": link["token"]});
        assert_eq!(stage.ask("POST /v1/memberships", Some(&other), token, &[]).await.0, 200);
        if role == "editor" || role == "viewer" {
            let (_, link) = stage.ann(&links, json!({"role": role})).await;
            let token = json!({"token": link["token"]});
            let (_, _, joined) =
                stage.ask("POST /v1/memberships", Some(&stage.bob), token, &[]).await;
            assert_eq!(joined["role"], role);
        }
        let who = if role == "owner" { &stage.ann } else { &stage.bob };
        for ((line, body), status) in attempts(&path, song, &other).into_iter().zip(cells) {
            let (answered, _, told) = stage.ask(&line, Some(who), body, &[]).await;
            assert_eq!(answered, status, "{role}: {line}: {told}");
        }
    }
}

#[tokio::test]
async fn a_link_opens_a_playlist_until_it_is_revoked() {
    let stage = Stage::new().await;
    let bob = Some(&stage.bob);
    let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Ours"})).await;
    let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
    let (_, link) = stage.ann(&format!("POST {path}/links"), json!({"role": "editor"})).await;
    let token = link["token"].as_str().unwrap();
    let (_, links) = stage.ann(&format!("GET {path}/links"), Value::Null).await;
    assert_eq!(links["links"][0], link);
    for read in ["", "/entries"] {
        let line = format!("GET {path}{read}?link={token}");
        assert_eq!(stage.ask(&line, None, Value::Null, &[]).await.0, 200);
        let line = format!("GET {path}{read}?link=%01");
        assert_eq!(stage.ask(&line, None, Value::Null, &[]).await.0, 404);
    }
    let join = json!({"token": token});
    let (_, _, joined) = stage.ask("POST /v1/memberships", bob, join.clone(), &[]).await;
    assert_eq!(joined["role"], "editor");
    let (_, _, mine) = stage.ask("GET /v1/playlists", bob, Value::Null, &[]).await;
    assert_eq!(mine["playlists"][0]["name"], "Ours");
    let revoke = format!("DELETE {path}/links/{}", link["id"].as_str().unwrap());
    assert_eq!(stage.ann(&revoke, Value::Null).await.0, 204);
    assert_eq!(stage.ann(&revoke, Value::Null).await.0, 404);
    let line = format!("GET {path}?link={token}");
    assert_eq!(stage.ask(&line, None, Value::Null, &[]).await.0, 404);
    assert_eq!(stage.ask("POST /v1/memberships", bob, join, &[]).await.0, 404);
    // Whoever joined stays, until they leave.
    let leave = format!("DELETE {path}/members/{}", stage.bob.id);
    let read = format!("GET {path}");
    assert_eq!(stage.ask(&read, bob, Value::Null, &[]).await.0, 200);
    assert_eq!(stage.ask(&leave, bob, Value::Null, &[]).await.0, 204);
    assert_eq!(stage.ask(&read, bob, Value::Null, &[]).await.0, 404);
}
