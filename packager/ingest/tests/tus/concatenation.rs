//! Several uploads become one.

use std::time::Duration;

use catalogue::{AuthenticatedUser, NewUpload, Quota};
use tokio::task::JoinSet;

use crate::bench::{Answer, Ask, Bench, metadata, noise};
use crate::ending::tended;

async fn piece(bench: &Bench, bytes: &[u8]) -> String {
    piece_of(bench, bench.ann, bytes).await
}

async fn piece_of(bench: &Bench, user: AuthenticatedUser, bytes: &[u8]) -> String {
    let create = bench.ask_as(user, "POST /v1/uploads").header("upload-concat", "partial");
    let create = create.header("upload-length", &bytes.len().to_string());
    let come = create.header("content-type", BYTES).body(bytes.to_vec()).await;
    assert_eq!((come.offset(), come.song()), (bytes.len() as u64, None));
    come.location()
}

const BYTES: &str = "application/offset+octet-stream";

fn joining(bench: &Bench, paths: &[&str]) -> Ask {
    let title = metadata(&[("title", "In parts")]);
    let ask = bench.ask("POST /v1/uploads").header("upload-metadata", &title);
    ask.header("upload-concat", &format!("final;{}", paths.join(" ")))
}

async fn join(bench: &Bench, paths: &[&str]) -> Answer {
    joining(bench, paths).await
}

#[tokio::test]
async fn pieces_side_by_side_become_one_song() {
    let (bench, bytes) = (Bench::new().await, noise(900, 1));
    let first = piece(&bench, &bytes[..500]).await;
    let second = format!("https://music.example{}", piece(&bench, &bytes[500..]).await);
    let head = bench.head(&first).await;
    assert_eq!((head.header("upload-concat"), head.offset(), head.song()), ("partial", 500, None));
    let whole = join(&bench, &[&first, &second]).await;
    let (path, song) = (whole.location(), whole.song().expect("a song"));
    bench.assert_one_song(&song, &bytes).await;
    assert_eq!(bench.songs().await[0].title.as_str(), "In parts");
    let head = bench.head(&path).await;
    assert!(head.header("upload-concat").starts_with("final;/v1/uploads/"), "{head:?}");
    assert_eq!((head.header("upload-length"), head.song()), ("900", Some(song.clone())));
    assert_eq!(bench.patch(&path, 900).await.problem(), "made-of-others");
    // Whoever has not heard the answer asks again.
    let again = join(&bench, &[&first, &second]).await;
    assert_eq!((again.location(), again.song()), (path, Some(song)));
    assert_eq!(bench.songs().await.len(), 1);
}

#[tokio::test]
async fn what_is_no_finished_piece_is_not_joined() {
    let bench = Bench::new().await;
    let good = piece(&bench, b"good").await;
    let half = bench.create(9).header("upload-concat", "partial").await.location();
    let own = bench.create(9).await.location();
    let bobs = piece_of(&bench, bench.bob, b"his").await;
    let nobodys = "/v1/uploads/00000000-0000-7000-8000-000000000000";
    for (other, status) in [(&*half, 409), (&own, 422), (&bobs, 422), (nobodys, 422), ("x", 422)] {
        let refused = join(&bench, &[&good, other]).await;
        assert_eq!(refused.status, status, "{other}: {refused:?}");
    }
    assert_eq!(bench.songs().await.len(), 0);
    let his = bench.ask_as(bench.bob, &format!("HEAD {bobs}")).await;
    assert_eq!(his.offset(), 3, "his is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_at_once_joins_once() {
    let bench = Bench::new().await;
    for round in 0..10 {
        let bytes = noise(60_000, round);
        let (first, rest) = bytes.split_at(40_000);
        let (first, rest) = (piece(&bench, first).await, piece(&bench, rest).await);
        let mut racing = JoinSet::new();
        for _ in 0..8 {
            racing.spawn(joining(&bench, &[&first, &rest]).into_future());
        }
        let answers = racing.join_all().await;
        let told = |answer: &Answer| (answer.location(), answer.song().expect("a song"));
        assert!(answers.iter().all(|answer| told(answer) == told(&answers[0])), "{answers:?}");
        assert_eq!(bench.songs().await.len() as u64, round + 1);
    }
    assert!(bench.files("work").is_empty());
}

#[tokio::test]
async fn as_many_pieces_as_may_be_on_the_way_become_one_song() {
    let (bench, bytes) = (Bench::new().await, noise(990, 1));
    let mut paths = Vec::new();
    for bytes in bytes.chunks(10) {
        paths.push(piece(&bench, bytes).await);
    }
    let mut paths: Vec<_> = paths.iter().map(String::as_str).collect();
    assert_eq!(paths.len(), 99);
    paths.push(paths[0]);
    let refused = join(&bench, &paths).await;
    assert_eq!((refused.status, refused.problem()), (422, "invalid-field"));
    assert!(refused.body["detail"].as_str().unwrap().contains("up to 99 paths"), "{refused:?}");
    paths.pop();
    let song = join(&bench, &paths).await.song().expect("a song");
    bench.assert_one_song(&song, &bytes).await;
}

#[tokio::test]
async fn whoever_makes_the_song_removes_its_pieces() {
    let (bench, bytes) = (Bench::new().await, noise(900, 1));
    let (first, second) = (piece(&bench, &bytes[..500]).await, piece(&bench, &bytes[500..]).await);
    std::fs::write(bench.path("objects/masters"), "in the way").unwrap();
    assert_eq!(join(&bench, &[&first, &second]).await.status, 500);
    std::fs::remove_file(bench.path("objects/masters")).unwrap();
    tended(&bench).await;
    let song = bench.songs().await[0].id.to_string();
    bench.assert_one_song(&song, &bytes).await;
    for piece in [&first, &second] {
        assert_eq!(bench.head(piece).await.status, 404);
    }
    assert_eq!(join(&bench, &[&first, &second]).await.song(), Some(song));
}

#[tokio::test]
async fn what_cannot_be_joined_any_more_is_forgotten() {
    let bench = Bench::new().await;
    let (first, second) = (piece(&bench, b"one").await, piece(&bench, b"two").await);
    // As a process left it that died before it had joined them.
    let (user, concat) = (bench.ann.id, format!("final;{first} {second}"));
    let metadata = String::new();
    let new = NewUpload { user, length: 6, metadata, concat: Some(concat.clone()) };
    let quota = Quota { uploads: 9, bytes: 99 };
    let uploads = bench.catalogue.uploads();
    let noted = uploads.create(&new, &quota, Duration::from_secs(60)).await.unwrap().unwrap();
    assert_eq!(uploads.made_of(user, &concat).await.unwrap().unwrap(), noted);
    assert_eq!(bench.ask(&format!("DELETE {second}")).await.status, 204);
    let refused = join(&bench, &[&first, &second]).await;
    assert_eq!((refused.status, refused.problem()), (422, "invalid-field"));
    assert_eq!(uploads.find(noted.id).await.unwrap(), None);
    // What is left of it becomes a song as well as before.
    let song = join(&bench, &[&first]).await.song().expect("a song");
    bench.assert_one_song(&song, b"one").await;
}
