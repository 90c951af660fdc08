//! The queue.

use std::time::Duration;

use media::{SongId, UserId};
use segue_catalogue::jobs::bound::{Bound, Room};
use segue_catalogue::jobs::desk::{Filter, Order, State};
use segue_catalogue::{Attempt, CatalogueError, Event, Job, Priority, Role, SongState, jobs};

use crate::bench::{Bench, LEASE, packaged};
use crate::contract;

contract![
    an_accepted_song_is_queued_and_has_one_job,
    finishing_switches_the_current_version_and_is_idempotent,
    a_lease_that_ran_out_belongs_to_the_next_who_claims,
    retries_wait_longer_each_time_and_end_in_failure,
    a_job_that_kills_its_workers_is_parked,
    who_brings_one_song_does_not_wait_behind_two_hundred,
    who_brings_one_after_the_other_does_not_go_before_others_for_ever,
    what_somebody_waits_for_comes_before_what_nobody_does,
    a_job_that_rests_keeps_nobody_waiting_and_its_turn,
    what_was_given_up_is_put_back_once,
    what_is_called_off_ends_for_its_worker_too,
    the_queue_is_looked_at,
    there_is_room_until_somebody_or_all_have_too_many,
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

async fn a_job_that_kills_its_workers_is_parked(bench: &Bench) {
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
    let entry = &jobs.list(&Filter { song: Some(song.id), ..ANY }, 9).await.unwrap()[0];
    assert_eq!(entry.state, State::Parked);
    assert!(entry.last_error.as_deref().expect("an error").contains("workers died"), "{entry:?}");
}

const ANY: Filter = Filter { state: None, owner: None, song: None };

async fn accept_of(bench: &Bench, owner: UserId, title: &str) -> SongId {
    let new = segue_catalogue::NewSong { uploader: owner, ..bench.new_song(title, None) };
    bench.catalogue.songs().accept(&new).await.unwrap().id
}

async fn claim(bench: &Bench) -> Job {
    bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job")
}

async fn who_brings_one_song_does_not_wait_behind_two_hundred(bench: &Bench) {
    let other = bench.catalogue.users().create("other", "hash", Role::Artist).await.unwrap();
    for number in 0..200 {
        accept_of(bench, bench.admin.id, &format!("bulk {number}")).await;
    }
    for begun in 0..3 {
        let song = accept_of(bench, other.id, &format!("single {begun}")).await;
        let next = [claim(bench).await.song, claim(bench).await.song];
        assert!(next.contains(&song), "behind {next:?}");
    }
}

async fn who_brings_one_after_the_other_does_not_go_before_others_for_ever(bench: &Bench) {
    let other = bench.catalogue.users().create("other", "hash", Role::Artist).await.unwrap();
    for number in 0..10 {
        accept_of(bench, bench.admin.id, &format!("bulk {number}")).await;
    }
    let mut of_others = 0;
    for number in 0..10 {
        let song = accept_of(bench, other.id, &format!("single {number}")).await;
        while claim(bench).await.song != song {
            of_others += 1;
        }
    }
    assert!((8..=10).contains(&of_others), "{of_others} beside ten");
}

async fn what_somebody_waits_for_comes_before_what_nobody_does(bench: &Bench) {
    let bulk = bench.accept("Bulk").await;
    bench.sql("UPDATE jobs SET priority = 1").await;
    let first = bench.accept("First").await;
    let second = bench.accept("Second").await;
    let claimed = [claim(bench).await, claim(bench).await, claim(bench).await];
    assert_eq!(claimed.map(|job| job.song), [first.id, second.id, bulk.id]);
    let entry = &bench.catalogue.jobs().list(&ANY, 9).await.unwrap()[2];
    assert_eq!((entry.song, entry.priority), (bulk.id, Priority::Bulk));
}

async fn a_job_that_rests_keeps_nobody_waiting_and_its_turn(bench: &Bench) {
    let first = bench.accept("First").await;
    let second = bench.accept("Second").await;
    let third = bench.accept("Third").await;
    let jobs = bench.catalogue.jobs();
    let job = claim(bench).await;
    assert_eq!(job.song, first.id);
    let Attempt::Again(rest) = jobs.retry(&job, "disk", "reason").await.unwrap() else {
        panic!("the first attempt is not the last")
    };
    assert_eq!(claim(bench).await.song, second.id);
    bench.wait(rest);
    let again = [claim(bench).await.song, claim(bench).await.song];
    assert_eq!(again, [first.id, third.id]);
}

/// What was said of songs that failed or wait once more.
async fn said(bench: &Bench) -> Vec<Event> {
    let pending = bench.catalogue.outbox().pending(100).await.unwrap();
    let events = pending.iter().map(|happening| happening.event().unwrap());
    let is_meant =
        |event: &Event| matches!(event, Event::SongFailed { .. } | Event::SongQueued { .. });
    events.filter(is_meant).collect()
}

async fn what_was_given_up_is_put_back_once(bench: &Bench) {
    let song = bench.accept("First").await;
    let other = bench.accept("Other").await;
    let (jobs, uploader) = (bench.catalogue.jobs(), Some(bench.admin.id));
    let job = claim(bench).await;
    assert_eq!(jobs.put_back(job.id).await.unwrap(), Order::Idle, "it is open");
    jobs.fail(&job, "because").await.unwrap();
    assert_eq!(jobs.put_back(job.id).await.unwrap(), Order::Done);
    assert_eq!(jobs.put_back(job.id).await.unwrap(), Order::Idle);
    let queued = bench.song(song.id).await;
    assert_eq!((queued.state, queued.failure), (SongState::Queued, None));
    let reason = "because".to_owned();
    let failed = Event::SongFailed { song: song.id, uploader, reason };
    assert_eq!(said(bench).await, [failed, Event::SongQueued { song: song.id, uploader }]);

    assert_eq!(claim(bench).await.song, other.id, "it stands behind the other");
    let again = claim(bench).await;
    assert_eq!((again.id, again.attempt), (job.id, 1));
    jobs.complete(&again, &packaged(&song)).await.unwrap();
    assert_eq!(jobs.put_back(job.id).await.unwrap(), Order::TooLate(State::Done));
    assert_eq!(bench.song(song.id).await.state, SongState::Ready);
    let nobody = media::JobId::new(uuid::Uuid::now_v7());
    assert_eq!(jobs.put_back(nobody).await.unwrap(), Order::Unknown);
    assert_eq!(jobs.cancel(nobody, "me").await.unwrap(), Order::Unknown);
}

async fn what_is_called_off_ends_for_its_worker_too(bench: &Bench) {
    let (running, queued) = (bench.accept("Running").await, bench.accept("Queued").await);
    let (jobs, uploader) = (bench.catalogue.jobs(), Some(bench.admin.id));
    let job = claim(bench).await;
    assert_eq!(job.song, running.id);
    let waiting = jobs.list(&Filter { song: Some(queued.id), ..ANY }, 9).await.unwrap()[0].id;
    for id in [job.id, waiting] {
        assert_eq!(jobs.cancel(id, "somebody").await.unwrap(), Order::Done);
        assert_eq!(jobs.cancel(id, "somebody").await.unwrap(), Order::Idle);
    }
    for lost in [jobs.renew(&job, LEASE).await, jobs.complete(&job, &packaged(&running)).await] {
        assert!(matches!(lost, Err(CatalogueError::LeaseLost)), "{lost:?}");
    }
    bench.wait(LEASE);
    assert_eq!(jobs.claim(LEASE).await.unwrap(), None);
    let failed = |song| {
        let reason = "the upload was cancelled".to_owned();
        Event::SongFailed { song, uploader, reason }
    };
    assert_eq!(said(bench).await, [failed(running.id), failed(queued.id)]);
    assert_eq!(bench.song(queued.id).await.state, SongState::Failed);
    for entry in jobs.list(&ANY, 9).await.unwrap() {
        assert_eq!(entry.last_error.as_deref(), Some("cancelled by somebody"));
    }
    assert_eq!(jobs.put_back(job.id).await.unwrap(), Order::Done, "minds are changed");
    let again = claim(bench).await;
    assert_eq!((again.id, again.attempt), (job.id, 1));
    jobs.complete(&again, &packaged(&running)).await.unwrap();
    assert_eq!(jobs.cancel(job.id, "me").await.unwrap(), Order::TooLate(State::Done));
}

async fn the_queue_is_looked_at(bench: &Bench) {
    let jobs = bench.catalogue.jobs();
    let other = bench.catalogue.users().create("other", "hash", Role::Artist).await.unwrap();
    let mut songs = Vec::new();
    for state in State::ALL {
        let song = accept_of(bench, other.id, state.name()).await;
        songs.push(song);
        if state == State::Queued {
            // Left alone until all others are what they become.
            bench.sql("UPDATE jobs SET due_ms = 9000000000000").await;
            continue;
        }
        let job = claim(bench).await;
        assert_eq!(job.song, song);
        match state {
            State::Delayed => drop(jobs.retry(&job, "disk", "reason").await.unwrap()),
            State::Done => {
                let song = bench.song(song).await;
                jobs.complete(&job, &packaged(&song)).await.unwrap();
            }
            State::Failed => jobs.fail(&job, "because").await.unwrap(),
            State::Parked => {
                bench
                    .sql(
                        "UPDATE jobs SET state = 'parked', lease = NULL, due_ms = NULL
                           WHERE id = (SELECT id FROM jobs ORDER BY id DESC LIMIT 1)",
                    )
                    .await;
            }
            State::Cancelled => drop(jobs.cancel(job.id, "me").await.unwrap()),
            State::Queued | State::Running => {}
        }
    }
    bench.sql("UPDATE jobs SET due_ms = NULL WHERE due_ms = 9000000000000").await;
    for (state, song) in State::ALL.into_iter().zip(&songs) {
        let filter = Filter { state: Some(state), owner: Some(other.id), song: Some(*song) };
        let found = jobs.list(&filter, 9).await.unwrap();
        assert_eq!(found.len(), 1, "{state:?}");
        assert_eq!((found[0].song, found[0].state), (*song, state));
        assert_eq!(found[0].owner_name.as_deref(), Some("other"));
        let of_state = Filter { state: Some(state), ..ANY };
        assert_eq!(jobs.list(&of_state, 9).await.unwrap(), found);
    }
    let nobodys = Filter { owner: Some(bench.admin.id), ..ANY };
    assert_eq!(jobs.list(&nobodys, 9).await.unwrap(), []);
    let newest: Vec<_> = jobs.list(&ANY, 2).await.unwrap();
    let newest: Vec<_> = newest.iter().map(|entry| entry.song).collect();
    assert_eq!(newest, [songs[6], songs[5]]);
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

async fn there_is_room_until_somebody_or_all_have_too_many(bench: &Bench) {
    let other = bench.catalogue.users().create("other", "hash", Role::Artist).await.unwrap();
    let jobs = bench.catalogue.jobs();
    let bound = Bound { each: 2, all: 3 };
    let rooms = async || {
        [
            jobs.room(bench.admin.id, &bound).await.unwrap(),
            jobs.room(other.id, &bound).await.unwrap(),
        ]
    };
    assert_eq!(rooms().await, [Room::Some, Room::Some]);
    bench.accept("First").await;
    bench.accept("Second").await;
    assert_eq!(rooms().await, [Room::NoneForThem, Room::Some]);
    let theirs = accept_of(bench, other.id, "Third").await;
    assert_eq!(rooms().await, [Room::NoneForThem, Room::None]);
    let job = claim(bench).await;
    assert_eq!(rooms().await[0], Room::NoneForThem, "it is open until it is over");
    jobs.fail(&job, "because").await.unwrap();
    assert_eq!(rooms().await, [Room::Some, Room::Some]);
    // What nobody waits for is in nobody's way.
    bench.sql("UPDATE jobs SET priority = 1").await;
    accept_of(bench, other.id, "Fourth").await;
    assert_eq!(rooms().await, [Room::Some, Room::Some]);
    assert!(jobs.list(&Filter { song: Some(theirs), ..ANY }, 9).await.unwrap()[0].state.is_open());
}

/// A process whose clock is wrong neither takes what others hold, nor loses what it holds.
#[tokio::test]
async fn leases_are_by_the_clock_of_the_server() {
    Bench::postgres().await.judge(leases_are_by_the_servers_clock).await;
}

async fn leases_are_by_the_servers_clock(bench: &Bench) {
    let hour = Duration::from_secs(3_600);
    let clock = testkit::manual_clock::ManualClock::at(bench.clock.clock().now() + hour);
    let ahead = segue_catalogue::Catalogue::open(&bench.url, clock.clock()).await.unwrap();
    let first = bench.accept("First").await;
    let second = bench.accept("Second").await;
    let job = claim(bench).await;
    assert_eq!(job.song, first.id);
    let theirs = ahead.jobs().claim(LEASE).await.unwrap().expect("the other");
    assert_eq!(theirs.song, second.id, "the first is held");
    assert_eq!(bench.catalogue.jobs().claim(LEASE).await.unwrap(), None, "both are");
    assert_eq!(ahead.jobs().claim(LEASE).await.unwrap(), None);
    ahead.close().await;
}
