//! The queue.

use std::time::Duration;

use segue_catalogue::{Attempt, CatalogueError, SongState, jobs};

use crate::bench::{Bench, LEASE, packaged};
use crate::contract;

contract![
    an_accepted_song_is_queued_and_has_one_job,
    finishing_switches_the_current_version_and_is_idempotent,
    a_lease_that_ran_out_belongs_to_the_next_who_claims,
    retries_wait_longer_each_time_and_end_in_failure,
    a_job_that_kills_its_workers_is_given_up,
    a_restart_takes_over_at_once_and_a_stop_costs_no_attempt,
];

async fn an_accepted_song_is_queued_and_has_one_job(bench: &Bench) {
    let song = bench.accept("First").await;
    assert_eq!(song.state, SongState::Queued);
    assert_eq!((song.artist.as_str(), song.album.as_str()), ("Somebody", "First"));
    assert_eq!((song.genre.as_deref(), song.release_year), (Some("Folk"), "1997".parse().ok()));
    assert_eq!(bench.song(song.id).await, song);

    let job = bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("its job");
    assert_eq!((job.song, job.attempt), (song.id, 1));
    assert_eq!(bench.song(song.id).await.state, SongState::Processing);
    assert_eq!(bench.catalogue.jobs().claim(LEASE).await.unwrap(), None);
}

async fn finishing_switches_the_current_version_and_is_idempotent(bench: &Bench) {
    let song = bench.make_ready("First").await;
    assert_eq!(song.state, SongState::Ready);
    let current = song.current.as_ref().expect("a current version");
    assert_eq!(current.version, packaged(&song).version);
    assert_eq!((&current.sets, current.dash), (&packaged(&song).sets, true));
    assert_eq!((current.artist, current.album), (song.artist_id, song.album_id));
    assert_eq!(current.duration_ms, 1_234);
    // The same bytes again: a second song, the same version.
    let twin = bench.make_ready("First").await;
    assert_ne!(twin.id, song.id);
    assert_eq!(twin.current.expect("a version").version, current.version);
}

async fn a_lease_that_ran_out_belongs_to_the_next_who_claims(bench: &Bench) {
    let song = bench.accept("First").await;
    let jobs = bench.catalogue.jobs();
    let first = jobs.claim(LEASE).await.unwrap().expect("a job");
    bench.wait(LEASE - Duration::from_secs(1));
    assert_eq!(jobs.claim(LEASE).await.unwrap(), None);
    jobs.renew(&first, LEASE).await.unwrap();
    bench.wait(LEASE - Duration::from_secs(1));
    assert_eq!(jobs.claim(LEASE).await.unwrap(), None, "it was renewed");
    bench.wait(Duration::from_secs(1));
    let second = jobs.claim(LEASE).await.unwrap().expect("the expired job");
    assert_eq!((second.id, second.attempt), (first.id, 2));

    for lost in [
        jobs.renew(&first, LEASE).await,
        jobs.complete(&first, &packaged(&song)).await,
        jobs.fail(&first, "no").await,
        jobs.hand_back(&first).await,
    ] {
        assert!(matches!(lost, Err(CatalogueError::LeaseLost)), "{lost:?}");
    }
    assert_eq!(bench.song(song.id).await.state, SongState::Processing);
    jobs.complete(&second, &packaged(&song)).await.unwrap();
    assert_eq!(bench.song(song.id).await.state, SongState::Ready);
}

async fn retries_wait_longer_each_time_and_end_in_failure(bench: &Bench) {
    let song = bench.accept("First").await;
    let jobs = bench.catalogue.jobs();
    for attempt in 1..jobs::MOST_ATTEMPTS {
        let job = jobs.claim(LEASE).await.unwrap().expect("its turn");
        assert_eq!(job.attempt, attempt);
        let Attempt::Again(delay) = jobs.retry(&job, "disk", "reason").await.unwrap() else {
            panic!("attempt {attempt} was not the last")
        };
        assert_eq!(bench.song(song.id).await.state, SongState::Queued);
        assert_eq!(jobs.claim(LEASE).await.unwrap(), None, "not before its turn");
        bench.wait(delay);
    }
    let job = jobs.claim(LEASE).await.unwrap().expect("the last attempt");
    assert_eq!(jobs.retry(&job, "disk", "reason").await.unwrap(), Attempt::Last);
    let song = bench.song(song.id).await;
    assert_eq!((song.state, song.failure.as_deref()), (SongState::Failed, Some("reason")));
    bench.wait(LEASE * 100);
    assert_eq!(jobs.claim(LEASE).await.unwrap(), None);
}

async fn a_job_that_kills_its_workers_is_given_up(bench: &Bench) {
    let song = bench.accept("First").await;
    let jobs = bench.catalogue.jobs();
    for _ in 0..jobs::MOST_ATTEMPTS {
        jobs.claim(LEASE).await.unwrap().expect("its turn");
        bench.wait(LEASE);
    }
    let next = bench.accept("Second").await;
    bench.wait(LEASE);
    let job = jobs.claim(LEASE).await.unwrap().expect("the next song's job");
    assert_eq!(job.song, next.id);
    let song = bench.song(song.id).await;
    assert_eq!(song.state, SongState::Failed);
    assert!(song.failure.expect("a reason").contains("again and again"));
}

async fn a_restart_takes_over_at_once_and_a_stop_costs_no_attempt(bench: &Bench) {
    let song = bench.accept("First").await;
    let dead = bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
    bench.catalogue.close().await;

    let reopened = bench.opened_again().await;
    assert_eq!(reopened.jobs().claim(LEASE).await.unwrap(), None);
    assert_eq!(reopened.jobs().take_over().await.unwrap(), 1);
    let job = reopened.jobs().claim(LEASE).await.unwrap().expect("the dead one's job");
    assert_eq!((job.id, job.attempt), (dead.id, 2));
    reopened.jobs().hand_back(&job).await.unwrap();
    let job = reopened.jobs().claim(LEASE).await.unwrap().expect("at once");
    assert_eq!(job.attempt, 2);
    assert_eq!(job.song, song.id);
}
