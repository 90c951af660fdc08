//! Accounts over HTTP: what is granted, and what is refused.

use std::ops::Deref;
use std::time::Duration;

use bus::News;
use catalogue::{Role, password};
use serde_json::{Value, json};

use crate::bench::{Answer, Bench};

const PASSWORD: &str = "correct horse";

/// An admin, who can log in.
struct Stage(Bench);

impl Deref for Stage {
    type Target = Bench;

    fn deref(&self) -> &Bench {
        &self.0
    }
}

impl Stage {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let hash = password::hash(PASSWORD).unwrap();
        bench.catalogue.users().create("admin", &hash, Role::Admin).await.unwrap();
        Self(bench)
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// One request from an address, and its whole answer.
    async fn ask_from(
        &self,
        address: &str,
        (method, path): (&str, &str),
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut ask = self.0.ask(&format!("{method} {path}")).from(address);
        if let Some(token) = token {
            ask = ask.token(token);
        }
        if let Some(body) = &body {
            ask = ask.json(body);
        }
        ask.await
    }

    async fn ask(
        &self,
        line: (&str, &str),
        token: Option<&str>,
        body: Option<Value>,
    ) -> (u16, Value) {
        let answer = self.ask_from("192.0.2.1", line, token, body).await;
        (answer.status, answer.body)
    }

    async fn register(&self, username: &str) -> Value {
        let body = registration(username);
        let (status, user) = self.ask(("POST", "/v1/users"), None, Some(body)).await;
        assert_eq!(status, 201, "{user}");
        user
    }

    /// An access and a refresh token.
    async fn log_in(&self, login: &str, password: &str) -> (String, String) {
        let body = json!({"login": login, "password": password});
        let (status, session) = self.ask(("POST", "/v1/sessions"), None, Some(body)).await;
        assert_eq!(status, 201, "{session}");
        tokens(&session)
    }

    async fn refresh(&self, token: &str) -> (u16, Value) {
        let body = json!({"refresh_token": token});
        self.ask(("POST", "/v1/sessions/refresh"), None, Some(body)).await
    }

    async fn me(&self, token: &str) -> u16 {
        self.ask(("GET", "/v1/users/me"), Some(token), None).await.0
    }
}

fn registration(username: &str) -> Value {
    let email = format!("{username}@music.example");
    json!({"username": username, "email": email, "password": PASSWORD})
}

fn tokens(session: &Value) -> (String, String) {
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

#[tokio::test]
async fn whoever_registers_can_log_in_by_name_and_by_mail() {
    let stage = Stage::new().await;
    let ann = stage.register("ann").await;
    assert_eq!((&ann["role"], &ann["plan"]), (&json!("listener"), &json!("free")), "{ann}");
    assert_eq!(ann["created_at"], "2027-01-15T08:00:00Z");
    assert!(!ann.to_string().contains("argon2"), "{ann}");
    for login in ["ann", "ann@music.example", "Ann@Music.example"] {
        let (access, _) = stage.log_in(login, PASSWORD).await;
        let (status, me) = stage.ask(("GET", "/v1/users/me"), Some(&access), None).await;
        assert_eq!((status, &me), (200, &ann));
    }
    let (status, bob) = stage.ask(("POST", "/users"), None, Some(registration("bob"))).await;
    assert_eq!((status, &bob["username"]), (201, &json!("bob")));
}

#[tokio::test]
async fn registrations_that_cannot_be_are_refused_by_field() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let with = |field: &str, value: Value| {
        let mut body = registration("bob");
        body[field] = value;
        body
    };
    for (body, wanted, field) in [
        (with("username", json!("ann")), 409, None),
        (with("email", json!("ANN@music.example")), 409, None),
        (with("username", json!("a")), 422, Some("username")),
        (with("username", json!("B ob")), 422, Some("username")),
        (with("username", json!("b".repeat(31))), 422, Some("username")),
        (with("email", json!("bob")), 422, Some("email")),
        (with("email", json!(format!("{}@b.c", "b".repeat(251)))), 422, Some("email")),
        (with("password", json!("short")), 422, Some("password")),
        (with("password", json!("p".repeat(1_025))), 422, Some("password")),
        (with("display_name", json!("")), 422, Some("display_name")),
        (with("display_name", json!("n".repeat(201))), 422, Some("display_name")),
        (with("role", json!("admin")), 422, None),
        (json!({"username": "bob"}), 422, None),
        (json!([]), 422, None),
    ] {
        let (status, problem) = stage.ask(("POST", "/v1/users"), None, Some(body)).await;
        assert_eq!(status, wanted, "{problem}");
        assert_eq!(problem["field"].as_str(), field, "{problem}");
    }
    assert_eq!(stage.catalogue.users().list(None, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_used_one_logs_out() {
    let stage = Stage::new().await;
    let (access, first) = stage.log_in("admin", PASSWORD).await;
    let (status, session) = stage.refresh(&first).await;
    assert_eq!(status, 201, "{session}");
    let (second_access, second) = tokens(&session);
    assert_eq!((stage.me(&access).await, stage.me(&second_access).await), (200, 200));
    let (status, problem) = stage.refresh(&first).await;
    assert_eq!(status, 401, "{problem}");
    assert_eq!((stage.me(&access).await, stage.me(&second_access).await), (401, 401));
    let mut told = Vec::new();
    for token in [&second, "", "x", &"0".repeat(64), &second.to_uppercase()] {
        let (status, mut problem) = stage.refresh(token).await;
        problem.as_object_mut().unwrap().remove("request_id");
        told.push((status, problem));
    }
    assert!(told.iter().all(|one| *one == told[0] && one.0 == 401), "{told:?}");
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_wins_and_both_are_out() {
    let stage = Stage::new().await;
    let (_, token) = stage.log_in("admin", PASSWORD).await;
    let (one, two) = tokio::join!(stage.refresh(&token), stage.refresh(&token));
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 401]);
    let won = if one.0 == 201 { one.1 } else { two.1 };
    let (access, refresh) = tokens(&won);
    assert_eq!((stage.me(&access).await, stage.refresh(&refresh).await.0), (401, 401));
}

#[tokio::test]
async fn logging_out_ends_this_session_alone_and_at_once() {
    let stage = Stage::new().await;
    let (here, refresh) = stage.log_in("admin", PASSWORD).await;
    let (there, _) = stage.log_in("admin", PASSWORD).await;
    assert_eq!((stage.me(&here).await, stage.me(&there).await), (200, 200));
    let out = ("DELETE", "/v1/sessions/current");
    assert_eq!(stage.ask(out, Some(&here), None).await.0, 204);
    assert_eq!((stage.me(&here).await, stage.me(&there).await), (401, 200));
    assert_eq!(stage.refresh(&refresh).await.0, 401);
    assert_eq!(stage.ask(out, Some(&here), None).await.0, 401);
}

#[tokio::test]
async fn a_session_that_another_process_ended_is_believed_for_seconds() {
    let stage = Stage::new().await;
    let (access, _) = stage.log_in("admin", PASSWORD).await;
    assert_eq!(stage.me(&access).await, 200);
    let (admin, _) = stage.catalogue.users().by_username("admin").await.unwrap().unwrap();
    stage.catalogue.sessions().end_all(admin.id, 0).await.unwrap();
    stage.wait(5);
    assert_eq!(stage.me(&access).await, 401);
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_sessions_and_what_plays() {
    let stage = Stage::new().await;
    let user = stage.register("ann").await["id"].as_str().unwrap().to_owned();
    let (here, _) = stage.log_in("ann", PASSWORD).await;
    let (there, refresh) = stage.log_in("ann", PASSWORD).await;
    let (admin, _) = stage.log_in("admin", PASSWORD).await;
    let mut edge = stage.bus.follow("edge".parse().unwrap());
    assert_eq!(stage.ask(("DELETE", "/v1/sessions"), Some(&here), None).await.0, 204);
    for token in [&here, &there] {
        assert_eq!(stage.me(token).await, 401);
    }
    assert_eq!((stage.refresh(&refresh).await.0, stage.me(&admin).await), (401, 200));
    let body = loop {
        if let News::Set { body, .. } = edge.next().await {
            break body;
        }
    };
    assert_eq!(body["revoked"]["user"], user);
    let at = body["revoked"]["at"].as_u64().unwrap();
    let entitlement = stage.catalogue.users().entitlement(user.parse().unwrap()).await.unwrap();
    let from_ms = entitlement.unwrap().playback_from_ms.unwrap();
    assert!(from_ms > at * 1_000, "what is minted from now on is not revoked");
}

#[tokio::test]
async fn another_password_ends_other_sessions_and_the_old_password() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let (here, _) = stage.log_in("ann", PASSWORD).await;
    let (there, _) = stage.log_in("ann", PASSWORD).await;
    let change = async |current: &str, new: &str| {
        let body = json!({"current": current, "new": new});
        stage.ask(("PUT", "/v1/users/me/password"), Some(&here), Some(body)).await.0
    };
    assert_eq!(change("wrong", "battery staple").await, 403);
    assert_eq!(change(&"p".repeat(1_025), "battery staple").await, 403);
    assert_eq!(change(PASSWORD, "short").await, 422);
    assert_eq!(stage.me(&there).await, 200);
    assert_eq!(change(PASSWORD, "battery staple").await, 204);
    assert_eq!((stage.me(&here).await, stage.me(&there).await), (200, 401));
    stage.log_in("ann", "battery staple").await;
    let body = json!({"login": "ann", "password": PASSWORD});
    assert_eq!(stage.ask(("POST", "/v1/sessions"), None, Some(body)).await.0, 401);
}

#[tokio::test]
async fn guesses_are_limited_by_account_for_known_and_unknown_alike() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let mut told = Vec::new();
    for login in ["ann", "nobody"] {
        let mut answers = Vec::new();
        for guess in 0..12 {
            let body = json!({"login": login, "password": "wrong guess"});
            let address = format!("192.0.2.{guess}");
            let answer = stage.ask_from(&address, ("POST", "/v1/sessions"), None, Some(body)).await;
            let wait = answer.headers.get("retry-after").cloned();
            answers.push((answer.status, wait));
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    let statuses: Vec<_> = told[0].iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [&[401; 10][..], &[429; 2]].concat());
    assert_eq!(told[0][10].1.as_ref().unwrap(), "61");
    // Another name for the same account, and the right password: it waits, too.
    let body = json!({"login": "ann@music.example", "password": PASSWORD});
    let (status, problem) = stage.ask(("POST", "/v1/sessions"), None, Some(body)).await;
    assert_eq!(status, 429, "{problem}");
    stage.wait(60);
    stage.log_in("ann", PASSWORD).await;
}

#[tokio::test]
async fn a_right_password_costs_no_guess() {
    let stage = Stage::new().await;
    for _ in 0..15 {
        stage.log_in("admin", PASSWORD).await;
    }
}

#[tokio::test]
async fn new_accounts_are_limited_by_address() {
    let stage = Stage::new().await;
    for number in 0..20 {
        stage.register(&format!("user{number}")).await;
    }
    let late = registration("late");
    let register = async |address| {
        stage.ask_from(address, ("POST", "/v1/users"), None, Some(late.clone())).await.status
    };
    assert_eq!(register("192.0.2.1").await, 429);
    assert_eq!(register("192.0.2.2").await, 201);
}

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
async fn programs_log_in_with_keys_that_may_do_no_more_than_they_should() {
    let stage = Stage::new().await;
    let (admin, _) = stage.log_in("admin", PASSWORD).await;
    let make = async |token: &str, body: Value| {
        stage.ask(("POST", "/v1/api-keys"), Some(token), Some(body)).await
    };
    let (status, made) = make(&admin, json!({"name": "import", "role": "artist"})).await;
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
    assert_eq!(as_key("DELETE", "/v1/sessions/current", None).await, 409);
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
async fn keys_that_cannot_be_are_refused() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let (ann, _) = stage.log_in("ann", PASSWORD).await;
    for (body, field) in [
        (json!({"name": "k", "role": "artist"}), Some("role")),
        (json!({"name": "", "role": "listener"}), Some("name")),
        (json!({"name": "k".repeat(201), "role": "listener"}), Some("name")),
        (json!({"name": "k", "role": "king"}), None),
        (json!({"name": "k"}), None),
        (json!({"name": "k", "role": "listener", "key": "mine"}), None),
    ] {
        let (status, problem) = stage.ask(("POST", "/v1/api-keys"), Some(&ann), Some(body)).await;
        assert_eq!((status, problem["field"].as_str()), (422, field), "{problem}");
    }
    assert_eq!(stage.ask(("DELETE", "/v1/api-keys/x"), Some(&ann), None).await.0, 422);
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
