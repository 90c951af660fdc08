//! Songs that are taken down and put back: who may, who knows of it, and that edges hear of it whatever dies.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use bus::{Bus, Name};
use catalogue::{Catalogue, DatabaseUrl, Role, SongState, User};
use invalidation::hearing::Hearing;
use invalidation::{Notice, hear};
use media::SongId;
use origin::SurrogateKey;
use serde_json::{Value, json};
use service::Shutdown;
use testkit::manual_clock::ManualClock;
use testkit::nats::NatsServer;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, timeout};

use crate::bench::upload_of;
use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(60);

/// An edge that takes to heart what it hears.
pub(crate) struct Edge(UnboundedReceiver<Heard>);

#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    Notice(Notice),
    CaughtUp,
}

impl Edge {
    pub(crate) fn starts(name: &'static str, bus: &Bus) -> Self {
        let (told, heard) = unbounded_channel();
        let name: Name = name.parse().unwrap();
        let mut follower = bus.follow(name);
        tokio::spawn(async move {
            let hearing = |hearing| {
                if hearing == Hearing::CaughtUp {
                    drop(told.send(Heard::CaughtUp));
                }
            };
            hear(&mut follower, |notice| drop(told.send(Heard::Notice(notice))), hearing).await;
        });
        Self(heard)
    }

    pub(crate) async fn next(&mut self) -> Heard {
        timeout(PATIENCE, self.0.recv()).await.expect("news").unwrap()
    }
}

fn down(song: SongId) -> Heard {
    Heard::Notice(Notice::Withdraw(SurrogateKey::Song(song)))
}

fn back(song: SongId) -> Heard {
    Heard::Notice(Notice::Restore(SurrogateKey::Song(song)))
}

pub(crate) fn relay(stage: &Stage) -> Shutdown {
    let (events, notices) = (Bus::in_memory(), stage.bus.clone());
    let shutdown = Shutdown::new();
    let relay = segue_api::relay(
        stage.catalogue.clone(),
        events,
        notices,
        segue_api::Hooks::default(),
        shutdown.clone(),
    );
    tokio::spawn(relay);
    shutdown
}

/// The receipts of a notice, once it was said and all edges have it.
pub(crate) async fn complete(stage: &Stage, admin: &User, notice: &str) -> Value {
    let receipts = format!("GET /v1/purges/{notice}");
    let complete = async {
        loop {
            let shown = stage.bench.ask(&receipts).by(admin).await;
            if shown.body["complete"] == true {
                break shown.body;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, complete).await.expect("a receipt")
}

#[tokio::test]
async fn what_is_taken_down_is_there_for_its_uploader_and_admins_alone() {
    let stage = Stage::new().await;
    let (admin, eve) =
        (stage.user("admin", Role::Admin).await, stage.user("eve", Role::Artist).await);
    let song = stage.make_ready(upload_of(&stage.ann, "Song")).await;
    let path = format!("/v1/songs/{}", song.id);
    let (playback, restoration) = (format!("{path}/playback"), format!("{path}/restoration"));
    let (_, link) = stage.ann(&format!("POST {path}/previews"), Value::Null).await;
    let link = format!("/v1/previews/{}", link["secret"].as_str().unwrap());
    let album = format!("/v1/albums/{}", song.album_id);
    // Whether others find it, by whatever way, and what they are told who would play it.
    let holds = async |is_there: bool| {
        let found = if is_there { 200 } else { 404 };
        for who in [None, Some(&stage.bob), Some(&eve)] {
            for line in [&path, &album, &link] {
                let (status, _, body) =
                    stage.ask(&format!("GET {line}"), who, Value::Null, &[]).await;
                assert_eq!(status, found, "{line}: {body}");
            }
            let (_, _, listed) = stage.ask("GET /v1/songs", who, Value::Null, &[]).await;
            assert_eq!(listed["songs"].as_array().unwrap().len(), usize::from(is_there));
            let (_, _, sought) = stage.ask("GET /v1/search?q=so", who, Value::Null, &[]).await;
            assert_eq!(sought["songs"].as_array().unwrap().len(), usize::from(is_there));
        }
        for (who, refused) in [(&stage.bob, 404), (&eve, 404), (&stage.ann, 409), (&admin, 409)] {
            let answer = stage.bench.ask(&format!("POST {playback}")).by(who).await;
            assert_eq!(answer.status, if is_there { 200 } else { refused }, "{answer:?}");
            assert!(answer.status != 409 || answer.problem() == "withdrawn", "{answer:?}");
        }
        for who in [&stage.ann, &admin] {
            let shown = stage.bench.ask(&format!("GET {path}")).by(who).await;
            let state = if is_there { "ready" } else { "withdrawn" };
            assert_eq!((shown.status, &shown.body["state"]), (200, &json!(state)));
        }
    };
    holds(true).await;
    for (who, kind) in [(&stage.bob, "artists-only"), (&eve, "not-yours")] {
        let refused = stage.bench.ask(&format!("DELETE {path}")).by(who).await;
        assert_eq!((refused.status, refused.problem()), (403, kind));
    }
    for (taker, giver) in [(&stage.ann, &admin), (&admin, &stage.ann)] {
        let taken = stage.bench.ask(&format!("DELETE {path}")).by(taker).await;
        assert_eq!((taken.status, &taken.body["state"]), (200, &json!("withdrawn")), "{taken:?}");
        holds(false).await;
        let refused = stage.bench.ask(&format!("POST {restoration}")).by(&eve).await;
        assert_eq!(refused.status, 404);
        let given = stage.bench.ask(&format!("POST {restoration}")).by(giver).await;
        assert_eq!((given.status, &given.body["state"]), (200, &json!("ready")), "{given:?}");
        assert_ne!(given.body["notice"], taken.body["notice"]);
        holds(true).await;
    }
}

#[tokio::test]
async fn whoever_insists_on_what_they_have_read_changes_nothing_else() {
    let stage = Stage::new().await;
    let path = format!("/v1/songs/{}", stage.song("Song").await);
    let ask = async |line: String, tag: Option<&str>| {
        let headers: Vec<_> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
        let (status, headers, body) =
            stage.ask(&line, Some(&stage.ann), Value::Null, &headers).await;
        let tag = headers.get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        (status, tag, body["notice"].clone())
    };
    let (take, give) = (|| format!("DELETE {path}"), || format!("POST {path}/restoration"));
    let (_, first, _) = ask(format!("GET {path}"), None).await;
    assert_eq!(ask(take(), Some("\"0\"")).await.0, 412);
    let down = ask(take(), first.as_deref()).await;
    assert_eq!(down.0, 200);
    // Whoever asks again, since no answer came, hears the same.
    assert_eq!(ask(take(), first.as_deref()).await, down);
    assert_eq!(ask(take(), None).await, down);
    assert_eq!(ask(give(), first.as_deref()).await.0, 412);
    let back = ask(give(), down.1.as_deref()).await;
    assert_eq!(back.0, 200);
    assert_eq!(ask(give(), down.1.as_deref()).await, back);
    assert_eq!(ask(give(), None).await, back);
}

#[tokio::test]
async fn every_edge_hears_of_it_and_admins_see_which_has() {
    let stage = Stage::new().await;
    let admin = stage.user("admin", Role::Admin).await;
    let song = stage.song("Song").await;
    let mut edge = Edge::starts("edge-1", &stage.bus);
    assert_eq!(edge.next().await, Heard::CaughtUp);
    let shutdown = relay(&stage);
    for (line, heard) in [
        (format!("DELETE /v1/songs/{song}"), down(song)),
        (format!("POST /v1/songs/{song}/restoration"), back(song)),
    ] {
        let (_, answer) = stage.ann(&line, Value::Null).await;
        assert_eq!(edge.next().await, heard);
        let notice = answer["notice"].as_str().unwrap();
        let shown = complete(&stage, &admin, notice).await;
        assert_eq!(shown["acknowledged"][0]["edge"], "edge-1", "{shown}");
        if line.starts_with("DELETE") {
            let mut late = Edge::starts("edge-2", &stage.bus);
            assert_eq!(late.next().await, down(song), "before it serves anybody");
            assert_eq!(late.next().await, Heard::CaughtUp);
        }
    }
    shutdown.begin();
}

/// A process that died between its commit and the saying, or between the saying and the noting.
#[tokio::test]
async fn what_was_committed_is_said_by_whoever_comes_after() {
    let stage = Stage::new().await;
    let admin = stage.user("admin", Role::Admin).await;
    let song = stage.song("Song").await;
    let mut edge = Edge::starts("edge-1", &stage.bus);
    assert_eq!(edge.next().await, Heard::CaughtUp);
    let (take, give) =
        (format!("DELETE /v1/songs/{song}"), format!("POST /v1/songs/{song}/restoration"));
    let mut notices = Vec::new();
    for line in [&take, &give, &take] {
        let (status, answer) = stage.ann(line, Value::Null).await;
        assert_eq!(status, 200);
        notices.push(answer["notice"].as_str().unwrap().to_owned());
    }
    let unsaid = stage.bench.ask(&format!("GET /v1/purges/{}", notices[0])).by(&admin).await;
    assert_eq!((unsaid.status, unsaid.problem()), (404, "no-such-notice"));
    let first = Notice::Withdraw(SurrogateKey::Song(song));
    first.say_as(notices[0].parse().unwrap(), &stage.bus).await.unwrap();
    assert_eq!(edge.next().await, down(song));
    let shutdown = relay(&stage);
    complete(&stage, &admin, &notices[2]).await;
    let said = stage.bench.ask(&format!("GET /v1/purges/{}", notices[1])).by(&admin).await;
    assert_eq!(said.status, 200, "said in its turn");
    // A word that another has overtaken need not have been heard.
    let mut last = edge.next().await;
    while let Ok(heard) = edge.0.try_recv() {
        last = heard;
    }
    assert_eq!(last, down(song));
    let mut late = Edge::starts("edge-2", &stage.bus);
    assert_eq!(late.next().await, down(song));
    assert_eq!(late.next().await, Heard::CaughtUp);
    shutdown.begin();
}

/// Relays die in the middle, and once the server does: the last word on each song is the last that was committed.
#[tokio::test]
async fn over_nats_the_last_word_is_the_last_change_however_often_a_relay_dies() {
    const SONGS: usize = 12;
    const MOST_CHANGES: usize = 9;
    let (folder, mut nats) = (tempfile::tempdir().unwrap(), NatsServer::start());
    let url = DatabaseUrl::Sqlite(folder.path().join("catalogue.sqlite"));
    let clock = ManualClock::at(SystemTime::now());
    let catalogue = Catalogue::open(&url, clock.clock()).await.unwrap();
    let ann = catalogue.users().create("ann", "hash", Role::Artist).await.unwrap();
    let songs = catalogue.songs();
    let mut ids = Vec::new();
    for number in 0..SONGS {
        ids.push(songs.accept(&upload_of(&ann, &format!("Song {number}"))).await.unwrap().id);
    }
    for change in 0..MOST_CHANGES {
        // Every other one has one change less, and ends restored.
        for (_, id) in
            ids.iter().enumerate().filter(|(number, _)| change + number % 2 < MOST_CHANGES)
        {
            if songs.get(*id).await.unwrap().unwrap().state == SongState::Withdrawn {
                songs.restore(*id, None).await.unwrap();
            } else {
                songs.withdraw(*id, None).await.unwrap();
            }
        }
    }
    let notices = Bus::connect(&nats.url(), &"notices".parse().unwrap()).await.unwrap();
    let mut deaths: u64 = 0;
    while !catalogue.outbox().pending(1).await.unwrap().is_empty() {
        let (events, notices) = (Bus::in_memory(), notices.clone());
        let relay = segue_api::relay(
            catalogue.clone(),
            events,
            notices,
            segue_api::Hooks::default(),
            Shutdown::new(),
        );
        let relay = tokio::spawn(relay);
        sleep(Duration::from_millis(5 + 20 * deaths)).await;
        if deaths == 2 {
            nats.resume();
        }
        relay.abort();
        // What it held is free.
        clock.advance(Duration::from_secs(60));
        deaths += 1;
    }
    let mut edge = Edge::starts("edge-1", &notices);
    let mut last = HashMap::new();
    loop {
        match edge.next().await {
            Heard::CaughtUp => break,
            Heard::Notice(Notice::Withdraw(SurrogateKey::Song(song))) => last.insert(song, true),
            Heard::Notice(Notice::Restore(SurrogateKey::Song(song))) => last.insert(song, false),
            Heard::Notice(other) => panic!("{other:?}"),
        };
    }
    for (number, id) in ids.into_iter().enumerate() {
        // Whoever starts need not be told of what stands no longer.
        assert_eq!(last.get(&id).copied().unwrap_or_default(), number % 2 == 0, "{id}");
    }
}
