//! Plays: what players tell, counted once.

use std::time::Duration;

use media::SongId;
use segue_catalogue::playbacks::Report::{self, Heartbeat, Pause, Play, Seek, Stop};
use segue_catalogue::playbacks::Told;
use segue_catalogue::{Device, Event};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;

contract![
    half_a_minute_of_distinct_position_is_one_play,
    nobody_hears_faster_than_time_passes,
    a_short_song_counts_when_all_of_it_was_heard,
    reports_at_once_count_once,
    a_new_playback_is_no_new_play,
];

/// A song of a minute that is being played.
async fn opened(bench: &Bench) -> (SongId, Uuid) {
    let song = bench.make_ready("Song").await.id;
    bench.sql("UPDATE versions SET duration_ms = 60000").await;
    let id = Uuid::now_v7();
    bench.catalogue.playbacks().open(id, bench.admin.id, song).await.unwrap();
    bench.catalogue.playbacks().open(id, bench.admin.id, song).await.unwrap();
    (song, id)
}

/// Waits some seconds, then tells; whether it counts now.
async fn tell(bench: &Bench, id: Uuid, wait: u64, report: Report, position: u64) -> bool {
    bench.wait(Duration::from_secs(wait));
    let playbacks = bench.catalogue.playbacks();
    let told = telling(report, position);
    playbacks.report(id, bench.admin.id, &told).await.unwrap().unwrap().counted
}

/// By a device without a name, in seconds.
fn telling(report: Report, position: u64) -> Told {
    Told { report, position_ms: position * 1_000, device: Device::default(), queue: None }
}

async fn plays(bench: &Bench, song: SongId) -> u64 {
    bench.catalogue.trends().plays(song, 1).await.unwrap()
}

async fn half_a_minute_of_distinct_position_is_one_play(bench: &Bench) {
    let (song, id) = opened(bench).await;
    assert!(!tell(bench, id, 0, Play, 0).await);
    assert!(!tell(bench, id, 20, Heartbeat, 20).await);
    assert!(!tell(bench, id, 0, Seek(None), 5).await);
    assert!(!tell(bench, id, 15, Heartbeat, 20).await, "heard before");
    assert!(!tell(bench, id, 5, Pause, 25).await);
    assert!(!tell(bench, id, 60, Play, 50).await, "nothing is heard while it pauses");
    assert!(tell(bench, id, 5, Heartbeat, 55).await);
    assert!(tell(bench, id, 5, Heartbeat, 60).await);
    assert!(tell(bench, id, 0, Stop, 60).await);
    assert_eq!(plays(bench, song).await, 1);
    let told = bench.catalogue.outbox().pending(100).await.unwrap();
    let names: Vec<_> = told.iter().map(|told| told.event().unwrap().name()).skip(3).collect();
    let started = "playback.started";
    let wanted = [started, "playback.moved", "playback.paused", started, "playback.stopped"];
    assert_eq!(names, wanted);
    assert!(
        matches!(told[3].event(), Some(Event::PlaybackStarted { user, song: of }) if user == bench.admin.id && of == song)
    );
    let other =
        bench.catalogue.users().create("ann", "hash", segue_catalogue::Role::Listener).await;
    let other = other.unwrap().id;
    let foreign = bench.catalogue.playbacks().report(id, other, &telling(Play, 0)).await.unwrap();
    assert_eq!(foreign, None, "somebody else's");
}

async fn nobody_hears_faster_than_time_passes(bench: &Bench) {
    let (song, id) = opened(bench).await;
    tell(bench, id, 0, Play, 0).await;
    assert!(!tell(bench, id, 2, Heartbeat, 60).await, "a leap is nothing heard");
    tell(bench, id, 0, Seek(None), 0).await;
    for second in 1..=40 {
        assert!(!tell(bench, id, 0, Heartbeat, second).await, "slack does not add up");
    }
    assert_eq!(plays(bench, song).await, 0);
}

async fn a_short_song_counts_when_all_of_it_was_heard(bench: &Bench) {
    let (song, id) = opened(bench).await;
    bench.sql("UPDATE versions SET duration_ms = 9000").await;
    tell(bench, id, 0, Play, 0).await;
    assert!(!tell(bench, id, 8, Heartbeat, 8).await);
    assert!(tell(bench, id, 1, Stop, 10).await);
    assert_eq!(plays(bench, song).await, 1);
}

async fn reports_at_once_count_once(bench: &Bench) {
    let (song, id) = opened(bench).await;
    tell(bench, id, 0, Play, 0).await;
    let other = bench.opened_again().await;
    bench.wait(Duration::from_secs(31));
    let (ours, theirs) = (bench.catalogue.playbacks(), other.playbacks());
    let user = bench.admin.id;
    let (beat, stop) = (telling(Heartbeat, 31), telling(Stop, 31));
    let (one, two, three) = tokio::join!(
        ours.report(id, user, &beat),
        theirs.report(id, user, &beat),
        ours.report(id, user, &stop),
    );
    for report in [one, two, three] {
        assert!(report.unwrap().unwrap().counted);
    }
    assert_eq!(plays(bench, song).await, 1);
    other.close().await;
}

async fn a_new_playback_is_no_new_play(bench: &Bench) {
    let (song, first) = opened(bench).await;
    let second = Uuid::now_v7();
    bench.catalogue.playbacks().open(second, bench.admin.id, song).await.unwrap();
    for id in [first, second] {
        tell(bench, id, 0, Play, 0).await;
    }
    assert!(tell(bench, first, 31, Heartbeat, 31).await);
    assert!(tell(bench, second, 0, Heartbeat, 31).await, "heard, but not again");
    assert_eq!(plays(bench, song).await, 1);
    bench.wait(Duration::from_secs(6 * 60 * 60));
    let third = Uuid::now_v7();
    bench.catalogue.playbacks().open(third, bench.admin.id, song).await.unwrap();
    tell(bench, third, 0, Play, 0).await;
    assert!(tell(bench, third, 31, Heartbeat, 31).await);
    assert_eq!(plays(bench, song).await, 2);
}
