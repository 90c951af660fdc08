//! What is somebody's own, told to their devices as it changes.

use bus::Bus;
use catalogue::{Role, User};
use serde_json::{Value, json};
use service::Shutdown;

use crate::bench::upload_of;
use crate::stage::{Stage, next_event};

const EVENTS: &str = "/v1/users/me/events";

/// An event's name, id and data.
fn read(event: &str) -> (String, String, Value) {
    let field = |name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {event}")).trim().to_owned()
    };
    (field("event:"), field("id:"), serde_json::from_str(&field("data:")).unwrap())
}

struct Told(axum::body::Body, String);

impl Told {
    /// The next event's name and data.
    async fn next(&mut self) -> (String, Value) {
        let (name, id, data) = read(&next_event(&mut self.0).await.unwrap());
        self.1 = id;
        (name, data)
    }

    async fn greeted(stage: &Stage, who: &User) -> Self {
        let mut told = Self(stage.stream(EVENTS, who, None).await, String::new());
        for name in ["player", "library", "playlists"] {
            let (greeting, data) = told.next().await;
            assert_eq!(greeting, name);
            assert!(data["version"].is_u64(), "{data}");
        }
        told
    }
}

fn live(stage: &Stage) -> Shutdown {
    let (bus, shutdown) = (Bus::in_memory(), Shutdown::new());
    let follower = bus.follow("here".parse().unwrap());
    tokio::spawn(stage.api.live().clone().follow(
        stage.catalogue.clone(),
        follower,
        shutdown.clone(),
    ));
    let notices = stage.bus.clone();
    tokio::spawn(segue_api::relay(
        stage.catalogue.clone(),
        bus,
        notices,
        segue_api::Hooks::default(),
        shutdown.clone(),
    ));
    shutdown
}

#[tokio::test]
async fn one_device_hears_what_another_does() {
    let stage = Stage::new().await;
    let song = stage.song("a").await;
    stage.clock.advance(std::time::Duration::from_secs(60));
    let shutdown = live(&stage);
    let mut told = Told::greeted(&stage, &stage.ann).await;
    let eve = stage.user("eve", Role::Listener).await;
    let mut eves = Told::greeted(&stage, &eve).await;
    stage.ann(&format!("PUT /v1/users/me/likes/{song}"), Value::Null).await;
    assert_eq!(told.next().await, ("library".to_owned(), json!({"version": 1})));
    let player = json!({"song_id": song, "position_ms": 1, "playing": true});
    stage.ann("PUT /v1/users/me/playback", player).await;
    assert_eq!(told.next().await, ("player".to_owned(), json!({"version": 1})));
    let (_, made) = stage.ann("POST /v1/playlists", json!({"name": "Ours"})).await;
    assert_eq!(told.next().await, ("playlists".to_owned(), json!({"version": 1})));
    let of = |version: u64| json!({"id": made["id"], "version": version});
    assert_eq!(told.next().await, ("playlist".to_owned(), of(1)));
    let path = format!("/v1/playlists/{}", made["id"].as_str().unwrap());
    let (_, link) = stage.ann(&format!("POST {path}/links"), json!({"role": "editor"})).await;
    assert_eq!(told.next().await, ("playlist".to_owned(), of(2)));
    let mut bobs = Told::greeted(&stage, &stage.bob).await;
    let token = json!({"token": link["token"]});
    let join = stage.ask("POST /v1/memberships", Some(&stage.bob), token, &[]).await;
    assert_eq!(join.0, 200);
    assert_eq!(bobs.next().await, ("playlists".to_owned(), json!({"version": 1})));
    for member in [&mut bobs, &mut told] {
        assert_eq!(member.next().await, ("playlist".to_owned(), of(3)));
    }
    let put_out = format!("DELETE {path}/members/{}", stage.bob.id);
    assert_eq!(stage.ann(&put_out, Value::Null).await.0, 204);
    assert_eq!(bobs.next().await, ("playlists".to_owned(), json!({"version": 2})));
    assert_eq!(told.next().await, ("playlist".to_owned(), of(4)));
    // Nobody hears of what is another's: the first that Eve hears is her own.
    stage.ask(&format!("PUT /v1/users/me/likes/{song}"), Some(&eve), Value::Null, &[]).await;
    assert_eq!(eves.next().await, ("library".to_owned(), json!({"version": 1})));
    shutdown.begin();
}

#[tokio::test]
async fn an_artist_hears_how_an_upload_fares_and_whoever_comes_back_what_was_missed() {
    let stage = Stage::new().await;
    let shutdown = live(&stage);
    let mut told = Told::greeted(&stage, &stage.ann).await;
    let song = stage.accept(upload_of(&stage.ann, "a")).await.id;
    let of = |state: &str| ("song".to_owned(), json!({"id": song, "state": state}));
    assert_eq!(told.next().await, of("queued"));
    let job = stage.catalogue.jobs().claim(crate::bench::LEASE).await.unwrap().unwrap();
    stage.catalogue.jobs().fail(&job, "because").await.unwrap();
    // Claiming it is not told; what is told is how it stands.
    assert_eq!(told.next().await, of("failed"));
    let last = told.1.clone();
    drop(told);
    stage.clock.advance(std::time::Duration::from_secs(3_600));
    stage.ann("POST /v1/playlists", json!({"name": "Mine"})).await;
    stage.ann(&format!("PUT /v1/users/me/likes/{song}"), Value::Null).await;
    let mut back = Told(stage.stream(EVENTS, &stage.ann, Some(&last)).await, String::new());
    let mut missed = Vec::new();
    // The song was told, but so lately that it is told again.
    while missed.last().map(String::as_str) != Some("song") {
        missed.push(back.next().await.0);
    }
    assert_eq!(missed, ["library", "playlists", "playlist", "song"]);
    shutdown.begin();
}
