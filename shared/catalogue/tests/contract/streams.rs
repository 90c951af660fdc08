//! At how many places an account plays.

use std::time::Duration;

use media::{SessionId, UserId};
use segue_catalogue::streams::HEARD;
use segue_catalogue::{Catalogue, CatalogueError, Entitling, StreamId};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;
use crate::users::newcomer;

contract![
    whoever_begins_takes_over_from_the_one_that_began_first,
    what_pauses_or_is_silent_takes_no_place_and_comes_back_as_a_newcomer,
    an_admin_says_how_many,
    of_many_that_begin_at_once_no_more_play_than_may,
];

async fn ann(bench: &Bench) -> UserId {
    let users = bench.catalogue.users();
    users.register(&newcomer("ann", "ann@music.example")).await.unwrap().id
}

async fn allow(bench: &Bench, user: UserId, most: Option<u32>) {
    let to = Entitling { max_streams: Some(most), ..Entitling::default() };
    bench.catalogue.users().entitle(bench.admin.id, user, to).await.unwrap();
}

fn stream() -> StreamId {
    SessionId::new(Uuid::now_v7()).into()
}

async fn begin(bench: &Bench, user: UserId, stream: StreamId) {
    bench.wait(Duration::from_millis(1));
    bench.catalogue.streams().begin(user, stream).await.unwrap();
}

/// Whether it may go on.
async fn goes_on(catalogue: &Catalogue, user: UserId, stream: StreamId, playing: bool) -> bool {
    match catalogue.streams().tell(user, stream, playing).await {
        Ok(()) => true,
        Err(CatalogueError::TakenOver) => false,
        Err(error) => panic!("{error:?}"),
    }
}

async fn whoever_begins_takes_over_from_the_one_that_began_first(bench: &Bench) {
    let (ann, one, two, three) = (ann(bench).await, stream(), stream(), stream());
    let heard = async |stream| goes_on(&bench.catalogue, ann, stream, true).await;
    begin(bench, ann, one).await;
    begin(bench, ann, one).await;
    assert!(heard(one).await, "its own next song");
    begin(bench, ann, two).await;
    assert!(heard(two).await);
    assert!(!heard(one).await && !heard(one).await, "taken over for good");
    begin(bench, bench.admin.id, three).await;
    assert!(heard(two).await, "others' streams are theirs");
    begin(bench, ann, one).await;
    assert!(heard(one).await && !heard(two).await, "and back");
}

async fn what_pauses_or_is_silent_takes_no_place_and_comes_back_as_a_newcomer(bench: &Bench) {
    let (ann, one, two) = (ann(bench).await, stream(), stream());
    let heard = async |stream, playing| goes_on(&bench.catalogue, ann, stream, playing).await;
    begin(bench, ann, one).await;
    assert!(heard(one, false).await);
    begin(bench, ann, two).await;
    assert!(heard(one, false).await, "it was not taken over");
    assert!(heard(one, true).await, "it takes over");
    assert!(!heard(two, true).await);
    bench.wait(HEARD);
    begin(bench, ann, two).await;
    assert!(heard(one, true).await, "silent, and back");
    assert!(!heard(two, true).await);
    assert!(heard(stream(), false).await, "one that never began");
    bench.wait(Duration::from_secs(2 * 24 * 60 * 60));
    bench.catalogue.streams().sweep().await.unwrap();
    assert!(heard(two, true).await, "forgotten");
}

async fn an_admin_says_how_many(bench: &Bench) {
    let ann = ann(bench).await;
    let streams: Vec<_> = (0..4).map(|_| stream()).collect();
    let still = async || {
        let mut still = Vec::new();
        for stream in &streams {
            begin(bench, ann, *stream).await;
        }
        for stream in &streams {
            still.push(goes_on(&bench.catalogue, ann, *stream, true).await);
        }
        still
    };
    assert_eq!(still().await, [false, false, false, true]);
    allow(bench, ann, Some(2)).await;
    assert_eq!(still().await, [false, false, true, true]);
    let premium = Entitling { plan: Some(segue_catalogue::Plan::Premium), ..Entitling::default() };
    bench.catalogue.users().entitle(bench.admin.id, ann, premium).await.unwrap();
    assert_eq!(still().await, [false, false, true, true]);
    allow(bench, ann, None).await;
    assert_eq!(still().await, [false, true, true, true]);
    let profile = bench.catalogue.users().profile(ann).await.unwrap().expect("ann");
    assert_eq!(profile.max_streams, None);
}

async fn of_many_that_begin_at_once_no_more_play_than_may(bench: &Bench) {
    let ann = ann(bench).await;
    allow(bench, ann, Some(2)).await;
    let other = bench.opened_again().await;
    for _ in 0..4 {
        let beginning: Vec<_> = (0..6)
            .map(|number| {
                let catalogue = if number % 2 == 0 { &bench.catalogue } else { &other }.clone();
                let stream = stream();
                tokio::spawn(async move {
                    // Half of them come by asking, half by telling.
                    if number < 3 {
                        catalogue.streams().begin(ann, stream).await.unwrap();
                    }
                    goes_on(&catalogue, ann, stream, true).await;
                    stream
                })
            })
            .collect();
        let mut streams = Vec::new();
        for beginning in beginning {
            streams.push(beginning.await.unwrap());
        }
        let mut playing = 0;
        for stream in streams {
            playing += usize::from(goes_on(&bench.catalogue, ann, stream, true).await);
        }
        assert_eq!(playing, 2);
        bench.wait(HEARD);
    }
    other.close().await;
}
