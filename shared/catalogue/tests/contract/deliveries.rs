//! What external caches are to be told.

use std::time::Duration;

use origin::{PathPrefix, Purge, PurgeTarget, SongFolder, SurrogateKey};
use segue_catalogue::{Delivery, DeliveryState, NewDelivery};
use uuid::Uuid;

use crate::bench::{Bench, LEASE, packaged};
use crate::contract;

/// How long a hook waits for those further in.
const PATIENCE: Duration = Duration::from_secs(30);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

contract![
    a_delivery_is_one_claimants_until_it_is_done,
    who_dies_with_it_leaves_it_to_others,
    what_is_put_in_twice_is_in_once,
    what_was_told_goes_in_with_the_note_of_it,
    what_fails_comes_back_later_and_dies_in_the_end,
    who_is_further_out_waits_but_not_for_ever,
    who_was_told_too_early_is_told_again,
    what_is_over_is_forgotten,
    folders_of_what_was_packaged_are_known,
];

fn new(hook: &str, stage: u8, event: u128) -> NewDelivery {
    let key = "song:0190d2a5-7c1e-7bbb-8123-000000000003".parse().unwrap();
    NewDelivery {
        hook: hook.to_owned(),
        stage,
        event: Uuid::from_u128(event),
        cause: "song.withdrawn".to_owned(),
        purge: Purge::of(PurgeTarget::Key(key)),
    }
}

async fn add(bench: &Bench, deliveries: &[NewDelivery]) {
    bench.catalogue.deliveries().add(deliveries).await.unwrap();
}

async fn due(bench: &Bench, hook: &str) -> Vec<Delivery> {
    bench.catalogue.deliveries().due(hook, PATIENCE, 10).await.unwrap()
}

async fn claimed(bench: &Bench, hook: &str) -> Vec<Delivery> {
    bench.catalogue.deliveries().claim(due(bench, hook).await, LEASE).await.unwrap()
}

/// State and round of what has become of an event, hook by hook.
async fn state(bench: &Bench, event: u128) -> Vec<(String, DeliveryState, u32)> {
    let all = bench.catalogue.deliveries().of(Uuid::from_u128(event)).await.unwrap();
    all.into_iter().map(|delivery| (delivery.hook, delivery.state, delivery.round)).collect()
}

async fn a_delivery_is_one_claimants_until_it_is_done(bench: &Bench) {
    add(bench, &[new("a", 1, 1), new("a", 1, 2), new("b", 1, 1)]).await;
    let seen = due(bench, "a").await;
    assert_eq!(seen.len(), 2);
    assert_eq!((seen[0].event, seen[0].cause.as_str()), (Uuid::from_u128(1), "song.withdrawn"));
    assert_eq!(seen[0].purge, new("a", 1, 1).purge);
    let deliveries = bench.catalogue.deliveries();
    let mine = deliveries.claim(seen.clone(), LEASE).await.unwrap();
    assert_eq!(mine.len(), 2);
    assert_eq!(deliveries.claim(seen.clone(), LEASE).await.unwrap(), [], "both are taken");
    assert_eq!(due(bench, "a").await, []);
    deliveries.done(&seen[1..]).await.unwrap();
    assert_eq!(state(bench, 2).await, [("a".to_owned(), DeliveryState::Open, 0)], "not theirs");
    deliveries.done(&mine[1..]).await.unwrap();
    assert_eq!(state(bench, 2).await, [("a".to_owned(), DeliveryState::Done, 0)]);
    deliveries.put_off(&mine, Duration::from_secs(3)).await.unwrap();
    assert_eq!(due(bench, "a").await, []);
    bench.wait(Duration::from_secs(3));
    let again = due(bench, "a").await;
    assert_eq!((again.len(), again[0].id, again[0].attempts), (1, mine[0].id, 0));
}

async fn who_dies_with_it_leaves_it_to_others(bench: &Bench) {
    add(bench, &[new("a", 1, 1)]).await;
    let dead = claimed(bench, "a").await;
    bench.wait(LEASE);
    let mine = claimed(bench, "a").await;
    assert_eq!(mine.len(), 1);
    let deliveries = bench.catalogue.deliveries();
    deliveries.done(&dead).await.unwrap();
    assert_eq!(state(bench, 1).await[0].1, DeliveryState::Open, "it was too late");
    let other = bench.opened_again().await;
    assert_eq!(other.deliveries().take_over().await.unwrap(), 1);
    assert_eq!(due(bench, "a").await.len(), 1);
    deliveries.done(&mine).await.unwrap();
    assert_eq!(state(bench, 1).await[0].1, DeliveryState::Open);
    other.close().await;
}

async fn what_is_put_in_twice_is_in_once(bench: &Bench) {
    add(bench, &[]).await;
    add(bench, &[new("a", 1, 1)]).await;
    add(bench, &[new("a", 1, 1), new("b", 1, 1)]).await;
    let mine = claimed(bench, "a").await;
    bench.catalogue.deliveries().done(&mine).await.unwrap();
    add(bench, &[new("a", 1, 1)]).await;
    assert_eq!(due(bench, "a").await, []);
    assert_eq!(due(bench, "b").await.len(), 1);
}

async fn what_was_told_goes_in_with_the_note_of_it(bench: &Bench) {
    let outbox = bench.catalogue.outbox();
    let pending = outbox.pending(10).await.unwrap();
    outbox.note_told(&pending, &[new("a", 1, 1)]).await.unwrap();
    outbox.note_told(&pending, &[new("a", 1, 1)]).await.unwrap();
    assert_eq!(outbox.pending(10).await.unwrap(), []);
    assert_eq!(due(bench, "a").await.len(), 1);
}

async fn what_fails_comes_back_later_and_dies_in_the_end(bench: &Bench) {
    add(bench, &[new("a", 1, 1), new("b", 1, 2)]).await;
    let (deliveries, delay) = (bench.catalogue.deliveries(), Duration::from_secs(7));
    let fail = async |hook: &str| {
        let mine = claimed(bench, hook).await;
        assert_eq!(mine.len(), 1);
        let failed = [(&mine[0], delay)];
        deliveries.failed(&failed, "it said 500", 2).await.unwrap()
    };
    assert_eq!(fail("a").await, 0);
    assert_eq!(due(bench, "a").await, []);
    bench.wait(delay);
    assert_eq!(due(bench, "a").await[0].last_error.as_deref(), Some("it said 500"));
    assert_eq!(fail("a").await, 1);
    fail("b").await;
    bench.wait(delay);
    fail("b").await;
    bench.wait(DAY);
    assert_eq!((due(bench, "a").await, due(bench, "b").await), (vec![], vec![]));

    let dead = deliveries.list(DeliveryState::Dead, None, 10).await.unwrap();
    assert_eq!(dead.len(), 2);
    assert_eq!(dead[0].attempts, 2);
    let of_a = deliveries.list(DeliveryState::Dead, Some("a"), 10).await.unwrap();
    assert_eq!(of_a.len(), 1);
    assert_eq!(deliveries.list(DeliveryState::Open, None, 10).await.unwrap(), []);
    assert_eq!(deliveries.replay(Some("b"), Some(of_a[0].id)).await.unwrap(), 0);
    assert_eq!(deliveries.replay(None, Some(of_a[0].id)).await.unwrap(), 1);
    let back = due(bench, "a").await;
    assert_eq!((back[0].attempts, back[0].round), (0, 1));
    assert_eq!(deliveries.replay(Some("b"), None).await.unwrap(), 1);
    assert_eq!(deliveries.replay(None, None).await.unwrap(), 0);
}

async fn who_is_further_out_waits_but_not_for_ever(bench: &Bench) {
    add(bench, &[new("in", 1, 1), new("out", 2, 1), new("out", 2, 2)]).await;
    assert_eq!(due(bench, "out").await.len(), 1, "nobody is further in of the other");
    let inner = claimed(bench, "in").await;
    assert_eq!(due(bench, "out").await.len(), 1);
    bench.catalogue.deliveries().done(&inner).await.unwrap();
    assert_eq!(due(bench, "out").await.len(), 2);
    add(bench, &[new("in", 1, 3), new("out", 2, 3)]).await;
    assert_eq!(due(bench, "out").await.len(), 2);
    bench.wait(PATIENCE);
    assert_eq!(due(bench, "out").await.len(), 3);
}

async fn who_was_told_too_early_is_told_again(bench: &Bench) {
    add(bench, &[new("in", 1, 1), new("middle", 2, 1), new("out", 3, 1)]).await;
    bench.wait(PATIENCE);
    let deliveries = bench.catalogue.deliveries();
    deliveries.done(&claimed(bench, "out").await).await.unwrap();
    let middle = claimed(bench, "middle").await;
    deliveries.done(&claimed(bench, "in").await).await.unwrap();
    let name = |name: &str, round| (name.to_owned(), DeliveryState::Open, round);
    let inner = ("in".to_owned(), DeliveryState::Done, 0);
    assert_eq!(state(bench, 1).await, [inner, name("middle", 1), name("out", 1)]);
    deliveries.done(&middle).await.unwrap();
    assert_eq!(due(bench, "middle").await.len(), 1, "it was on its way too early");
    deliveries.done(&claimed(bench, "middle").await).await.unwrap();
    deliveries.done(&claimed(bench, "out").await).await.unwrap();
    assert!(state(bench, 1).await.iter().all(|(_, state, _)| *state == DeliveryState::Done));
}

async fn what_is_over_is_forgotten(bench: &Bench) {
    add(bench, &[new("a", 1, 1), new("b", 1, 1), new("c", 1, 1)]).await;
    let deliveries = bench.catalogue.deliveries();
    deliveries.done(&claimed(bench, "a").await).await.unwrap();
    let dying = claimed(bench, "b").await;
    deliveries.failed(&[(&dying[0], DAY)], "because", 1).await.unwrap();
    let left = async || {
        bench.catalogue.outbox().sweep(DAY).await.unwrap();
        state(bench, 1).await.len()
    };
    assert_eq!(left().await, 3);
    bench.wait(DAY * 3);
    assert_eq!(left().await, 2, "what is done goes first");
    bench.wait(DAY * 28);
    assert_eq!(left().await, 0);
}

async fn folders_of_what_was_packaged_are_known(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let version = packaged(&song).version;
    let (artist, album, song) = (song.artist_id, song.album_id, song.id);
    let of = async |key| bench.catalogue.folders_of(key).await.unwrap();
    assert_eq!(of(SurrogateKey::Artist(artist)).await, [PathPrefix::Artist(artist)]);
    assert_eq!(of(SurrogateKey::Album(album)).await, [PathPrefix::Album(artist, album)]);
    assert_eq!(of(SurrogateKey::Song(song)).await, [PathPrefix::Song(artist, album, song)]);
    let folder = PathPrefix::Version(SongFolder { artist, album, song, version });
    assert_eq!(of(SurrogateKey::Version(version)).await, [folder]);
    let nobody = "song:0190d2a5-7c1e-7bbb-8123-000000000003".parse().unwrap();
    assert_eq!(of(nobody).await, []);
}
