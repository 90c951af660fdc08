//! What is answered to all alike, and kept for a moment: never older than what its reader wrote or its process heard.

use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use bus::Bus;
use catalogue::{Catalogue, DatabaseUrl, Role, SongEdit, User};
use http_body_util::BodyExt;
use media::{SongId, SwitchingSets, Version};
use segue_api::{Api, Keys, Options};
use serde_json::{Value, json};
use service::Shutdown;
use testkit::manual_clock::ManualClock;
use testkit::postgres::PostgresServer;
use token::{SigningKey, VerifyingKeys};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use crate::bench::{ingest, upload_of};
use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(60);

/// How long an answer is kept by a process that hears of no change.
const MOMENT: Duration = Duration::from_secs(5);

/// One of several processes over one database and one bus.
struct Process {
    catalogue: Catalogue,
    api: Api,
    router: Router,
}

impl Process {
    async fn over(url: &DatabaseUrl, clock: &ManualClock, bus: &Bus) -> Self {
        let catalogue = Catalogue::open(url, clock.clock()).await.unwrap();
        let (access, playback) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let believed = VerifyingKeys::from(&playback);
        let keys = Keys { access, playback, believed };
        let options = Options::at("https://music.example/".parse().unwrap());
        let api = Api::new(catalogue.clone(), clock.clock(), options, keys, bus.clone()).unwrap();
        let router = segue_api::router(&api, ingest());
        Self { catalogue, api, router }
    }

    fn hear(&self, bus: &Bus, name: &str, shutdown: &Shutdown) {
        let events = bus.follow(name.parse().unwrap());
        tokio::spawn(self.api.live().clone().follow(
            self.catalogue.clone(),
            events,
            shutdown.clone(),
        ));
    }

    async fn titles(&self) -> Vec<String> {
        let request = Request::get("/v1/songs?limit=9").body(Body::empty()).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        titles(&serde_json::from_slice(&body).unwrap())
    }

    async fn rename(&self, song: SongId, title: &str) {
        let edition = self.catalogue.songs().get(song).await.unwrap().unwrap().edition;
        let edit = SongEdit { title: Some(title.parse().unwrap()), ..SongEdit::default() };
        self.catalogue.songs().edit(song, edition, &edit).await.unwrap();
    }

    async fn song(&self, uploader: &User, title: &str) -> SongId {
        let song = self.catalogue.songs().accept(&upload_of(uploader, title)).await.unwrap();
        let job = self.catalogue.jobs().claim(PATIENCE).await.unwrap().unwrap();
        let done = catalogue::Packaged {
            version: Version::of(&song.master, "recipe"),
            artist: song.artist_id,
            album: song.album_id,
            duration_ms: 60_000,
            sets: SwitchingSets::default(),
            dash: false,
            artwork: None,
        };
        self.catalogue.jobs().complete(&job, &done).await.unwrap();
        song.id
    }
}

fn titles(page: &Value) -> Vec<String> {
    let songs = page["songs"].as_array().unwrap().iter();
    songs.map(|song| song["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_shown_by_its_process_at_once_and_by_others_when_they_hear_of_it() {
    let server = PostgresServer::start();
    let url: DatabaseUrl = server.url().parse().unwrap();
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let (bus, shutdown) = (Bus::in_memory(), Shutdown::new());
    let [here, there, deaf] = [
        Process::over(&url, &clock, &bus).await,
        Process::over(&url, &clock, &bus).await,
        Process::over(&url, &clock, &bus).await,
    ];
    here.hear(&bus, "here", &shutdown);
    there.hear(&bus, "there", &shutdown);
    let ann = here.catalogue.users().create("ann", "hash", Role::Artist).await.unwrap();
    let song = here.song(&ann, "Dawn").await;
    for process in [&here, &there, &deaf] {
        assert_eq!(process.titles().await, ["Dawn"]);
    }
    here.rename(song, "Dusk").await;
    assert_eq!(here.titles().await, ["Dusk"]);
    assert_eq!(there.titles().await, ["Dawn"], "kept, since nobody has told it");
    let relay = segue_api::relay(
        here.catalogue.clone(),
        bus.clone(),
        Bus::in_memory(),
        segue_api::Hooks::default(),
        shutdown.clone(),
    );
    tokio::spawn(relay);
    let told = async {
        while there.titles().await != ["Dusk"] {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, told).await.expect("told, and time stands still");
    assert_eq!(deaf.titles().await, ["Dawn"]);
    clock.advance(MOMENT);
    assert_eq!(deaf.titles().await, ["Dusk"], "the moment is over");
    shutdown.begin();
}

#[tokio::test]
async fn whoever_may_see_more_is_answered_alone() {
    let stage = Stage::new().await;
    let song = stage.song("Kept back").await;
    let path = format!("/v1/songs/{song}");
    let show = async |who: Option<&User>| {
        let (status, headers, _) = stage.ask(&format!("GET {path}"), who, Value::Null, &[]).await;
        (status, headers.get("etag").map(|tag| tag.to_str().unwrap().to_owned()))
    };
    let (_, tag) = show(Some(&stage.bob)).await;
    let draft = json!({"draft": true});
    let if_match = [("if-match", tag.as_deref().unwrap())];
    let changed = stage.ask(&format!("PATCH {path}"), Some(&stage.ann), draft, &if_match).await;
    assert_eq!(changed.0, 200);
    for who in [Some(&stage.ann), Some(&stage.bob), None, Some(&stage.ann), Some(&stage.bob)] {
        let sees = who.is_some_and(|who| who.id == stage.ann.id);
        assert_eq!(show(who).await.0, if sees { 200 } else { 404 });
    }
    let list =
        async |who: &User| titles(&stage.ask("GET /v1/songs", Some(who), Value::Null, &[]).await.2);
    for _ in 0..2 {
        assert_eq!(list(&stage.ann).await, ["Kept back"]);
        assert!(list(&stage.bob).await.is_empty());
    }
}

#[tokio::test]
async fn countries_have_answers_of_their_own() {
    let stage = Stage::new().await;
    let song = stage.song("Here alone").await;
    let song = stage.catalogue.songs().get(song).await.unwrap().unwrap();
    let territories = Some("AT".parse().ok());
    let edit = SongEdit { territories, ..SongEdit::default() };
    stage.catalogue.songs().edit(song.id, song.edition, &edit).await.unwrap();
    for (country, seen) in [("AT", 1), ("DE", 0), ("AT", 1), ("DE", 0)] {
        let headers = [(crate::bench::COUNTRY, country)];
        let (_, _, page) = stage.ask("GET /v1/songs", None, Value::Null, &headers).await;
        assert_eq!(titles(&page).len(), seen, "{country}");
    }
}

#[tokio::test]
async fn whoever_has_an_answer_already_is_told_so() {
    let stage = Stage::new().await;
    let song = stage.song("Dawn").await;
    let album = stage.catalogue.songs().get(song).await.unwrap().unwrap().album_id;
    for path in [format!("/v1/songs/{song}"), format!("/v1/albums/{album}")] {
        for who in [None, Some(&stage.ann), Some(&stage.bob)] {
            let line = format!("GET {path}");
            let (_, headers, _) = stage.ask(&line, who, Value::Null, &[]).await;
            let tag = headers["etag"].to_str().unwrap();
            for (had, status) in [(tag, 304), ("*", 304), ("\"of another time\"", 200)] {
                let had = [("if-none-match", had)];
                let answer = stage.ask(&line, who, Value::Null, &had).await;
                assert_eq!(answer.0, status, "{path}");
                assert_eq!(answer.1["etag"], tag);
                assert_eq!(answer.2.is_null(), status == 304, "{path}");
            }
        }
    }
}

/// One song goes when another comes, at their own time: the album is not what it was, though nobody has edited anything.
#[tokio::test]
async fn an_album_of_other_songs_has_another_tag() {
    let stage = Stage::new().await;
    let noon = u64::try_from(stage.now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let noon = noon + 3_600_000;
    let (old, new) = (stage.song_on("Tones", "Old").await, stage.song_on("Tones", "New").await);
    let window = |from, until| SongEdit {
        available_from_ms: Some(from),
        available_until_ms: Some(until),
        ..SongEdit::default()
    };
    for (song, edit) in [(&old, window(None, Some(noon))), (&new, window(Some(noon), None))] {
        stage.catalogue.songs().edit(song.id, song.edition, &edit).await.unwrap();
    }
    let line = format!("GET /v1/albums/{}", old.album_id);
    let (_, headers, album) = stage.ask(&line, None, Value::Null, &[]).await;
    assert_eq!(titles(&album), ["Old"]);
    stage.clock.advance(Duration::from_secs(3_600));
    let had = [("if-none-match", headers["etag"].to_str().unwrap())];
    let (status, _, album) = stage.ask(&line, None, Value::Null, &had).await;
    assert_eq!((status, titles(&album)), (200, vec!["New".to_owned()]));
}
