//! Who may call what: every cell of role × route, and no route without a row.

use std::collections::BTreeSet;

use catalogue::{Role, User};
use http_body_util::BodyExt;
use segue_api::Access::{self, Admin, Anybody, Artist, Listener, Open};
use uuid::Uuid;

use crate::bench::{Answer, Bench};

/// A route that is not here fails the test: say who may call it.
const ROWS: &[(&str, &str, Access)] = &[
    ("get", "/.well-known/jwks.json", Open),
    ("get", "/artwork/{cover}", Open),
    ("get", "/playlist/{id}", Anybody),
    ("post", "/playlist", Listener),
    ("put", "/playlist/{id}/songs", Listener),
    ("get", "/playlists", Listener),
    ("post", "/playlists", Listener),
    ("delete", "/playlists/{id}/songs/{song_id}", Listener),
    ("post", "/songs/{id}/like", Listener),
    ("post", "/users/me/follow/{artist_id}", Listener),
    ("get", "/users/me/liked-songs", Listener),
    ("get", "/users/me/playlists", Listener),
    ("get", "/v1/login-methods", Open),
    ("post", "/v1/memberships", Listener),
    ("post", "/v1/password-resets", Open),
    ("post", "/v1/password-resets/redemption", Open),
    ("get", "/v1/playlists", Listener),
    ("post", "/v1/playlists", Listener),
    ("delete", "/v1/playlists/{id}", Listener),
    ("get", "/v1/playlists/{id}", Anybody),
    ("patch", "/v1/playlists/{id}", Listener),
    ("get", "/v1/playlists/{id}/entries", Anybody),
    ("delete", "/v1/playlists/{id}/entries/{entry_id}", Listener),
    ("get", "/v1/playlists/{id}/events", Anybody),
    ("get", "/v1/playlists/{id}/export", Anybody),
    ("post", "/v1/playlists/import", Listener),
    ("get", "/v1/playlists/{id}/links", Listener),
    ("post", "/v1/playlists/{id}/links", Listener),
    ("delete", "/v1/playlists/{id}/links/{link_id}", Listener),
    ("get", "/v1/playlists/{id}/members", Listener),
    ("delete", "/v1/playlists/{id}/members/{user_id}", Listener),
    ("put", "/v1/playlists/{id}/members/{user_id}", Listener),
    ("post", "/v1/playlists/{id}/moves", Listener),
    ("post", "/v1/playlists/{id}/removals", Listener),
    ("post", "/v1/playlists/{id}/songs", Listener),
    ("delete", "/v1/playlists/{id}/songs/{song_id}", Listener),
    ("get", "/users", Admin),
    ("post", "/users", Open),
    ("get", "/artist/{id}/songs", Anybody),
    ("get", "/search", Anybody),
    ("get", "/songs/trending", Anybody),
    ("get", "/songs/{id}", Listener),
    ("get", "/songs/{id}/stream", Listener),
    ("get", "/v1/albums/{id}", Anybody),
    ("patch", "/v1/albums/{id}", Artist),
    ("put", "/v1/albums/{id}/artwork", Artist),
    ("get", "/v1/artists/{id}", Anybody),
    ("get", "/v1/artists/{id}/songs", Anybody),
    ("get", "/v1/genres", Anybody),
    ("post", "/v1/playbacks/{id}/events", Listener),
    ("get", "/v1/previews/{secret}", Anybody),
    ("get", "/v1/api-keys", Listener),
    ("post", "/v1/api-keys", Listener),
    ("delete", "/v1/api-keys/{id}", Listener),
    ("post", "/v1/purges", Admin),
    ("get", "/v1/purges/{id}", Admin),
    ("post", "/v1/revocations", Admin),
    ("get", "/v1/revocations/{id}", Admin),
    ("delete", "/v1/sessions", Listener),
    ("get", "/v1/search", Anybody),
    ("post", "/v1/sessions", Open),
    ("delete", "/v1/sessions/current", Listener),
    ("get", "/v1/sessions/oidc", Open),
    ("post", "/v1/sessions/oidc", Open),
    ("get", "/v1/sessions/oidc/callback", Open),
    ("post", "/v1/sessions/refresh", Open),
    ("get", "/v1/songs", Anybody),
    ("post", "/v1/songs", Artist),
    ("get", "/v1/songs/new", Anybody),
    ("get", "/v1/songs/trending", Anybody),
    ("get", "/v1/songs/{id}", Anybody),
    ("patch", "/v1/songs/{id}", Artist),
    ("put", "/v1/songs/{id}/artwork", Artist),
    ("post", "/v1/songs/{id}/playback", Listener),
    ("get", "/v1/users/me/follows", Listener),
    ("delete", "/v1/users/me/follows/{artist_id}", Listener),
    ("put", "/v1/users/me/follows/{artist_id}", Listener),
    ("get", "/v1/users/me/likes", Listener),
    ("delete", "/v1/users/me/likes/{song_id}", Listener),
    ("put", "/v1/users/me/likes/{song_id}", Listener),
    ("options", "/v1/uploads", Open),
    ("post", "/v1/uploads", Artist),
    ("delete", "/v1/uploads/{id}", Artist),
    ("get", "/v1/uploads/{id}", Artist),
    ("head", "/v1/uploads/{id}", Artist),
    ("patch", "/v1/uploads/{id}", Artist),
    ("post", "/v1/uploads/{id}", Artist),
    ("get", "/v1/users", Admin),
    ("post", "/v1/users", Open),
    ("get", "/v1/users/me", Listener),
    ("patch", "/v1/users/me", Listener),
    ("delete", "/v1/users/me/avatar", Listener),
    ("put", "/v1/users/me/avatar", Listener),
    ("post", "/v1/users/me/deletion", Listener),
    ("get", "/v1/users/me/identities", Listener),
    ("post", "/v1/users/me/identities", Listener),
    ("post", "/v1/users/me/identities/removal", Listener),
    ("get", "/v1/users/me/export", Listener),
    ("put", "/v1/users/me/password", Listener),
    ("get", "/v1/users/me/playback", Listener),
    ("get", "/v1/users/me/events", Listener),
    ("get", "/v1/users/me/history", Listener),
    ("delete", "/v1/users/me/history", Listener),
    ("delete", "/v1/users/me/history/{id}", Listener),
    ("get", "/v1/users/me/bookmarks", Listener),
    ("post", "/v1/users/me/bookmarks", Listener),
    ("delete", "/v1/users/me/bookmarks/{id}", Listener),
    ("put", "/v1/users/me/playback", Listener),
    ("patch", "/v1/users/{id}", Admin),
    ("get", "/v1/songs/{id}/previews", Artist),
    ("post", "/v1/songs/{id}/previews", Artist),
    ("delete", "/v1/songs/{id}/previews/{preview}", Artist),
];

/// The kinds of problem by which a caller is turned away for who they are.
const TURNED_AWAY: &[&str] = &["login-required", "artists-only", "admins-only"];

fn line(method: &str, path: &str) -> String {
    format!("{} {path}", method.to_uppercase())
}

/// Somebody new in that role.
async fn caller(bench: &Bench, role: Role) -> User {
    bench.user(&format!("u{}", Uuid::now_v7().simple()), role).await
}

#[tokio::test]
async fn every_cell_of_role_and_route_is_as_the_table_says() {
    let bench = Bench::new().await;
    let callers = [None, Some(Role::Listener), Some(Role::Artist), Some(Role::Admin)];
    for (method, path, access) in ROWS {
        let least = match access {
            Open | Anybody => 0,
            Listener => 1,
            Artist => 2,
            Admin => 3,
        };
        for (rank, role) in callers.into_iter().enumerate() {
            let path = path
                .split('/')
                .map(|part| {
                    if part.starts_with('{') { Uuid::now_v7().to_string() } else { part.to_owned() }
                })
                .collect::<Vec<_>>()
                .join("/");
            let mut ask = bench.ask(&line(method, &path));
            if let Some(role) = role {
                // Some of them log out.
                ask = ask.by(&caller(&bench, role).await);
            }
            let response = ask.response().await;
            if response
                .headers()
                .get("content-type")
                .is_some_and(|kind| kind == "text/event-stream")
            {
                assert!(rank >= least, "{method} {path} as {role:?} is told what happens");
                continue;
            }
            let answer = Answer::of(response, *method == "head").await;
            let (status, slug) = (answer.status, answer.problem());
            // The answer to a HEAD has no body that would say why.
            let told = *method != "head" || status == 200;
            let turned_away = TURNED_AWAY.contains(&slug) || !told;
            assert_eq!(turned_away, rank < least, "{method} {path} as {role:?}: {answer:?}");
            let wanted = if rank == 0 { 401 } else { 403 };
            assert!(!turned_away || status == wanted, "{method} {path} as {role:?}: {status}");
            assert!(status != 404 || slug != "not-found", "{method} {path} is there");
            assert!(status < 500, "{method} {path} as {role:?}: {answer:?}");
        }
    }
}

/// Who logs in because a token is over may well send it along.
#[tokio::test]
async fn a_token_that_is_over_is_not_looked_at_where_none_is_needed() {
    let bench = Bench::new().await;
    for (method, path, access) in ROWS.iter().filter(|row| !row.1.contains('{')) {
        let answer = bench.ask(&line(method, path)).token("over").await;
        let refused = answer.problem() == "invalid-token";
        assert_eq!(refused, *access != Open, "{method} {path}: {answer:?}");
    }
}

#[tokio::test]
async fn every_route_has_a_row_and_says_who_may_call_it() {
    let bench = Bench::new().await;
    let Answer { status, body: description, .. } = bench.ask("GET /openapi.json").await;
    assert_eq!((status, &description["openapi"]), (200, &"3.1.0".into()));
    let mut routes = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let access = operation["x-access"].as_str().unwrap();
            routes.insert((method.clone(), path.clone(), access.to_owned()));
        }
    }
    let row = |(method, path, access): &(&str, &str, Access)| {
        ((*method).to_owned(), (*path).to_owned(), access.to_string())
    };
    let rows: BTreeSet<_> = ROWS.iter().map(row).collect();
    assert_eq!(routes, rows);
}

#[tokio::test]
async fn the_description_is_shown_without_another_host() {
    let bench = Bench::new().await;
    let page = bench.ask("GET /docs/").response().await;
    assert_eq!(page.status(), 200);
    let page = page.into_body().collect().await.unwrap().to_bytes();
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert!(page.contains("swagger-ui"), "{page}");
    assert!(!page.contains("//cdn") && !page.contains("https://"), "{page}");
}
