//! What happens in the catalogue is said on the bus.

use std::time::Duration;

use bus::{Bus, News};
use catalogue::{Catalogue, DatabaseUrl, Event, Role};
use media::UserId;
use service::{Clock, Shutdown};
use testkit::manual_clock::ManualClock;
use testkit::nats::NatsServer;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);

async fn heard(bus: &mut bus::Follower) -> Event {
    loop {
        let news = timeout(PATIENCE, bus.next()).await.expect("news");
        if let News::Passed { body, .. } = news {
            return serde_json::from_value(body).expect("an event");
        }
    }
}

#[tokio::test]
async fn what_happens_is_said_in_its_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("catalogue.sqlite"));
    let catalogue = Catalogue::open(&url, Clock::system()).await.unwrap();
    // Before anybody tells it, and while somebody does.
    let ann = catalogue.users().create("ann", "hash", Role::Artist).await.unwrap();
    let (bus, shutdown) = (Bus::in_memory(), Shutdown::new());
    let mut follower = bus.follow("index".parse().unwrap());
    let notices = Bus::in_memory();
    let relay = segue_api::relay(
        catalogue.clone(),
        bus.clone(),
        notices,
        segue_api::Hooks::default(),
        shutdown.clone(),
    );
    let relay = tokio::spawn(relay);
    assert_eq!(heard(&mut follower).await, Event::UserRegistered { user: ann.id });
    for name in ["bob", "eve"] {
        let user = catalogue.users().create(name, "hash", Role::Listener).await.unwrap();
        assert_eq!(heard(&mut follower).await, Event::UserRegistered { user: user.id });
    }
    shutdown.begin();
    relay.await.unwrap();
    assert_eq!(catalogue.outbox().pending(9).await.unwrap(), []);
}

#[tokio::test]
async fn what_was_said_but_not_noted_is_said_again_under_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("catalogue.sqlite"));
    let catalogue = Catalogue::open(&url, Clock::system()).await.unwrap();
    let ann = catalogue.users().create("ann", "hash", Role::Artist).await.unwrap();
    let (bus, shutdown) = (Bus::in_memory(), Shutdown::new());
    // A relay that died between saying and noting.
    let said = catalogue.outbox().pending(9).await.unwrap();
    bus.pass(said[0].id.into(), said[0].payload.clone()).await.unwrap();
    let bob = catalogue.users().create("bob", "hash", Role::Listener).await.unwrap();
    let mut follower = bus.follow("index".parse().unwrap());
    let notices = Bus::in_memory();
    let relay = segue_api::relay(
        catalogue.clone(),
        bus.clone(),
        notices,
        segue_api::Hooks::default(),
        shutdown.clone(),
    );
    let relay = tokio::spawn(relay);
    assert_eq!(heard(&mut follower).await, Event::UserRegistered { user: ann.id });
    assert_eq!(heard(&mut follower).await, Event::UserRegistered { user: bob.id });
    shutdown.begin();
    relay.await.unwrap();
}

/// Relays die in the middle, and once the server does: over NATS everything arrives once, in its order.
#[tokio::test]
async fn over_nats_each_event_arrives_once_however_often_its_relay_dies() {
    const USERS: usize = 200;
    let (folder, mut nats) = (tempfile::tempdir().unwrap(), NatsServer::start());
    let url = DatabaseUrl::Sqlite(folder.path().join("catalogue.sqlite"));
    let clock = ManualClock::at(std::time::SystemTime::now());
    let catalogue = Catalogue::open(&url, clock.clock()).await.unwrap();
    let mut made = Vec::new();
    for number in 0..USERS {
        let name = format!("user{number}");
        made.push(catalogue.users().create(&name, "hash", Role::Listener).await.unwrap().id);
    }
    let bus = Bus::connect(&nats.url(), &"events".parse().unwrap()).await.unwrap();
    let mut follower = bus.follow("index".parse().unwrap());
    let mut deaths: u64 = 0;
    while !catalogue.outbox().pending(1).await.unwrap().is_empty() {
        let relay = segue_api::relay(
            catalogue.clone(),
            bus.clone(),
            Bus::in_memory(),
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
    let mut arrived: Vec<(Uuid, UserId)> = Vec::new();
    while arrived.len() < USERS {
        let news = timeout(PATIENCE, follower.next()).await.expect("news");
        let News::Passed { id, body, .. } = news else { continue };
        let Ok(Event::UserRegistered { user }) = serde_json::from_value(body) else {
            panic!("another event")
        };
        let id: Uuid = id.to_string().parse().unwrap();
        assert!(catalogue.inbox().note_done("index", id).await.unwrap(), "{id} came twice");
        arrived.push((id, user));
    }
    let users: Vec<UserId> = arrived.iter().map(|(_, user)| *user).collect();
    assert_eq!(users, made);
    // Whoever reads all of it anew does nothing twice.
    let mut again = bus.follow("index-anew".parse().unwrap());
    for (id, _) in &arrived {
        while !matches!(timeout(PATIENCE, again.next()).await, Ok(News::Passed { .. })) {}
        assert!(!catalogue.inbox().note_done("index", *id).await.unwrap());
    }
}
