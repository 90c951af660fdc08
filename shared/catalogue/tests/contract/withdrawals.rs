//! Songs that are taken down and put back.

use futures::future::join_all;
use segue_catalogue::{
    Attempt, Audience, CatalogueError, Event, Job, Song, SongState, Viewer, Withdrawal,
};

use crate::bench::{Bench, LEASE, packaged};
use crate::contract;

contract![
    what_is_taken_down_is_hidden_until_it_is_put_back,
    it_comes_back_as_it_has_become_meanwhile,
    of_two_who_take_it_down_one_does,
    who_read_an_older_edition_takes_nothing_down,
];

async fn seen_by(bench: &Bench, viewer: Viewer, song: &Song) -> Option<SongState> {
    let song = bench.catalogue.songs().seen(song.id, &Audience::from(viewer)).await.unwrap();
    song.map(|song| song.state)
}

/// What was said of songs that were taken down and put back.
async fn said(bench: &Bench) -> Vec<Event> {
    let pending = bench.catalogue.outbox().pending(100).await.unwrap();
    let events = pending.iter().map(|happening| happening.event().unwrap());
    let is_of_a_withdrawal =
        |event: &Event| matches!(event, Event::SongWithdrawn { .. } | Event::SongRestored { .. });
    events.filter(is_of_a_withdrawal).collect()
}

async fn what_is_taken_down_is_hidden_until_it_is_put_back(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let (songs, uploader) = (bench.catalogue.songs(), Some(bench.admin.id));
    let never = songs.restore(song.id, None).await.unwrap();
    assert_eq!(never, Withdrawal { song: song.clone(), notice: None }, "nothing was to be done");
    let down = songs.withdraw(song.id, None).await.unwrap();
    assert_eq!((down.song.state, down.song.edition), (SongState::Withdrawn, song.edition + 1));
    assert_eq!(down.song.current, song.current);
    assert_eq!(songs.withdraw(song.id, None).await.unwrap(), down, "once is enough");
    assert_eq!(seen_by(bench, Viewer::Public, &song).await, None);
    for viewer in [Viewer::Admin, Viewer::Uploader(bench.admin.id)] {
        assert_eq!(seen_by(bench, viewer, &song).await, Some(SongState::Withdrawn));
    }
    let back = songs.restore(song.id, None).await.unwrap();
    let edition = song.edition + 2;
    assert_eq!(back.song, Song { edition, ..song.clone() });
    assert_eq!(songs.restore(song.id, None).await.unwrap(), back);
    assert_eq!(seen_by(bench, Viewer::Public, &song).await, Some(SongState::Ready));
    assert_eq!(
        said(bench).await,
        [
            Event::SongWithdrawn { song: song.id, uploader },
            Event::SongRestored { song: song.id, uploader }
        ]
    );
    let ids: Vec<_> = bench.catalogue.outbox().pending(100).await.unwrap();
    let ids: Vec<_> = ids.iter().rev().take(2).map(|happening| Some(happening.id)).collect();
    assert_eq!(ids, [back.notice, down.notice]);
}

async fn it_comes_back_as_it_has_become_meanwhile(bench: &Bench) {
    let catalogue = &bench.catalogue;
    let complete = async |job: Job, song: &Song| {
        catalogue.jobs().complete(&job, &packaged(song)).await.unwrap();
    };
    let fail = async |job: Job, _: &Song| catalogue.jobs().fail(&job, "because").await.unwrap();
    let retry = async |job: Job, _: &Song| {
        let attempt = catalogue.jobs().retry(&job, "error", "because").await.unwrap();
        assert!(matches!(attempt, Attempt::Again(_)));
    };
    for (title, state) in [
        ("complete", SongState::Ready),
        ("fail", SongState::Failed),
        ("hold", SongState::Processing),
        ("retry", SongState::Queued),
    ] {
        let song = bench.accept(title).await;
        catalogue.songs().withdraw(song.id, None).await.unwrap();
        let job = catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
        assert_eq!(job.song, song.id);
        match title {
            "complete" => complete(job, &song).await,
            "fail" => fail(job, &song).await,
            "retry" => retry(job, &song).await,
            _ => {}
        }
        assert_eq!(bench.song(song.id).await.state, SongState::Withdrawn, "{title}");
        assert_eq!(seen_by(bench, Viewer::Public, &song).await, None, "{title}");
        let back = catalogue.songs().restore(song.id, None).await.unwrap();
        assert_eq!(back.song.state, state, "{title}");
        let because = (state == SongState::Failed).then_some("because");
        assert_eq!(back.song.failure.as_deref(), because, "{title}");
        let public = (state == SongState::Ready).then_some(state);
        assert_eq!(seen_by(bench, Viewer::Public, &song).await, public, "{title}");
    }
}

async fn of_two_who_take_it_down_one_does(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let other = bench.opened_again().await;
    let (here, there) = (bench.catalogue.songs(), other.songs());
    let takers = (0..8).map(|number| if number % 2 == 0 { &here } else { &there });
    let down = join_all(takers.map(|songs| songs.withdraw(song.id, None))).await;
    let down: Vec<_> = down.into_iter().map(Result::unwrap).collect();
    assert!(down.iter().all(|one| *one == down[0]), "{down:?}");
    assert_eq!(said(bench).await.len(), 1);
    other.close().await;
}

async fn who_read_an_older_edition_takes_nothing_down(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let songs = bench.catalogue.songs();
    let older = Some(song.edition - 1);
    let refused = songs.withdraw(song.id, older).await;
    assert!(matches!(refused, Err(CatalogueError::Stale)), "{refused:?}");
    assert_eq!(bench.song(song.id).await, song);
    let down = songs.withdraw(song.id, Some(song.edition)).await.unwrap();
    let refused = songs.restore(song.id, Some(song.edition)).await;
    assert!(matches!(refused, Err(CatalogueError::Stale)), "{refused:?}");
    // Sent again, since its answer got lost (RFC 9110 13.1.1).
    assert_eq!(songs.withdraw(song.id, Some(song.edition)).await.unwrap(), down);
    songs.restore(song.id, Some(down.song.edition)).await.unwrap();
    assert_eq!(said(bench).await.len(), 2);
}
