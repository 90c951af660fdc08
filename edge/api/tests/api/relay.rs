//! What happens in the catalogue is said on the bus.

use std::time::Duration;

use bus::{Bus, News};
use catalogue::{Catalogue, DatabaseUrl, Event, Role};
use service::{Clock, Shutdown};
use tokio::time::timeout;

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
    let relay = segue_api::relay(catalogue.clone(), bus.clone(), shutdown.clone());
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
    let relay = tokio::spawn(segue_api::relay(catalogue.clone(), bus.clone(), shutdown.clone()));
    assert_eq!(heard(&mut follower).await, Event::UserRegistered { user: ann.id });
    assert_eq!(heard(&mut follower).await, Event::UserRegistered { user: bob.id });
    shutdown.begin();
    relay.await.unwrap();
}
