//! Songs, albums and artists: who sees what, who may change it, and how it is refused.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Request};
use axum::routing::post;
use bus::{Bus, News};
use catalogue::{Catalogue, DatabaseUrl, NewSong, Packaged, Role, Song, SongEdit, User};
use http_body_util::BodyExt;
use media::{Kbps, MasterHash, SwitchingSets, Version};
use segue_api::{Api, Keys, Options};
use serde_json::{Value, json};
use service::Clock;
use token::{SigningKey, VerifyingKeys, access, playback};
use tower::ServiceExt;

const LEASE: Duration = Duration::from_secs(60);

struct Bench {
    catalogue: Catalogue,
    bus: Bus,
    router: Router,
    access_key: SigningKey,
    playback_keys: VerifyingKeys,
    admin: User,
    artist: User,
    other: User,
    listener: User,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("catalogue.sqlite"));
        let catalogue = Catalogue::open(&url, Clock::system()).await.unwrap();
        let user = async |name, role| catalogue.users().create(name, "hash", role).await.unwrap();
        let (admin, artist) = (user("admin", Role::Admin).await, user("art", Role::Artist).await);
        let other = user("other", Role::Artist).await;
        let listener = user("ann", Role::Listener).await;
        let (access_key, playback) =
            (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let believed = VerifyingKeys::from(&playback);
        let keys = Keys { access: access_key.clone(), playback, believed: believed.clone() };
        let (bus, url) = (Bus::in_memory(), "https://music.example".parse().unwrap());
        let options = Options {
            country_header: Some(HeaderName::from_static("x-country")),
            ..Options::at(url)
        };
        let api = Api::new(catalogue.clone(), Clock::system(), options, keys, bus.clone()).unwrap();
        let uploads = Router::new().route("/v1/songs", post(async || "")).into();
        let router = segue_api::router(&api, uploads);
        Self {
            catalogue,
            bus,
            router,
            access_key,
            playback_keys: believed,
            admin,
            artist,
            other,
            listener,
            _folder: folder,
        }
    }

    async fn make_ready(&self, title: &str, album: Option<&str>) -> Song {
        let new = NewSong {
            title: title.parse().unwrap(),
            artist: "Somebody".parse().unwrap(),
            album: album.map(|album| album.parse().unwrap()),
            album_artist: None,
            genre: Some("Folk".parse().unwrap()),
            release_year: None,
            master: MasterHash::new([7; 32]),
            file_name: "song.flac".parse().unwrap(),
            uploader: self.artist.id,
        };
        let song = self.catalogue.songs().accept(&new).await.unwrap();
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
        self.catalogue.songs().get(song.id).await.unwrap().unwrap()
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        user: Option<&User>,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(user) = user {
            let role = match user.role {
                Role::Listener => access::Role::Listener,
                Role::Artist => access::Role::Artist,
                Role::Admin => access::Role::Admin,
            };
            let token = access::mint(&self.access_key, user.id, role, LEASE, SystemTime::now());
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn get(&self, path: &str, user: Option<&User>) -> Answer {
        self.ask("GET", path, user, &[], None).await
    }

    /// Changes a song or an album from what it is now.
    async fn patch(&self, path: &str, user: &User, change: Value) -> Answer {
        let tag = self.get(path, Some(&self.admin)).await.headers["etag"].clone();
        let tag = [("if-match", tag.to_str().unwrap())];
        self.ask("PATCH", path, Some(user), &tag, Some(change)).await
    }
}

#[tokio::test]
async fn who_hears_of_a_song_in_which_state_from_where() {
    let bench = Bench::new().await;
    let song = bench.make_ready("Song", None).await;
    let path = format!("/v1/songs/{}", song.id);
    let everything = json!({"draft": false, "available_from": null, "available_until": null,
                            "territories": null});
    // What is the matter with it, and whether others know of it from nowhere, Austria and Germany.
    for (change, others) in [
        (json!({}), [true; 3]),
        (json!({"draft": true}), [false; 3]),
        (json!({"available_from": "2999-01-01T00:00:00Z"}), [false; 3]),
        (json!({"available_until": "2001-01-01T00:00:00Z"}), [false; 3]),
        (json!({"territories": ["at"]}), [false, true, false]),
    ] {
        bench.patch(&path, &bench.artist, everything.clone()).await;
        let changed = bench.patch(&path, &bench.artist, change.clone()).await;
        assert_eq!(changed.status, 200, "{change}: {}", changed.body);
        for (country, seen) in [None, Some("AT"), Some("DE")].into_iter().zip(others) {
            let headers: Vec<_> =
                country.map(|country| ("x-country", country)).into_iter().collect();
            for (user, sees) in [
                (None, seen),
                (Some(&bench.listener), seen),
                (Some(&bench.other), seen),
                (Some(&bench.artist), true),
                (Some(&bench.admin), true),
            ] {
                let found = bench.ask("GET", &path, user, &headers, None).await;
                assert_eq!(
                    found.status,
                    if sees { 200 } else { 404 },
                    "{change} {country:?} {user:?}"
                );
                let listed = bench.ask("GET", "/v1/songs", user, &headers, None).await;
                assert_eq!(listed.body["songs"].as_array().unwrap().len(), usize::from(sees));
                let playback = format!("{path}/playback");
                let playback = bench.ask("POST", &playback, user, &headers, None).await;
                let granted = if user.is_none() {
                    401
                } else if sees {
                    200
                } else {
                    404
                };
                assert_eq!(
                    playback.status, granted,
                    "{change} {country:?} {user:?}: {}",
                    playback.body
                );
            }
        }
    }
}

#[tokio::test]
async fn a_plan_caps_what_is_heard_but_not_for_whoever_made_it() {
    let bench = Bench::new().await;
    let song = bench.make_ready("Song", None).await;
    let path = format!("/v1/songs/{}/playback", song.id);
    for (user, cap) in
        [(&bench.listener, 128), (&bench.other, 128), (&bench.artist, 320), (&bench.admin, 320)]
    {
        let answer = bench.ask("POST", &path, Some(user), &[], None).await;
        let url = answer.body["hls"].as_str().unwrap().to_owned();
        let token = url.split('/').nth(4).unwrap();
        let claims = playback::open(&bench.playback_keys, token, SystemTime::now()).unwrap();
        assert_eq!(claims.max_kbps, Kbps(cap), "{user:?}");
    }
}

#[tokio::test]
async fn of_two_editors_the_second_is_told() {
    let bench = Bench::new().await;
    let path = format!("/v1/songs/{}", bench.make_ready("Song", None).await.id);
    let tag = bench.get(&path, None).await.headers["etag"].to_str().unwrap().to_owned();
    let edit = async |tag: Option<&str>, title: &str| {
        let headers: Vec<_> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
        let change = Some(json!({"title": title}));
        bench.ask("PATCH", &path, Some(&bench.artist), &headers, change).await
    };
    assert_eq!(edit(None, "None").await.status, 428);
    let first = edit(Some(&tag), "First").await;
    assert_eq!((first.status, &first.body["title"]), (200, &json!("First")));
    let second = edit(Some(&tag), "Second").await;
    assert_eq!(
        (second.status, second.body["type"].as_str().unwrap()),
        (412, "urn:segue:problem:changed-meanwhile")
    );
    let new = first.headers["etag"].to_str().unwrap();
    assert_eq!(edit(Some(&format!("W/{new}")), "Weak").await.status, 412);
    assert_eq!(edit(Some(new), "Second").await.status, 200);
    assert_eq!(edit(Some("*"), "Third").await.status, 200);
    let now = bench.get(&path, None).await;
    assert_eq!(now.body["title"], "Third");
    let tag = now.headers["etag"].to_str().unwrap();
    assert_eq!(bench.ask("GET", &path, None, &[("if-none-match", tag)], None).await.status, 304);
}

#[tokio::test]
async fn who_may_change_what_and_what_is_refused() {
    let bench = Bench::new().await;
    let song = bench.make_ready("Song", None).await;
    let path = format!("/v1/songs/{}", song.id);
    for (user, status) in
        [(&bench.listener, 403), (&bench.other, 403), (&bench.artist, 200), (&bench.admin, 200)]
    {
        let answer = bench.patch(&path, user, json!({"explicit": true})).await;
        assert_eq!(answer.status, status, "{user:?}: {}", answer.body);
    }
    for (change, field) in [
        (json!({"title": " "}), "title"),
        (json!({"title": "x".repeat(201)}), "title"),
        (json!({"isrc": "1234"}), "isrc"),
        (json!({"release_year": 1066}), "release_year"),
        (json!({"track": 0}), "track"),
        (json!({"available_from": "tomorrow"}), "available_from"),
        (
            json!({"available_from": "2026-02-01T00:00:00Z", "available_until": "2026-01-01T00:00:00Z"}),
            "available_until",
        ),
        (json!({"territories": []}), "territories"),
        (json!({"territories": ["Austria"]}), "territories"),
        (json!({"credits": [{"artist": "A", "role": "muse"}]}), "credits"),
        (json!({"credits": [{"artist": "A", "role": "main", "join_phrase": "\n"}]}), "credits"),
    ] {
        let answer = bench.patch(&path, &bench.artist, change.clone()).await;
        let wanted = (422, json!(field));
        assert_eq!(
            (answer.status, answer.body["field"].clone()),
            wanted,
            "{change}: {}",
            answer.body
        );
    }
    let unknown = bench.patch(&path, &bench.artist, json!({"colour": "red"})).await;
    assert_eq!(unknown.status, 422);
    let credits = json!([{"artist": "Somebody", "role": "main", "join_phrase": " & "},
                         {"artist": "AC/DC", "role": "featured"}]);
    let answer = bench
        .patch(&path, &bench.artist, json!({"credits": credits, "isrc": "at-a01-26-00001"}))
        .await;
    assert_eq!(answer.body["credits"][1]["artist"], "AC/DC");
    assert_eq!(answer.body["isrc"], "ATA012600001");
    let artist = answer.body["credits"][1]["artist_id"].as_str().unwrap().to_owned();
    for path in [format!("/v1/artists/{artist}/songs"), format!("/artist/{artist}/songs?limit=50")]
    {
        let songs = bench.get(&path, None).await;
        assert_eq!(songs.body["songs"][0]["id"], json!(song.id), "{path}: {}", songs.body);
    }
}

#[tokio::test]
async fn an_album_is_ordered_by_whoever_made_all_of_it() {
    let bench = Bench::new().await;
    let (a, b) =
        (bench.make_ready("A", Some("Album")).await, bench.make_ready("B", Some("Album")).await);
    let path = format!("/v1/albums/{}", a.album_id);
    let change = json!({"songs": [b.id, a.id], "upc": "036000291452"});
    assert_eq!(bench.patch(&path, &bench.other, change.clone()).await.status, 403);
    let album = bench.patch(&path, &bench.artist, change).await;
    assert_eq!(
        (album.status, &album.body["songs"][0]["id"]),
        (200, &json!(b.id)),
        "{}",
        album.body
    );
    assert_eq!(
        (&album.body["songs"][0]["track"], &album.body["upc"]),
        (&json!(1), &json!("036000291452"))
    );
    for (change, field) in [
        (json!({"upc": "036000291453"}), "upc"),
        (json!({"songs": [a.id]}), "songs"),
        (json!({"songs": [a.id, a.id]}), "songs"),
    ] {
        let refused = bench.patch(&path, &bench.artist, change).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (422, &json!(field)),
            "{}",
            refused.body
        );
    }
    let draft = SongEdit { draft: Some(true), ..SongEdit::default() };
    let edition = bench.catalogue.songs().get(a.id).await.unwrap().unwrap().edition;
    bench.catalogue.songs().edit(a.id, edition, &draft).await.unwrap();
    let shown = bench.get(&path, None).await;
    assert_eq!(shown.body["songs"].as_array().unwrap().len(), 1, "{}", shown.body);
}

#[tokio::test]
async fn songs_and_artists_are_found() {
    let bench = Bench::new().await;
    let (song, old) =
        (bench.make_ready("Song", None).await, bench.make_ready("Sonata", None).await);
    bench.catalogue.trends().count(song.id).await.unwrap();
    for path in ["/v1/search?q=SO&type=song,artist&limit=20&offset=0", "/search?q=so"] {
        let found = bench.get(path, None).await;
        assert_eq!(found.body["songs"].as_array().unwrap().len(), 2, "{}", found.body);
        assert_eq!(found.body["artists"][0]["name"], "Somebody");
    }
    let found = bench.get("/search?q=so&type=song&limit=1&offset=1", None).await;
    assert_eq!((&found.body["songs"][0]["id"], found.body.get("artists")), (&json!(song.id), None));
    for path in ["/songs/trending?genre=folk&limit=50", "/v1/songs/trending"] {
        let played = bench.get(path, None).await;
        assert_eq!(played.body["songs"][0]["id"], json!(song.id), "{}", played.body);
        assert_eq!(played.body["songs"].as_array().unwrap().len(), 1);
    }
    let first = bench.get("/v1/songs/new?limit=1", None).await;
    assert_eq!(first.body["songs"][0]["id"], json!(old.id));
    let next = format!("/v1/songs/new?limit=1&after={}", first.body["next"].as_str().unwrap());
    assert_eq!(bench.get(&next, None).await.body["songs"][0]["id"], json!(song.id));
    let genres = bench.get("/v1/genres", None).await;
    assert_eq!(genres.body, json!({"genres": ["Folk"], "next": null}));
    for (path, field) in [
        ("/search", "q"),
        ("/search?q=a&type=album", "type"),
        ("/search?q=a&offset=1001", "offset"),
        ("/v1/songs?year=12", "year"),
        ("/v1/songs?artist=me", "artist"),
        ("/v1/songs/trending?limit=0", "limit"),
        ("/v1/artists/me", "id"),
        ("/v1/albums/me", "id"),
    ] {
        let refused = bench.get(path, None).await;
        assert_eq!((refused.status, &refused.body["field"]), (422, &json!(field)), "{path}");
    }
    let nobody = "/v1/artists/0190d2a5-7c1e-7bbb-8123-000000000009";
    assert_eq!(bench.get(nobody, None).await.status, 404);
}

#[tokio::test]
async fn a_private_link_plays_a_draft_until_it_is_taken_back() {
    let bench = Bench::new().await;
    let song = bench.make_ready("Song", None).await;
    let path = format!("/v1/songs/{}", song.id);
    bench.patch(&path, &bench.artist, json!({"draft": true})).await;
    let links = format!("{path}/previews");
    assert_eq!(bench.ask("POST", &links, Some(&bench.other), &[], None).await.status, 404);
    let made = bench.ask("POST", &links, Some(&bench.artist), &[], None).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let link = format!("/v1/previews/{}", made.body["secret"].as_str().unwrap());
    assert!(made.body["url"].as_str().unwrap().ends_with(&link));
    let opened = bench.get(&link, None).await;
    assert_eq!((opened.status, &opened.body["song"]["id"]), (200, &json!(song.id)));
    let token = opened.body["playback"]["hls"].as_str().unwrap().split('/').nth(4).unwrap();
    let claims = playback::open(&bench.playback_keys, token, SystemTime::now()).unwrap();
    let id = made.body["id"].as_str().unwrap();
    assert_eq!(claims.sub.to_string(), id, "the link is who listens");
    assert_eq!(bench.get(&links, Some(&bench.artist)).await.body["previews"][0]["id"], id);

    let mut edge = bench.bus.follow("edge-1".parse().unwrap());
    assert_eq!(edge.next().await, News::CaughtUp);
    let one = format!("{links}/{id}");
    assert_eq!(bench.ask("DELETE", &one, Some(&bench.artist), &[], None).await.status, 204);
    let News::Set { body, .. } = edge.next().await else { panic!("a revocation") };
    assert_eq!(body["revoked"]["user"], id, "what was opened with it ends");
    assert_eq!(bench.get(&link, None).await.status, 404);
    assert_eq!(bench.ask("DELETE", &one, Some(&bench.artist), &[], None).await.status, 404);
}

#[tokio::test]
async fn a_player_tells_of_its_own_playback_alone() {
    let bench = Bench::new().await;
    let song = bench.make_ready("Song", None).await;
    let path = format!("/v1/songs/{}/playback", song.id);
    let granted = bench.ask("POST", &path, Some(&bench.listener), &[], None).await;
    let again = bench.ask("POST", &path, Some(&bench.listener), &[], None).await;
    assert_eq!(granted.body["playback_id"], again.body["playback_id"], "one token, one playback");
    let events = format!("/v1/playbacks/{}/events", granted.body["playback_id"].as_str().unwrap());
    let play = json!({"event": "play", "position_ms": 1_000});
    let told = bench.ask("POST", &events, Some(&bench.listener), &[], Some(play.clone())).await;
    let wanted = json!({"playing": true, "position_ms": 1_000, "counted": false});
    assert_eq!((told.status, told.body), (200, wanted));
    assert_eq!(bench.ask("POST", &events, Some(&bench.other), &[], Some(play)).await.status, 404);
    for wrong in
        [json!({"event": "dance", "position_ms": 0}), json!({"event": "play", "position_ms": -1})]
    {
        let refused = bench.ask("POST", &events, Some(&bench.listener), &[], Some(wrong)).await;
        assert_eq!(refused.status, 422);
    }
}
