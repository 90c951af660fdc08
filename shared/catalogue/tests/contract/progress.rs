//! How far the work on songs has come.

use std::time::Duration;

use segue_catalogue::SongState;
use segue_catalogue::progress::{Progress, Stage};

use crate::bench::Bench;
use crate::contract;

const LEASE: Duration = Duration::from_secs(60);

contract![who_waits_has_a_place_in_the_queue, what_is_noted_is_of_the_attempt_that_goes_on,];

async fn who_waits_has_a_place_in_the_queue(bench: &Bench) {
    let progress = bench.catalogue.progress();
    let mut songs = Vec::new();
    for title in ["A", "B", "C"] {
        songs.push(bench.accept(title).await.id);
        bench.wait(Duration::from_millis(1));
    }
    let places = async || {
        let mut places = Vec::new();
        for song in &songs {
            places.push(progress.of(*song).await.unwrap().expect("it is there").position);
        }
        places
    };
    assert_eq!(places().await, [Some(1), Some(2), Some(3)]);
    let first = bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
    assert_eq!(places().await, [None, Some(1), Some(2)]);
    // Who is tried again later keeps their turn, and is waited for by nobody.
    bench.catalogue.jobs().retry(&first, "because", "because").await.unwrap();
    assert_eq!(places().await, [Some(1), Some(1), Some(2)]);
    let nobodys = media::SongId::new(uuid::Uuid::now_v7());
    assert_eq!(progress.of(nobodys).await.unwrap(), None);
}

async fn what_is_noted_is_of_the_attempt_that_goes_on(bench: &Bench) {
    let (progress, jobs) = (bench.catalogue.progress(), bench.catalogue.jobs());
    let song = bench.accept("Song").await.id;
    let standing = async || progress.of(song).await.unwrap().expect("it is there");
    let job = jobs.claim(LEASE).await.unwrap().expect("a job");
    assert_eq!((standing().await.state, standing().await.progress), (SongState::Processing, None));
    let at = |percent| Progress {
        stage: Stage::Transcoding,
        percent: Some(percent),
        realtime_factor: Some(12.5),
    };
    progress.note(&job, &at(40)).await.unwrap();
    let found = standing().await;
    assert_eq!((found.attempt, found.progress), (Some(1), Some(at(40))));
    jobs.renew(&job, LEASE).await.unwrap();
    assert_eq!(standing().await.progress, Some(at(40)));

    bench.wait(LEASE * 2);
    let again = jobs.claim(LEASE).await.unwrap().expect("its worker is dead");
    let found = standing().await;
    assert_eq!((found.attempt, found.progress), (Some(2), None), "it begins anew");
    progress.note(&job, &at(90)).await.unwrap();
    assert_eq!(standing().await.progress, None, "the dead tell nothing");
    let unknown = Progress { stage: Stage::Fetching, percent: None, realtime_factor: None };
    progress.note(&again, &unknown).await.unwrap();
    assert_eq!(standing().await.progress, Some(unknown));
    jobs.fail(&again, "a reason").await.unwrap();
    let found = standing().await;
    assert_eq!((found.state, found.failure.as_deref()), (SongState::Failed, Some("a reason")));
    assert_eq!((found.attempt, found.position, found.progress), (None, None, None));
}
