//! Songs, albums and artists: who sees what, who may change it, and how it is refused.

use std::ops::Deref;

use bus::News;
use catalogue::{NewSong, Role, Song, SongEdit, User};
use media::Kbps;
use serde_json::{Value, json};
use token::playback;

use crate::bench::{Answer, Bench, upload_of};

struct Stage {
    bench: Bench,
    admin: User,
    artist: User,
    other: User,
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
        let admin = bench.user("admin", Role::Admin).await;
        let artist = bench.user("art", Role::Artist).await;
        let other = bench.user("other", Role::Artist).await;
        let listener = bench.user("ann", Role::Listener).await;
        Self { bench, admin, artist, other, listener }
    }

    async fn make_ready(&self, title: &str, album: Option<&str>) -> Song {
        let upload = upload_of(&self.artist, title);
        let album = album.map(|album| album.parse().unwrap());
        let genre = Some("Folk".parse().unwrap());
        self.bench.make_ready(NewSong { album, genre, ..upload }).await
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        user: Option<&User>,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut ask = self.bench.ask(&format!("{method} {path}"));
        if let Some(user) = user {
            ask = ask.by(user);
        }
        for (name, value) in headers {
            ask = ask.with(name, value);
        }
        if let Some(body) = &body {
            ask = ask.json(body);
        }
        ask.await
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

/// Its window is over when it is over, for tokens that were given within it, too; its artist may go on.
#[tokio::test]
async fn a_token_ends_when_the_song_does() {
    let stage = Stage::new().await;
    let song = stage.make_ready("Song", None).await;
    let path = format!("/v1/songs/{}", song.id);
    let end = "2027-01-15T09:00:00Z";
    let changed = stage.patch(&path, &stage.artist, json!({"available_until": end})).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    for (user, ends) in [(&stage.listener, true), (&stage.artist, false), (&stage.admin, false)] {
        let granted = stage.ask("POST", &format!("{path}/playback"), Some(user), &[], None).await;
        assert_eq!(granted.status, 200, "{}", granted.body);
        assert_eq!(granted.body["expires_at"] == end, ends, "{}", granted.body);
    }
}

#[tokio::test]
async fn who_hears_of_a_song_in_which_state_from_where() {
    let stage = Stage::new().await;
    let song = stage.make_ready("Song", None).await;
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
        stage.patch(&path, &stage.artist, everything.clone()).await;
        let changed = stage.patch(&path, &stage.artist, change.clone()).await;
        assert_eq!(changed.status, 200, "{change}: {}", changed.body);
        for (country, seen) in [None, Some("AT"), Some("DE")].into_iter().zip(others) {
            let headers: Vec<_> =
                country.map(|country| ("x-country", country)).into_iter().collect();
            for (user, sees) in [
                (None, seen),
                (Some(&stage.listener), seen),
                (Some(&stage.other), seen),
                (Some(&stage.artist), true),
                (Some(&stage.admin), true),
            ] {
                let found = stage.ask("GET", &path, user, &headers, None).await;
                assert_eq!(
                    found.status,
                    if sees { 200 } else { 404 },
                    "{change} {country:?} {user:?}"
                );
                let listed = stage.ask("GET", "/v1/songs", user, &headers, None).await;
                assert_eq!(listed.body["songs"].as_array().unwrap().len(), usize::from(sees));
                let playback = format!("{path}/playback");
                let playback = stage.ask("POST", &playback, user, &headers, None).await;
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
    let stage = Stage::new().await;
    let song = stage.make_ready("Song", None).await;
    let path = format!("/v1/songs/{}/playback", song.id);
    let heard = async |user: &User| {
        let answer = stage.ask("POST", &path, Some(user), &[], None).await;
        let url = answer.body["hls"].as_str().unwrap().to_owned();
        let token = url.split('/').nth(5).unwrap();
        playback::open(&stage.playback_keys, token, stage.now()).unwrap().max_kbps
    };
    for (user, cap) in
        [(&stage.listener, 128), (&stage.other, 128), (&stage.artist, 320), (&stage.admin, 320)]
    {
        assert_eq!(heard(user).await, Kbps(cap), "{user:?}");
    }
    let account = format!("/v1/users/{}", stage.listener.id);
    for (plan, cap) in [("premium", 320), ("free", 128)] {
        let change = Some(json!({"plan": plan}));
        let changed = stage.ask("PATCH", &account, Some(&stage.admin), &[], change).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(heard(&stage.listener).await, Kbps(cap), "{plan}");
    }
}

#[tokio::test]
async fn of_two_editors_the_second_is_told() {
    let stage = Stage::new().await;
    let path = format!("/v1/songs/{}", stage.make_ready("Song", None).await.id);
    let tag = stage.get(&path, None).await.headers["etag"].to_str().unwrap().to_owned();
    let edit = async |tag: Option<&str>, title: &str| {
        let headers: Vec<_> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
        let change = Some(json!({"title": title}));
        stage.ask("PATCH", &path, Some(&stage.artist), &headers, change).await
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
    let now = stage.get(&path, None).await;
    assert_eq!(now.body["title"], "Third");
    let tag = now.headers["etag"].to_str().unwrap();
    assert_eq!(stage.ask("GET", &path, None, &[("if-none-match", tag)], None).await.status, 304);
}

#[tokio::test]
async fn who_may_change_what_and_what_is_refused() {
    let stage = Stage::new().await;
    let song = stage.make_ready("Song", None).await;
    let path = format!("/v1/songs/{}", song.id);
    for (user, status) in
        [(&stage.listener, 403), (&stage.other, 403), (&stage.artist, 200), (&stage.admin, 200)]
    {
        let answer = stage.patch(&path, user, json!({"explicit": true})).await;
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
        let answer = stage.patch(&path, &stage.artist, change.clone()).await;
        let wanted = (422, json!(field));
        assert_eq!(
            (answer.status, answer.body["field"].clone()),
            wanted,
            "{change}: {}",
            answer.body
        );
    }
    let unknown = stage.patch(&path, &stage.artist, json!({"colour": "red"})).await;
    assert_eq!(unknown.status, 422);
    let credits = json!([{"artist": "Somebody", "role": "main", "join_phrase": " & "},
                         {"artist": "AC/DC", "role": "featured"}]);
    let answer = stage
        .patch(&path, &stage.artist, json!({"credits": credits, "isrc": "at-a01-26-00001"}))
        .await;
    assert_eq!(answer.body["credits"][1]["artist"], "AC/DC");
    assert_eq!(answer.body["isrc"], "ATA012600001");
    let artist = answer.body["credits"][1]["artist_id"].as_str().unwrap().to_owned();
    for path in [format!("/v1/artists/{artist}/songs"), format!("/artist/{artist}/songs?limit=50")]
    {
        let songs = stage.get(&path, None).await;
        assert_eq!(songs.body["songs"][0]["id"], json!(song.id), "{path}: {}", songs.body);
    }
}

#[tokio::test]
async fn an_album_is_ordered_by_whoever_made_all_of_it() {
    let stage = Stage::new().await;
    let (a, b) =
        (stage.make_ready("A", Some("Album")).await, stage.make_ready("B", Some("Album")).await);
    let path = format!("/v1/albums/{}", a.album_id);
    let change = json!({"songs": [b.id, a.id], "upc": "036000291452"});
    assert_eq!(stage.patch(&path, &stage.other, change.clone()).await.status, 403);
    let album = stage.patch(&path, &stage.artist, change).await;
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
        let refused = stage.patch(&path, &stage.artist, change).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (422, &json!(field)),
            "{}",
            refused.body
        );
    }
    let draft = SongEdit { draft: Some(true), ..SongEdit::default() };
    let edition = stage.catalogue.songs().get(a.id).await.unwrap().unwrap().edition;
    stage.catalogue.songs().edit(a.id, edition, &draft).await.unwrap();
    let shown = stage.get(&path, None).await;
    assert_eq!(shown.body["songs"].as_array().unwrap().len(), 1, "{}", shown.body);
}

#[tokio::test]
async fn songs_and_artists_are_found() {
    let stage = Stage::new().await;
    let (song, old) =
        (stage.make_ready("Song", None).await, stage.make_ready("Sonata", None).await);
    stage.catalogue.trends().count(song.id).await.unwrap();
    for path in ["/v1/search?q=SO&type=song,artist&limit=20&offset=0", "/search?q=so"] {
        let found = stage.get(path, None).await;
        assert_eq!(found.body["songs"].as_array().unwrap().len(), 2, "{}", found.body);
        assert_eq!(found.body["artists"][0]["name"], "Somebody");
    }
    let found = stage.get("/search?q=so&type=song&limit=1&offset=1", None).await;
    assert_eq!((&found.body["songs"][0]["id"], found.body.get("artists")), (&json!(song.id), None));
    for path in ["/songs/trending?genre=folk&limit=50", "/v1/songs/trending"] {
        let played = stage.get(path, None).await;
        assert_eq!(played.body["songs"][0]["id"], json!(song.id), "{}", played.body);
        assert_eq!(played.body["songs"].as_array().unwrap().len(), 1);
    }
    let first = stage.get("/v1/songs/new?limit=1", None).await;
    assert_eq!(first.body["songs"][0]["id"], json!(old.id));
    let next = format!("/v1/songs/new?limit=1&after={}", first.body["next"].as_str().unwrap());
    assert_eq!(stage.get(&next, None).await.body["songs"][0]["id"], json!(song.id));
    let genres = stage.get("/v1/genres", None).await;
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
        let refused = stage.get(path, None).await;
        assert_eq!((refused.status, &refused.body["field"]), (422, &json!(field)), "{path}");
    }
    let nobody = "/v1/artists/0190d2a5-7c1e-7bbb-8123-000000000009";
    assert_eq!(stage.get(nobody, None).await.status, 404);
}

#[tokio::test]
async fn a_private_link_plays_a_draft_until_it_is_taken_back() {
    let stage = Stage::new().await;
    let song = stage.make_ready("Song", None).await;
    let path = format!("/v1/songs/{}", song.id);
    stage.patch(&path, &stage.artist, json!({"draft": true})).await;
    let links = format!("{path}/previews");
    assert_eq!(stage.ask("POST", &links, Some(&stage.other), &[], None).await.status, 404);
    let made = stage.ask("POST", &links, Some(&stage.artist), &[], None).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let link = format!("/v1/previews/{}", made.body["secret"].as_str().unwrap());
    assert!(made.body["url"].as_str().unwrap().ends_with(&link));
    let opened = stage.get(&link, None).await;
    assert_eq!((opened.status, &opened.body["song"]["id"]), (200, &json!(song.id)));
    let token = opened.body["playback"]["hls"].as_str().unwrap().split('/').nth(5).unwrap();
    let claims = playback::open(&stage.playback_keys, token, stage.now()).unwrap();
    let id = made.body["id"].as_str().unwrap();
    assert_eq!(claims.sub.to_string(), id, "the link is who listens");
    assert_eq!(stage.get(&links, Some(&stage.artist)).await.body["previews"][0]["id"], id);

    let mut edge = stage.bus.follow("edge-1".parse().unwrap());
    assert_eq!(edge.next().await, News::CaughtUp);
    let one = format!("{links}/{id}");
    assert_eq!(stage.ask("DELETE", &one, Some(&stage.artist), &[], None).await.status, 204);
    let News::Set { body, .. } = edge.next().await else { panic!("a revocation") };
    assert_eq!(body["revoked"]["user"], id, "what was opened with it ends");
    assert_eq!(stage.get(&link, None).await.status, 404);
    assert_eq!(stage.ask("DELETE", &one, Some(&stage.artist), &[], None).await.status, 404);
}

#[tokio::test]
async fn a_player_tells_of_its_own_playback_alone() {
    let stage = Stage::new().await;
    let song = stage.make_ready("Song", None).await;
    let path = format!("/v1/songs/{}/playback", song.id);
    let granted = stage.ask("POST", &path, Some(&stage.listener), &[], None).await;
    let again = stage.ask("POST", &path, Some(&stage.listener), &[], None).await;
    assert_eq!(granted.body["playback_id"], again.body["playback_id"], "one token, one playback");
    let events = format!("/v1/playbacks/{}/events", granted.body["playback_id"].as_str().unwrap());
    let play = json!({"event": "play", "position_ms": 1_000});
    let told = stage.ask("POST", &events, Some(&stage.listener), &[], Some(play.clone())).await;
    let wanted = json!({"playing": true, "position_ms": 1_000, "counted": false});
    assert_eq!((told.status, told.body), (200, wanted));
    assert_eq!(stage.ask("POST", &events, Some(&stage.other), &[], Some(play)).await.status, 404);
    for wrong in
        [json!({"event": "dance", "position_ms": 0}), json!({"event": "play", "position_ms": -1})]
    {
        let refused = stage.ask("POST", &events, Some(&stage.listener), &[], Some(wrong)).await;
        assert_eq!(refused.status, 422);
    }
}
