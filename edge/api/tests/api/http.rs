//! What the API answers, cell by cell.

use std::ops::Deref;

use axum::http::StatusCode;
use bus::News;
use catalogue::{Role, Song, User, password};
use http_body_util::BodyExt;
use media::{Kbps, MasterHash};
use serde_json::{Value, json};
use token::{SigningKey, VerifyingKeys, access, playback};

use crate::bench::{Answer, Bench, LEASE, upload_of};

const PASSWORD: &str = "correct horse";

/// An admin, who has songs, and a listener.
struct Stage {
    bench: Bench,
    admin: User,
    listener: User,
}

impl Deref for Stage {
    type Target = Bench;

    fn deref(&self) -> &Bench {
        &self.bench
    }
}

impl Stage {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let hash = password::hash(PASSWORD).unwrap();
        let users = bench.catalogue.users();
        let admin = users.create("admin", &hash, Role::Admin).await.unwrap();
        let listener = users.create("ann", &hash, Role::Listener).await.unwrap();
        Self { bench, admin, listener }
    }

    async fn ask(&self, line: &str, token: Option<&str>) -> (u16, Value) {
        let mut ask = self.bench.ask(line);
        if let Some(token) = token {
            ask = ask.token(token);
        }
        let answer = ask.await;
        (answer.status, answer.body)
    }

    async fn log_in(&self, kind: &str, body: &str) -> (u16, Value) {
        let answer = self.bench.ask("POST /v1/sessions").body(kind, body.to_owned()).await;
        (answer.status, answer.body)
    }

    async fn accept(&self, title: &str) -> Song {
        self.bench.accept(upload_of(&self.admin, title)).await
    }

    async fn make_ready(&self, title: &str) -> Song {
        self.bench.make_ready(upload_of(&self.admin, title)).await
    }
}

#[tokio::test]
async fn a_login_gives_a_token_that_works() {
    let stage = Stage::new().await;
    let body = json!({"login": "admin", "password": PASSWORD}).to_string();
    let (status, session) = stage.log_in("application/json", &body).await;
    assert_eq!((status, &session["token_type"]), (201, &json!("Bearer")));
    assert!(session["expires_in"].as_u64().unwrap() > 0);
    let token = session["access_token"].as_str().unwrap();
    let request =
        stage.bench.ask("POST /v1/songs").with("authorization", &format!("bearer {token}"));
    let response = request.response().await;
    let who = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(who, stage.admin.id.to_string().as_bytes());
}

#[tokio::test]
async fn a_refused_login_does_not_say_which_half_was_wrong() {
    let stage = Stage::new().await;
    let mut answers = Vec::new();
    for (login, password) in [("ann", "wrong"), ("nobody", PASSWORD), ("", ""), ("ann", "")] {
        let body = json!({"login": login, "password": password}).to_string();
        let (status, mut answer) = stage.log_in("application/json", &body).await;
        assert_eq!(status, 401, "{login}");
        answer.as_object_mut().unwrap().remove("request_id");
        answers.push(answer);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test]
async fn bodies_that_are_no_login_are_refused() {
    let stage = Stage::new().await;
    for (kind, body, wanted) in [
        ("text/plain", "{}", 415),
        ("application/json", "{", 400),
        ("application/json", "{}", 422),
        ("application/json", r#"{"login":1,"password":"x"}"#, 422),
        ("application/json", r#"{"login":"a","password":"b","mail":"c"}"#, 422),
    ] {
        let (status, problem) = stage.log_in(kind, body).await;
        assert_eq!(status, wanted, "{body}: {problem}");
    }
    let (_, problem) = stage.log_in("application/json", r#"{"login":"a"}"#).await;
    assert!(problem["detail"] == "'password' is missing.", "{problem}");
}

#[tokio::test]
async fn wrong_requests_are_told_as_problems() {
    let stage = Stage::new().await;
    let song = stage.make_ready("Song").await.id;
    let nobody = "0190d2a5-7c1e-7bbb-8123-000000000009";
    let admin = stage.token(&stage.admin).await;
    let old = stage.now() - 10 * LEASE;
    let (session, _) = stage.catalogue.sessions().begin(stage.admin.id, LEASE).await.unwrap();
    let expired = access::mint(&stage.access_key, stage.admin.id, session, LEASE, old);
    let foreign = SigningKey::generate().unwrap();
    let forged = access::mint(&foreign, stage.admin.id, session, LEASE, stage.now());
    let (get, post) = ("GET", "POST");
    for (method, path, token, wanted) in [
        (get, "/nothing".to_owned(), None, 404),
        (get, "/v1".to_owned(), None, 404),
        (post, "/".to_owned(), None, 405),
        ("PUT", "/v1/songs".to_owned(), None, 405),
        (get, "/v1/sessions".to_owned(), None, 405),
        (get, "/v1/songs/not-a-uuid".to_owned(), None, 422),
        (get, format!("/v1/songs/{nobody}"), None, 404),
        (get, "/v1/songs?limit=0".to_owned(), None, 422),
        (get, "/v1/songs?limit=x".to_owned(), None, 422),
        (get, "/v1/songs?after=x".to_owned(), None, 422),
        (get, format!("/v1/songs/new?after={nobody}"), None, 422),
        (get, "/v1/songs?colour=red".to_owned(), None, 422),
        (get, "/v1/songs".to_owned(), Some("x"), 401),
        (get, "/v1/songs".to_owned(), Some(expired.as_str()), 401),
        (get, "/v1/songs".to_owned(), Some(forged.as_str()), 401),
        (post, "/v1/songs".to_owned(), None, 401),
        (post, format!("/v1/songs/{song}/playback"), None, 401),
        (post, format!("/v1/songs/{nobody}/playback"), Some(admin.as_str()), 404),
        (get, format!("/v1/songs/{song}/playback"), Some(admin.as_str()), 405),
    ] {
        let (status, problem) = stage.ask(&format!("{method} {path}"), token).await;
        assert_eq!(status, wanted, "{method} {path}: {problem}");
    }
}

#[tokio::test]
async fn a_401_challenges() {
    let stage = Stage::new().await;
    let response = stage.bench.ask("POST /v1/songs").response().await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn songs_are_paged() {
    let stage = Stage::new().await;
    for title in ["1", "2", "3"] {
        stage.make_ready(title).await;
    }
    let (_, first) = stage.ask("GET /v1/songs?limit=2", None).await;
    let titles = |page: &Value| {
        let songs = page["songs"].as_array().unwrap();
        songs.iter().map(|song| song["title"].as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(titles(&first), "32");
    let next = format!("/v1/songs?limit=2&after={}", first["next"].as_str().unwrap());
    let (_, second) = stage.ask(&format!("GET {next}"), None).await;
    assert_eq!((titles(&second), &second["next"]), ("1".to_owned(), &Value::Null));
}

#[tokio::test]
async fn an_uploader_finds_their_songs_by_master() {
    let stage = Stage::new().await;
    let song = stage.accept("Song").await;
    let path = |hash: &MasterHash| format!("/v1/songs?master={hash}");
    let ask = async |hash, user: Option<&User>| {
        let token = match user {
            Some(user) => Some(stage.token(user).await),
            None => None,
        };
        stage.ask(&format!("GET {}", path(hash)), token.as_deref()).await
    };
    let (status, page) = ask(&song.master, Some(&stage.admin)).await;
    assert_eq!((status, &page["songs"][0]["id"]), (200, &song.id.to_string().into()), "{page}");
    let other = MasterHash::new([8; 32]);
    for (master, user) in [(&song.master, &stage.listener), (&other, &stage.admin)] {
        let (status, page) = ask(master, Some(user)).await;
        assert_eq!((status, page["songs"].as_array().unwrap().len()), (200, 0), "{page}");
    }
    assert_eq!(ask(&song.master, None).await.0, 401);
    let token = stage.token(&stage.admin).await;
    let wrong = stage.ask("GET /v1/songs?master=x", Some(&token)).await;
    assert_eq!((wrong.0, &wrong.1["field"]), (422, &"master".into()));
    let odd = stage.ask(&format!("GET {}&year=1", path(&song.master)), Some(&token)).await;
    assert_eq!((odd.0, &odd.1["field"]), (422, &"year".into()), "looked at all the same");
}

#[tokio::test]
async fn who_may_know_of_a_song_that_is_not_ready() {
    let stage = Stage::new().await;
    let path = format!("/v1/songs/{}", stage.accept("Song").await.id);
    let (admin, listener) = (stage.token(&stage.admin).await, stage.token(&stage.listener).await);
    assert_eq!(stage.ask(&format!("GET {path}"), None).await.0, 404);
    assert_eq!(stage.ask(&format!("GET {path}"), Some(&listener)).await.0, 404);
    let (status, song) = stage.ask(&format!("GET {path}"), Some(&admin)).await;
    assert_eq!((status, &song["state"]), (200, &json!("queued")));
    let playback = format!("{path}/playback");
    assert_eq!(stage.ask(&format!("POST {playback}"), Some(&listener)).await.0, 404);
    assert_eq!(stage.ask(&format!("POST {playback}"), Some(&admin)).await.0, 409);
}

#[tokio::test]
async fn playback_is_signed_urls_of_the_current_version() {
    let stage = Stage::new().await;
    let song = stage.make_ready("Song").await;
    let path = format!("/v1/songs/{}/playback", song.id);
    let token = stage.token(&stage.listener).await;
    let (status, urls) = stage.ask(&format!("POST {path}"), Some(&token)).await;
    assert_eq!(status, 200, "{urls}");
    let hls = urls["hls"].as_str().unwrap();
    let rest = hls.strip_prefix("https://music.example/cdn/t/").expect("under the public URL");
    let (signed, key) = rest.split_once('/').unwrap();
    assert!(key.ends_with("/index-128.m3u8") && key.contains(&song.id.to_string()), "{key}");
    let claims = playback::open(&stage.playback_keys, signed, stage.now()).expect("valid");
    assert_eq!(claims.sub, stage.listener.id);
    assert!(claims.allow(key, None, stage.now()).is_ok());
    assert!(urls["hls_ogg"].as_str().unwrap().ends_with("/ogg-128.m3u8"));
    assert_eq!(claims.max_kbps, Kbps(128), "who pays nothing");
    assert_eq!(urls["ogg"].get("320"), None, "{urls}");
    for rate in ["64", "128"] {
        let url = urls["ogg"][rate].as_str().unwrap();
        assert!(url.ends_with(&format!("/ogg/{rate}.ogg")), "{url}");
    }
    let (_, again) = stage.ask(&format!("POST {path}"), Some(&token)).await;
    assert_eq!(again["hls"], urls["hls"], "minting is stable");
}

#[tokio::test]
async fn the_page_is_served_under_a_strict_policy() {
    let stage = Stage::new().await;
    let response = stage.bench.ask("GET /").response().await;
    assert_eq!(response.status(), 200);
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("blob:"), "{policy}");
}

#[tokio::test]
async fn edges_are_told_whose_tokens_to_believe() {
    let stage = Stage::new().await;
    let answer = stage.bench.ask("GET /.well-known/jwks.json").response().await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/jwk-set+json");
    assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&body).unwrap();
    assert!(!text.contains("\"d\""), "no private half");
    let keys = VerifyingKeys::from_jwks(text).unwrap();
    assert_eq!(keys.kids(), stage.playback_keys.kids());
    let access = VerifyingKeys::from(&stage.access_key);
    assert_ne!(keys.kids(), access.kids());
}

/// Sends JSON as the one who has the token.
async fn tell(stage: &Stage, path: &str, token: Option<&str>, body: &Value) -> Answer {
    let mut ask = stage.bench.ask(&format!("POST {path}")).json(body);
    if let Some(token) = token {
        ask = ask.token(token);
    }
    ask.await
}

#[tokio::test]
async fn a_purge_is_said_and_its_receipts_are_told() {
    let stage = Stage::new().await;
    let admin = stage.token(&stage.admin).await;
    let mut edge = stage.bus.follow("edge-1".parse().unwrap());
    assert_eq!(edge.next().await, News::CaughtUp);
    let purge = json!({"keys": ["song:0190d2a5-7c1e-7bbb-8123-000000000003"], "soft": true});
    let response = tell(&stage, "/v1/purges", Some(&admin), &purge).await;
    assert_eq!(response.status, 202);
    let location = response.headers["location"].to_str().unwrap().to_owned();

    let News::Passed { id, body } = edge.next().await else { panic!("a purge") };
    assert_eq!(body, json!({"purge": purge}));
    assert_eq!(location, format!("/v1/purges/{id}"));
    let (status, progress) = stage.ask(&format!("GET {location}"), Some(&admin)).await;
    assert_eq!((status, &progress["complete"]), (200, &json!(false)));
    assert_eq!(progress["pending"][0]["edge"], "edge-1");
    edge.acknowledge(id).await.unwrap();
    let (_, progress) = stage.ask(&format!("GET {location}"), Some(&admin)).await;
    assert_eq!((&progress["complete"], &progress["pending"]), (&json!(true), &json!([])));
    assert_eq!(progress["acknowledged"][0]["edge"], "edge-1");
}

#[tokio::test]
async fn a_revocation_is_said() {
    let stage = Stage::new().await;
    let admin = stage.token(&stage.admin).await;
    let mut edge = stage.bus.follow("edge-1".parse().unwrap());
    assert_eq!(edge.next().await, News::CaughtUp);
    for of in [json!({"user": stage.listener.id}), json!({"session": "any name, it is hashed"})] {
        let response = tell(&stage, "/v1/revocations", Some(&admin), &of).await;
        assert_eq!(response.status, 202);
        let News::Set { body, .. } = edge.next().await else { panic!("a revocation") };
        let (name, value) = of.as_object().unwrap().iter().next().unwrap();
        assert_eq!(&body["revoked"][name], value);
        assert!(body["revoked"]["until"].as_u64().unwrap() > 1_790_000_000);
    }
}

#[tokio::test]
async fn only_admins_tell_edges_anything() {
    let stage = Stage::new().await;
    let (admin, listener) = (stage.token(&stage.admin).await, stage.token(&stage.listener).await);
    let unknown = "/0190d2a5-7c1e-7bbb-8123-000000000003";
    for path in ["/v1/purges", "/v1/revocations"] {
        let body = json!({"everything": true});
        assert_eq!(tell(&stage, path, None, &body).await.status, 401, "{path}");
        assert_eq!(tell(&stage, path, Some(&listener), &body).await.status, 403, "{path}");
        let receipts = format!("{path}{unknown}");
        assert_eq!(stage.ask(&format!("GET {receipts}"), None).await.0, 401);
        assert_eq!(stage.ask(&format!("GET {receipts}"), Some(&listener)).await.0, 403);
        assert_eq!(stage.ask(&format!("GET {receipts}"), Some(&admin)).await.0, 404);
        assert_eq!(stage.ask(&format!("GET {path}/x"), Some(&admin)).await.0, 422);
    }
}

#[tokio::test]
async fn what_is_no_purge_is_refused() {
    let stage = Stage::new().await;
    let admin = stage.token(&stage.admin).await;
    for (body, said) in [
        (json!({}), "names something"),
        (json!({"keys": ["song:1"]}), "'song:1' is no surrogate key"),
        (json!({"prefixes": ["artist/"]}), "is no prefix"),
        (json!({"songs": []}), "There is no field 'songs'"),
    ] {
        let Answer { status, body: problem, .. } =
            tell(&stage, "/v1/purges", Some(&admin), &body).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(status == 422 && detail.contains(said), "{body}: {status} {problem}");
    }
    let both = json!({"user": stage.listener.id, "session": "s"});
    for body in [json!({}), json!({"user": "ann"}), json!({"session": 1}), both] {
        let Answer { status, body: _, .. } =
            tell(&stage, "/v1/revocations", Some(&admin), &body).await;
        assert_eq!(status, 422, "{body}");
    }
}
