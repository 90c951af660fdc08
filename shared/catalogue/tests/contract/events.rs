//! The outbox, the inbox and duties.

use std::time::Duration;

use segue_catalogue::{Event, outbox};
use uuid::Uuid;

use crate::bench::{Bench, LEASE, packaged};
use crate::contract;

const KEPT_ON_THE_BUS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

contract![
    what_happens_is_told_in_its_order_until_it_was_told,
    what_was_not_told_is_kept,
    what_a_later_release_says_is_told_as_it_is,
    what_is_not_committed_is_not_told,
    whoever_waits_for_something_to_tell_is_woken,
    an_event_is_new_to_each_consumer_once,
    a_duty_has_one_holder_until_its_time_is_over,
];

async fn told(bench: &Bench) -> Vec<&'static str> {
    let pending = bench.catalogue.outbox().pending(100).await.unwrap();
    pending.iter().map(|happening| happening.event().unwrap().name()).collect()
}

async fn what_happens_is_told_in_its_order_until_it_was_told(bench: &Bench) {
    let song = bench.make_ready("First").await;
    let failing = bench.accept("Second").await;
    let job = bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
    bench.catalogue.jobs().fail(&job, "because").await.unwrap();
    let outbox = bench.catalogue.outbox();
    let first = outbox.pending(3).await.unwrap();
    let events: Vec<Event> = first.iter().map(|happening| happening.event().unwrap()).collect();
    let (artist, album) = (song.artist_id, song.album_id);
    let uploader = Some(bench.admin.id);
    assert_eq!(
        events,
        [
            Event::UserRegistered { user: bench.admin.id },
            Event::SongUploaded { song: song.id, uploader: bench.admin.id },
            Event::SongReady { song: song.id, uploader, artist, album },
        ]
    );
    outbox.note_told(&first, &[]).await.unwrap();
    let rest = outbox.pending(100).await.unwrap();
    assert_eq!(rest.len(), 2);
    assert_eq!(
        rest[1].event(),
        Some(Event::SongFailed { song: failing.id, uploader, reason: "because".to_owned() })
    );
    assert_eq!(rest[1].at_ms, 1_800_000_000_000);
    outbox.note_told(&rest, &[]).await.unwrap();
    assert!(told(bench).await.is_empty());
}

async fn what_was_not_told_is_kept(bench: &Bench) {
    let outbox = bench.catalogue.outbox();
    let first = outbox.pending(1).await.unwrap();
    outbox.note_told(&first, &[]).await.unwrap();
    bench.accept("First").await;
    bench.wait(KEPT_ON_THE_BUS * 2);
    outbox.sweep(KEPT_ON_THE_BUS).await.unwrap();
    assert_eq!(told(bench).await, ["song.uploaded"]);
}

async fn what_a_later_release_says_is_told_as_it_is(bench: &Bench) {
    bench
        .sql(
            "INSERT INTO outbox (id, name, about, payload, created_ms) SELECT id, 'song.hummed', id,
             '{\"event\":\"song.hummed\",\"by\":7}', 1 FROM users",
        )
        .await;
    let pending = bench.catalogue.outbox().pending(100).await.unwrap();
    let hummed = pending.last().unwrap();
    assert_eq!((hummed.event(), hummed.payload["by"].as_u64()), (None, Some(7)));
}

async fn what_is_not_committed_is_not_told(bench: &Bench) {
    let song = bench.accept("First").await;
    let job = bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
    bench.wait(LEASE);
    bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("taken over");
    bench.catalogue.jobs().complete(&job, &packaged(&song)).await.unwrap_err();
    assert_eq!(told(bench).await, ["user.registered", "song.uploaded"]);
}

async fn whoever_waits_for_something_to_tell_is_woken(bench: &Bench) {
    let catalogue = bench.catalogue.clone();
    // The bench itself has registered somebody.
    catalogue.outbox().filled().await;
    let waiting = tokio::spawn(async move { catalogue.outbox().filled().await });
    bench.accept("First").await;
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap().unwrap();
}

async fn an_event_is_new_to_each_consumer_once(bench: &Bench) {
    let (inbox, event) = (bench.catalogue.inbox(), Uuid::now_v7());
    assert!(!inbox.has_done("index", event).await.unwrap());
    assert!(inbox.note_done("index", event).await.unwrap());
    assert!(!inbox.note_done("index", event).await.unwrap());
    assert!(inbox.has_done("index", event).await.unwrap());
    assert!(!inbox.has_done("mail", event).await.unwrap());
    assert!(inbox.note_done("mail", event).await.unwrap());
    // What is said on the last day that it is kept in the outbox comes for as long again as the bus keeps it.
    bench.wait(outbox::KEPT + KEPT_ON_THE_BUS);
    bench.catalogue.outbox().sweep(KEPT_ON_THE_BUS).await.unwrap();
    assert!(inbox.has_done("index", event).await.unwrap());
    bench.wait(Duration::from_secs(1));
    bench.catalogue.outbox().sweep(KEPT_ON_THE_BUS).await.unwrap();
    assert!(!inbox.has_done("index", event).await.unwrap());
}

async fn a_duty_has_one_holder_until_its_time_is_over(bench: &Bench) {
    let duties = bench.catalogue.duties();
    let (ann, bob) = (Uuid::now_v7(), Uuid::now_v7());
    assert!(duties.hold("relay", ann, LEASE).await.unwrap());
    assert!(!duties.hold("relay", bob, LEASE).await.unwrap());
    assert!(duties.hold("sweep", bob, LEASE).await.unwrap());
    bench.wait(LEASE - Duration::from_secs(1));
    assert!(duties.hold("relay", ann, LEASE).await.unwrap(), "kept");
    bench.wait(Duration::from_secs(1));
    assert!(!duties.hold("relay", bob, LEASE).await.unwrap());
    bench.wait(LEASE);
    assert!(duties.hold("relay", bob, LEASE).await.unwrap());
    assert!(!duties.hold("relay", ann, LEASE).await.unwrap());
    duties.leave("relay", ann).await.unwrap();
    assert!(!duties.hold("relay", ann, LEASE).await.unwrap(), "it was not theirs to leave");
    duties.leave("relay", bob).await.unwrap();
    assert!(duties.hold("relay", ann, LEASE).await.unwrap());
    duties.take_over().await.unwrap();
    assert!(duties.hold("relay", bob, LEASE).await.unwrap());
}
