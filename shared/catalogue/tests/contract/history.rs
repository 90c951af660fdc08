//! What somebody has listened to, and the places that they want to find again.

use std::time::Duration;

use media::SongId;
use segue_catalogue::bookmarks::{BookmarkError, NewBookmark};
use segue_catalogue::history::Moment;
use segue_catalogue::playbacks::Report::{self, Heartbeat, Pause, Play};
use segue_catalogue::playbacks::Told;
use segue_catalogue::{Audience, Device, Role, SongEdit, User, Viewer};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;

contract![
    what_was_played_last_is_listed_first,
    what_is_taken_out_of_a_history_stays_out,
    bookmarks_are_kept_newest_first,
];

async fn ann(bench: &Bench) -> User {
    bench.catalogue.users().create("ann", "hash", Role::Listener).await.unwrap()
}

fn audience(user: &User) -> Audience {
    Audience::from(Viewer::Uploader(user.id))
}

async fn opened(bench: &Bench, user: &User, title: &str) -> (SongId, Uuid) {
    let song = bench.make_ready(title).await.id;
    let id = Uuid::now_v7();
    bench.catalogue.playbacks().open(id, user.id, song).await.unwrap();
    (song, id)
}

async fn tell(bench: &Bench, user: &User, id: Uuid, report: Report, position_ms: u64) {
    bench.wait(Duration::from_millis(10));
    let told = Told { report, position_ms, device: Device::default(), queue: None };
    bench.catalogue.playbacks().report(id, user.id, &told).await.unwrap().unwrap();
}

/// Titles with how far they were heard, and where the page ended.
async fn history(
    bench: &Bench,
    user: &User,
    after: Option<Moment>,
    limit: u32,
) -> (String, Option<Moment>) {
    let history = bench.catalogue.history();
    let page = history.list(user.id, &audience(user), after, limit).await.unwrap();
    let entries = page.iter().map(|entry| {
        let title = entry.song.as_ref().map_or("-", |song| song.title.as_str());
        format!("{title}{}", entry.position_ms)
    });
    (entries.collect::<Vec<_>>().join(" "), page.last().map(|entry| entry.moment()))
}

async fn what_was_played_last_is_listed_first(bench: &Bench) {
    let ann = ann(bench).await;
    let (_, a) = opened(bench, &ann, "a").await;
    let (song, b) = opened(bench, &ann, "b").await;
    opened(bench, &ann, "never played").await;
    assert_eq!(history(bench, &ann, None, 9).await.0, "");
    for id in [a, b] {
        tell(bench, &ann, id, Play, 0).await;
    }
    tell(bench, &ann, a, Heartbeat, 50).await;
    assert_eq!(history(bench, &ann, None, 9).await.0, "b0 a50");
    tell(bench, &ann, a, Pause, 60).await;
    tell(bench, &ann, a, Play, 60).await;
    let (first, end) = history(bench, &ann, None, 1).await;
    assert_eq!(first, "a60");
    assert_eq!(history(bench, &ann, end, 1).await.0, "b0");
    bench.edit(song, SongEdit { draft: Some(true), ..SongEdit::default() }).await;
    assert_eq!(history(bench, &ann, None, 9).await.0, "a60 -0");
    assert_eq!(history(bench, &bench.admin, None, 9).await.0, "", "somebody else's");
}

async fn what_is_taken_out_of_a_history_stays_out(bench: &Bench) {
    let ann = ann(bench).await;
    let (_, a) = opened(bench, &ann, "a").await;
    let (_, b) = opened(bench, &ann, "b").await;
    for id in [a, b] {
        tell(bench, &ann, id, Play, 0).await;
    }
    let entries = bench.catalogue.history();
    assert!(!entries.remove(bench.admin.id, a).await.unwrap(), "somebody else's");
    assert!(entries.remove(ann.id, a).await.unwrap());
    assert!(!entries.remove(ann.id, a).await.unwrap());
    tell(bench, &ann, a, Heartbeat, 50).await;
    assert_eq!(history(bench, &ann, None, 9).await.0, "b0");
    entries.clear(bench.admin.id).await.unwrap();
    assert_eq!(history(bench, &ann, None, 9).await.0, "b0");
    entries.clear(ann.id).await.unwrap();
    assert_eq!(history(bench, &ann, None, 9).await.0, "");
    tell(bench, &ann, b, Pause, 50).await;
    tell(bench, &ann, b, Play, 50).await;
    assert_eq!(history(bench, &ann, None, 9).await.0, "b50", "until it is played again");
}

async fn bookmarks_are_kept_newest_first(bench: &Bench) {
    let ann = ann(bench).await;
    let song = bench.make_ready("a").await.id;
    let bookmarks = bench.catalogue.bookmarks();
    let new = |song, position_ms, note: &str| NewBookmark {
        song,
        position_ms,
        note: note.parse().unwrap(),
    };
    let make = async |new| bookmarks.make(ann.id, &audience(&ann), &new).await;
    let first = make(new(song, 1_000, "here")).await.unwrap();
    let second = make(new(song, 9_000, "")).await.unwrap();
    assert_eq!(second.position_ms, 1_234, "its end");
    let list =
        async |after, limit| bookmarks.list(ann.id, &audience(&ann), after, limit).await.unwrap();
    assert_eq!(list(None, 1).await.first(), Some(&second));
    assert_eq!(list(Some(second.id), 9).await.first(), Some(&first));
    let waiting = bench.accept("Waiting").await.id;
    let refused = make(new(waiting, 0, "")).await;
    assert!(matches!(refused, Err(BookmarkError::NoSuchSong)), "{refused:?}");
    assert!(!bookmarks.remove(bench.admin.id, first.id).await.unwrap(), "somebody else's");
    assert!(bookmarks.remove(ann.id, first.id).await.unwrap());
    assert!(!bookmarks.remove(ann.id, first.id).await.unwrap());
    bench.edit(song, SongEdit { draft: Some(true), ..SongEdit::default() }).await;
    let left = list(None, 9).await;
    assert_eq!((left.len(), left[0].song_id, left[0].song.is_none()), (1, song, true));
}
