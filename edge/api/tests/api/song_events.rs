//! How far a song has come, told to whoever uploaded it.

use std::time::Duration;

use bus::Bus;
use catalogue::Role;
use catalogue::progress::{Progress, Remark, Stage as Work};
use serde_json::{Value, json};
use service::Shutdown;

use crate::bench::upload_of;
use crate::stage::{Stage, next_event};

const LEASE: Duration = Duration::from_secs(60);

/// An event's name, id and data.
async fn read(stream: &mut axum::body::Body) -> (String, String, Value) {
    let event = next_event(stream).await.expect("an event");
    let field = |name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {event}")).trim().to_owned()
    };
    (field("event:"), field("id:"), serde_json::from_str(&field("data:")).unwrap())
}

fn at(stage: Work, percent: u8) -> Progress {
    Progress { stage, percent: Some(percent), realtime_factor: Some(20.5) }
}

#[tokio::test]
async fn a_song_is_followed_from_the_queue_to_its_end() {
    let stage = Stage::new().await;
    let (events, shutdown) = (Bus::in_memory(), Shutdown::new());
    tokio::spawn(stage.api.live().clone().overhear(events.clone(), shutdown.clone()));
    let jobs = stage.catalogue.jobs();
    stage.accept(upload_of(&stage.ann, "first")).await;
    stage.clock.advance(Duration::from_millis(5));
    let song = stage.accept(upload_of(&stage.ann, "second")).await.id;
    let path = format!("/v1/songs/{song}/events");
    let mut told = stage.stream(&path, &stage.ann, None).await;
    let (name, id, data) = read(&mut told).await;
    assert_eq!((&*name, data), ("queued", json!({"state": "queued", "position": 2})));

    let first = jobs.claim(LEASE).await.unwrap().unwrap();
    let (_, _, data) = read(&mut told).await;
    assert_eq!(data["position"], 1, "nobody said a word, and it has moved up");
    jobs.fail(&first, "because").await.unwrap();

    let job = jobs.claim(LEASE).await.unwrap().unwrap();
    assert_eq!(job.song, song);
    stage.catalogue.progress().note(&job, &at(Work::Transcoding, 12)).await.unwrap();
    let (name, _, data) = read(&mut told).await;
    let wanted = json!({"state": "processing", "stage": "transcoding", "percent": 12,
                        "realtime_factor": 20.5});
    assert_eq!((&*name, data), ("processing", wanted));

    // What is remarked is heard, and told to whoever comes late.
    let remark = Remark { song, attempt: job.attempt, progress: at(Work::Transcoding, 40) };
    events.remark(serde_json::to_value(remark).unwrap()).await;
    let (_, forty, data) = read(&mut told).await;
    assert_eq!(data["percent"], 40);
    let mut late = stage.stream(&path, &stage.ann, Some(&id)).await;
    assert_eq!(read(&mut late).await.2["percent"], 40);
    let mut back = stage.stream(&path, &stage.ann, Some(&forty)).await;

    jobs.fail(&job, "the file is damaged").await.unwrap();
    for stream in [&mut told, &mut late, &mut back] {
        let (name, id, data) = read(stream).await;
        let wanted = json!({"state": "failed", "error": "the file is damaged"});
        assert_eq!((&*name, &*id, data), ("failed", "failed", wanted));
        assert_eq!(next_event(stream).await, None, "that was the last word");
    }
    // A browser comes back by itself, until it is told that nothing more comes.
    let again = [("last-event-id", "failed")];
    let (status, _, _) =
        stage.ask(&format!("GET {path}"), Some(&stage.ann), Value::Null, &again).await;
    assert_eq!(status, 204);
    shutdown.begin();
}

#[tokio::test]
async fn only_its_uploader_and_admins_follow_a_song() {
    let stage = Stage::new().await;
    let song = stage.song("ready").await;
    let queued = stage.accept(upload_of(&stage.ann, "queued")).await.id;
    let path = |song| format!("GET /v1/songs/{song}/events");
    let eve = stage.user("eve", Role::Artist).await;
    let ask = async |song, who| stage.ask(&path(song), who, Value::Null, &[]).await.0;
    assert_eq!((ask(song, None).await, ask(song, Some(&stage.bob)).await), (401, 403));
    assert_eq!((ask(song, Some(&eve)).await, ask(queued, Some(&eve)).await), (403, 404));
    let admin = stage.user("root", Role::Admin).await;
    let path = format!("/v1/songs/{song}/events");
    let mut told = stage.stream(&path, &admin, None).await;
    assert_eq!(read(&mut told).await.0, "ready");
    assert_eq!(next_event(&mut told).await, None);
}
