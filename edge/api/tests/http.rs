//! What the API answers, cell by cell.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::http::{Method, Request, Response, StatusCode};
use axum::routing::post;
use bus::{Bus, News};
use catalogue::{
    AuthenticatedUser, Catalogue, DatabaseUrl, NewSong, Packaged, Role, Song, User, password,
};
use http_body_util::BodyExt;
use media::{Kbps, MasterHash, SwitchingSets, Version};
use segue_api::{Api, Keys, Options, PublicUrl};
use serde_json::{Value, json};
use service::Clock;
use std::time::{Duration, SystemTime};
use token::{SigningKey, VerifyingKeys, access, playback};
use tower::ServiceExt;

const PASSWORD: &str = "correct horse";
const LEASE: Duration = Duration::from_secs(60);

struct Bench {
    catalogue: Catalogue,
    bus: Bus,
    router: Router,
    access_key: SigningKey,
    playback_keys: VerifyingKeys,
    admin: User,
    listener: User,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        let catalogue = Catalogue::open(&DatabaseUrl::Sqlite(path), Clock::system()).await.unwrap();
        let hash = password::hash(PASSWORD).unwrap();
        let admin = catalogue.users().create("admin", &hash, Role::Admin).await.unwrap();
        let listener = catalogue.users().create("ann", &hash, Role::Listener).await.unwrap();
        let (access_key, playback_key) =
            (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let playback_keys = VerifyingKeys::from(&playback_key);
        let url: PublicUrl = "https://music.example/cdn/".parse().unwrap();
        let clock = Clock::system();
        let keys = Keys {
            access: access_key.clone(),
            playback: playback_key,
            believed: playback_keys.clone(),
        };
        let bus = Bus::in_memory();
        let api = Api::new(catalogue.clone(), clock, Options::at(url), keys, bus.clone()).unwrap();
        let who = async |Extension(user): Extension<AuthenticatedUser>| user.id.to_string();
        let router = segue_api::router(&api, Router::new().route("/v1/songs", post(who)).into());
        Self { catalogue, bus, router, access_key, playback_keys, admin, listener, _folder: folder }
    }

    fn token(&self, user: &User) -> String {
        let role = match user.role {
            Role::Listener => access::Role::Listener,
            Role::Artist => access::Role::Artist,
            Role::Admin => access::Role::Admin,
        };
        access::mint(&self.access_key, user.id, role, LEASE, SystemTime::now())
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Status and JSON of an answer without a body to send.
    async fn ask(&self, method: Method, path: &str, token: Option<&str>) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        told(self.send(request.body(Body::empty()).unwrap()).await).await
    }

    async fn log_in(&self, kind: &str, body: &str) -> (u16, Value) {
        let request = Request::post("/v1/sessions").header("content-type", kind);
        told(self.send(request.body(Body::from(body.to_owned())).unwrap()).await).await
    }

    async fn accept(&self, title: &str) -> Song {
        let new = NewSong {
            title: title.parse().unwrap(),
            artist: "Somebody".parse().unwrap(),
            album: None,
            album_artist: None,
            genre: None,
            release_year: None,
            master: MasterHash::new([7; 32]),
            file_name: "song.flac".parse().unwrap(),
            uploader: self.admin.id,
        };
        self.catalogue.songs().accept(&new).await.unwrap()
    }

    async fn make_ready(&self, title: &str) -> Song {
        let song = self.accept(title).await;
        let job = self.catalogue.jobs().claim(LEASE).await.unwrap().unwrap();
        let done = Packaged {
            version: Version::of(&song.master, "recipe"),
            artist: song.artist_id,
            album: song.album_id,
            duration_ms: 60_000,
            sets: SwitchingSets::default(),
            dash: false,
        };
        self.catalogue.jobs().complete(&job, &done).await.unwrap();
        song
    }
}

/// The status and body, after checking what every answer has.
async fn told(response: Response<Body>) -> (u16, Value) {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let id = parts.headers["x-request-id"].to_str().unwrap();
    if parts.status.is_client_error() {
        assert_eq!(parts.headers["content-type"], "application/problem+json", "{json}");
        assert_eq!(json["request_id"], id, "{json}");
        assert_eq!(json["status"], parts.status.as_u16(), "{json}");
        assert!(json["type"].as_str().unwrap().starts_with("urn:segue:problem:"), "{json}");
        assert!(!json["detail"].as_str().unwrap().is_empty(), "{json}");
    }
    (parts.status.as_u16(), json)
}

#[tokio::test]
async fn a_login_gives_a_token_that_works() {
    let bench = Bench::new().await;
    let body = json!({"login": "admin", "password": PASSWORD}).to_string();
    let (status, session) = bench.log_in("application/json", &body).await;
    assert_eq!((status, &session["token_type"]), (201, &json!("Bearer")));
    assert!(session["expires_in"].as_u64().unwrap() > 0);
    let token = session["access_token"].as_str().unwrap();
    let request = Request::post("/v1/songs").header("authorization", format!("bearer {token}"));
    let response = bench.send(request.body(Body::empty()).unwrap()).await;
    let who = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(who, bench.admin.id.to_string().as_bytes());
}

#[tokio::test]
async fn a_refused_login_does_not_say_which_half_was_wrong() {
    let bench = Bench::new().await;
    let mut answers = Vec::new();
    for (login, password) in [("ann", "wrong"), ("nobody", PASSWORD), ("", ""), ("ann", "")] {
        let body = json!({"login": login, "password": password}).to_string();
        let (status, mut answer) = bench.log_in("application/json", &body).await;
        assert_eq!(status, 401, "{login}");
        answer.as_object_mut().unwrap().remove("request_id");
        answers.push(answer);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test]
async fn bodies_that_are_no_login_are_refused() {
    let bench = Bench::new().await;
    for (kind, body, wanted) in [
        ("text/plain", "{}", 415),
        ("application/json", "{", 400),
        ("application/json", "{}", 422),
        ("application/json", r#"{"login":1,"password":"x"}"#, 422),
        ("application/json", r#"{"login":"a","password":"b","mail":"c"}"#, 422),
    ] {
        let (status, problem) = bench.log_in(kind, body).await;
        assert_eq!(status, wanted, "{body}: {problem}");
    }
    let (_, problem) = bench.log_in("application/json", r#"{"login":"a"}"#).await;
    assert!(problem["detail"].as_str().unwrap().contains("password"), "{problem}");
}

#[tokio::test]
async fn wrong_requests_are_told_as_problems() {
    let bench = Bench::new().await;
    let song = bench.make_ready("Song").await.id;
    let nobody = "0190d2a5-7c1e-7bbb-8123-000000000009";
    let admin = bench.token(&bench.admin);
    let old = SystemTime::now() - 10 * LEASE;
    let role = access::Role::Admin;
    let expired = access::mint(&bench.access_key, bench.admin.id, role, LEASE, old);
    let foreign = SigningKey::generate().unwrap();
    let forged = access::mint(&foreign, bench.admin.id, role, LEASE, SystemTime::now());
    let (get, post) = (Method::GET, Method::POST);
    for (method, path, token, wanted) in [
        (&get, "/nothing".to_owned(), None, 404),
        (&get, "/v1".to_owned(), None, 404),
        (&post, "/".to_owned(), None, 405),
        (&Method::PUT, "/v1/songs".to_owned(), None, 405),
        (&get, "/v1/sessions".to_owned(), None, 405),
        (&get, "/v1/songs/not-a-uuid".to_owned(), None, 422),
        (&get, format!("/v1/songs/{nobody}"), None, 404),
        (&get, "/v1/songs?limit=0".to_owned(), None, 422),
        (&get, "/v1/songs?limit=x".to_owned(), None, 422),
        (&get, "/v1/songs?after=x".to_owned(), None, 422),
        (&get, "/v1/songs?colour=red".to_owned(), None, 400),
        (&get, "/v1/songs".to_owned(), Some("x"), 401),
        (&get, "/v1/songs".to_owned(), Some(expired.as_str()), 401),
        (&get, "/v1/songs".to_owned(), Some(forged.as_str()), 401),
        (&post, "/v1/songs".to_owned(), None, 401),
        (&post, format!("/v1/songs/{song}/playback"), None, 401),
        (&post, format!("/v1/songs/{nobody}/playback"), Some(admin.as_str()), 404),
        (&get, format!("/v1/songs/{song}/playback"), Some(admin.as_str()), 405),
    ] {
        let (status, problem) = bench.ask(method.clone(), &path, token).await;
        assert_eq!(status, wanted, "{method} {path}: {problem}");
    }
}

#[tokio::test]
async fn a_401_challenges() {
    let bench = Bench::new().await;
    let response = bench.send(Request::post("/v1/songs").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn songs_are_paged() {
    let bench = Bench::new().await;
    for title in ["1", "2", "3"] {
        bench.make_ready(title).await;
    }
    let (_, first) = bench.ask(Method::GET, "/v1/songs?limit=2", None).await;
    let titles = |page: &Value| {
        let songs = page["songs"].as_array().unwrap();
        songs.iter().map(|song| song["title"].as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(titles(&first), "32");
    let next = format!("/v1/songs?limit=2&after={}", first["next"].as_str().unwrap());
    let (_, second) = bench.ask(Method::GET, &next, None).await;
    assert_eq!((titles(&second), &second["next"]), ("1".to_owned(), &Value::Null));
}

#[tokio::test]
async fn an_uploader_finds_their_songs_by_master() {
    let bench = Bench::new().await;
    let song = bench.accept("Song").await;
    let path = |hash: &MasterHash| format!("/v1/songs?master={hash}");
    let ask = async |hash, user: Option<&User>| {
        let token = user.map(|user| bench.token(user));
        bench.ask(Method::GET, &path(hash), token.as_deref()).await
    };
    let (status, page) = ask(&song.master, Some(&bench.admin)).await;
    assert_eq!((status, &page["songs"][0]["id"]), (200, &song.id.to_string().into()), "{page}");
    let other = MasterHash::new([8; 32]);
    for (master, user) in [(&song.master, &bench.listener), (&other, &bench.admin)] {
        let (status, page) = ask(master, Some(user)).await;
        assert_eq!((status, page["songs"].as_array().unwrap().len()), (200, 0), "{page}");
    }
    assert_eq!(ask(&song.master, None).await.0, 401);
    let token = bench.token(&bench.admin);
    let wrong = bench.ask(Method::GET, "/v1/songs?master=x", Some(&token)).await;
    assert_eq!((wrong.0, &wrong.1["field"]), (422, &"master".into()));
}

#[tokio::test]
async fn who_may_know_of_a_song_that_is_not_ready() {
    let bench = Bench::new().await;
    let path = format!("/v1/songs/{}", bench.accept("Song").await.id);
    let (admin, listener) = (bench.token(&bench.admin), bench.token(&bench.listener));
    assert_eq!(bench.ask(Method::GET, &path, None).await.0, 404);
    assert_eq!(bench.ask(Method::GET, &path, Some(&listener)).await.0, 404);
    let (status, song) = bench.ask(Method::GET, &path, Some(&admin)).await;
    assert_eq!((status, &song["state"]), (200, &json!("queued")));
    let playback = format!("{path}/playback");
    assert_eq!(bench.ask(Method::POST, &playback, Some(&listener)).await.0, 404);
    assert_eq!(bench.ask(Method::POST, &playback, Some(&admin)).await.0, 409);
}

#[tokio::test]
async fn playback_is_signed_urls_of_the_current_version() {
    let bench = Bench::new().await;
    let song = bench.make_ready("Song").await;
    let path = format!("/v1/songs/{}/playback", song.id);
    let token = bench.token(&bench.listener);
    let (status, urls) = bench.ask(Method::POST, &path, Some(&token)).await;
    assert_eq!(status, 200, "{urls}");
    let hls = urls["hls"].as_str().unwrap();
    let rest = hls.strip_prefix("https://music.example/cdn/t/").expect("under the public URL");
    let (signed, key) = rest.split_once('/').unwrap();
    assert!(key.ends_with("/index-128.m3u8") && key.contains(&song.id.to_string()), "{key}");
    let claims = playback::open(&bench.playback_keys, signed, SystemTime::now()).expect("valid");
    assert_eq!(claims.sub, bench.listener.id);
    assert!(claims.allow(key, None, SystemTime::now()).is_ok());
    assert!(urls["hls_ogg"].as_str().unwrap().ends_with("/ogg-128.m3u8"));
    assert_eq!(claims.max_kbps, Kbps(128), "who pays nothing");
    assert_eq!(urls["ogg"].get("320"), None, "{urls}");
    for rate in ["64", "128"] {
        let url = urls["ogg"][rate].as_str().unwrap();
        assert!(url.ends_with(&format!("/ogg/{rate}.ogg")), "{url}");
    }
    let (_, again) = bench.ask(Method::POST, &path, Some(&token)).await;
    assert_eq!(again["hls"], urls["hls"], "minting is stable");
}

#[tokio::test]
async fn the_page_is_served_under_a_strict_policy() {
    let bench = Bench::new().await;
    let response = bench.send(Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 200);
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("blob:"), "{policy}");
}

#[tokio::test]
async fn edges_are_told_whose_tokens_to_believe() {
    let bench = Bench::new().await;
    let request = Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap();
    let answer = bench.send(request).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/jwk-set+json");
    assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&body).unwrap();
    assert!(!text.contains("\"d\""), "no private half");
    let keys = VerifyingKeys::from_jwks(text).unwrap();
    assert_eq!(keys.kids(), bench.playback_keys.kids());
    let access = VerifyingKeys::from(&bench.access_key);
    assert_ne!(keys.kids(), access.kids());
}

/// Sends JSON as the one who has the token.
async fn tell(bench: &Bench, path: &str, token: Option<&str>, body: &Value) -> Response<Body> {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    bench.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn a_purge_is_said_and_its_receipts_are_told() {
    let bench = Bench::new().await;
    let admin = bench.token(&bench.admin);
    let mut edge = bench.bus.follow("edge-1".parse().unwrap());
    assert_eq!(edge.next().await, News::CaughtUp);
    let purge = json!({"keys": ["song:0190d2a5-7c1e-7bbb-8123-000000000003"], "soft": true});
    let response = tell(&bench, "/v1/purges", Some(&admin), &purge).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let location = response.headers()["location"].to_str().unwrap().to_owned();

    let News::Passed { id, body } = edge.next().await else { panic!("a purge") };
    assert_eq!(body, json!({"purge": purge}));
    assert_eq!(location, format!("/v1/purges/{id}"));
    let (status, progress) = bench.ask(Method::GET, &location, Some(&admin)).await;
    assert_eq!((status, &progress["complete"]), (200, &json!(false)));
    assert_eq!(progress["pending"][0]["edge"], "edge-1");
    edge.acknowledge(id).await.unwrap();
    let (_, progress) = bench.ask(Method::GET, &location, Some(&admin)).await;
    assert_eq!((&progress["complete"], &progress["pending"]), (&json!(true), &json!([])));
    assert_eq!(progress["acknowledged"][0]["edge"], "edge-1");
}

#[tokio::test]
async fn a_revocation_is_said() {
    let bench = Bench::new().await;
    let admin = bench.token(&bench.admin);
    let mut edge = bench.bus.follow("edge-1".parse().unwrap());
    assert_eq!(edge.next().await, News::CaughtUp);
    for of in [json!({"user": bench.listener.id}), json!({"session": "any name, it is hashed"})] {
        let response = tell(&bench, "/v1/revocations", Some(&admin), &of).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        let News::Set { body, .. } = edge.next().await else { panic!("a revocation") };
        let (name, value) = of.as_object().unwrap().iter().next().unwrap();
        assert_eq!(&body["revoked"][name], value);
        assert!(body["revoked"]["until"].as_u64().unwrap() > 1_790_000_000);
    }
}

#[tokio::test]
async fn only_admins_tell_edges_anything() {
    let bench = Bench::new().await;
    let (admin, listener) = (bench.token(&bench.admin), bench.token(&bench.listener));
    let unknown = "/0190d2a5-7c1e-7bbb-8123-000000000003";
    for path in ["/v1/purges", "/v1/revocations"] {
        let body = json!({"everything": true});
        assert_eq!(tell(&bench, path, None, &body).await.status(), 401, "{path}");
        assert_eq!(tell(&bench, path, Some(&listener), &body).await.status(), 403, "{path}");
        let receipts = format!("{path}{unknown}");
        assert_eq!(bench.ask(Method::GET, &receipts, None).await.0, 401);
        assert_eq!(bench.ask(Method::GET, &receipts, Some(&listener)).await.0, 403);
        assert_eq!(bench.ask(Method::GET, &receipts, Some(&admin)).await.0, 404);
        assert_eq!(bench.ask(Method::GET, &format!("{path}/x"), Some(&admin)).await.0, 422);
    }
}

#[tokio::test]
async fn what_is_no_purge_is_refused() {
    let bench = Bench::new().await;
    let admin = bench.token(&bench.admin);
    for (body, said) in [
        (json!({}), "names something"),
        (json!({"keys": ["song:1"]}), "'song:1' is no surrogate key"),
        (json!({"prefixes": ["artist/"]}), "is no prefix"),
        (json!({"songs": []}), "unknown field"),
    ] {
        let (status, problem) = told(tell(&bench, "/v1/purges", Some(&admin), &body).await).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(status == 422 && detail.contains(said), "{body}: {status} {problem}");
    }
    let both = json!({"user": bench.listener.id, "session": "s"});
    for body in [json!({}), json!({"user": "ann"}), json!({"session": 1}), both] {
        let (status, _) = told(tell(&bench, "/v1/revocations", Some(&admin), &body).await).await;
        assert_eq!(status, 422, "{body}");
    }
}
