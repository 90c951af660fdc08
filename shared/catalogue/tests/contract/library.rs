//! Likes and follows.

use media::{ArtistId, SongId};
use segue_catalogue::library::Start;
use segue_catalogue::{Audience, SongEdit, Viewer};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;

contract![
    what_is_liked_is_listed_last_liked_first,
    a_toggle_turns_round_what_is_liked,
    what_a_user_may_not_see_cannot_be_liked,
    artists_are_followed_until_they_are_not,
];

/// Titles of the likes, and where the page ended.
async fn likes(bench: &Bench, from: Start, limit: u32) -> (String, Option<Uuid>) {
    let user = bench.admin.id;
    let page = bench
        .catalogue
        .library()
        .likes(user, &Audience::from(Viewer::Public), from, limit)
        .await
        .unwrap();
    let title = |song: Option<&segue_catalogue::Song>| {
        song.map_or("-", |song| song.title.as_str()).to_owned()
    };
    let titles = page.iter().map(|like| title(like.song.as_ref())).collect();
    (titles, page.last().map(|like| like.id))
}

async fn what_is_liked_is_listed_last_liked_first(bench: &Bench) {
    let library = bench.catalogue.library();
    let user = bench.admin.id;
    for title in ["1", "2", "3"] {
        let song = bench.make_ready(title).await.id;
        for _ in 0..2 {
            assert!(library.like(user, &Audience::from(Viewer::Public), song).await.unwrap());
        }
    }
    let (first, end) = likes(bench, Start::Behind(None), 2).await;
    assert_eq!(first, "32");
    let third = likes(bench, Start::Behind(end), 2).await;
    assert_eq!(third.0, "1");
    assert_eq!(likes(bench, Start::Offset(2), 2).await, third);
    let song = bench.make_ready("4").await.id;
    for _ in 0..2 {
        library.unlike(user, song).await.unwrap();
    }
    assert_eq!(likes(bench, Start::Behind(None), 9).await.0, "321");
}

async fn a_toggle_turns_round_what_is_liked(bench: &Bench) {
    let song = bench.make_ready("1").await.id;
    let library = bench.catalogue.library();
    let toggle = async || {
        library.toggle_like(bench.admin.id, &Audience::from(Viewer::Public), song).await.unwrap()
    };
    assert_eq!((toggle().await, toggle().await), (Some(true), Some(false)));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..9 {
        let (catalogue, user) = (bench.catalogue.clone(), bench.admin.id);
        clients.spawn(async move {
            catalogue
                .library()
                .toggle_like(user, &Audience::from(Viewer::Public), song)
                .await
                .unwrap()
        });
    }
    let answers = clients.join_all().await;
    assert_eq!(answers.iter().filter(|liked| **liked == Some(true)).count(), 5);
    assert_eq!(likes(bench, Start::Behind(None), 9).await.0, "1");
}

async fn what_a_user_may_not_see_cannot_be_liked(bench: &Bench) {
    let waiting = bench.accept("Waiting").await.id;
    let library = bench.catalogue.library();
    let user = bench.admin.id;
    for song in [waiting, SongId::new(Uuid::now_v7())] {
        assert!(!library.like(user, &Audience::from(Viewer::Public), song).await.unwrap());
        assert_eq!(
            library.toggle_like(user, &Audience::from(Viewer::Public), song).await.unwrap(),
            None
        );
    }
    assert!(library.like(user, &Audience::from(Viewer::Admin), waiting).await.unwrap());
    assert_eq!(likes(bench, Start::Behind(None), 9).await.0, "-");
    assert_eq!(
        library.toggle_like(user, &Audience::from(Viewer::Public), waiting).await.unwrap(),
        Some(false)
    );
}

async fn artists_are_followed_until_they_are_not(bench: &Bench) {
    let song = bench.make_ready("1").await;
    let library = bench.catalogue.library();
    let user = bench.admin.id;
    let public = Audience::from(Viewer::Public);
    assert!(!library.follow(user, &public, ArtistId::new(Uuid::now_v7())).await.unwrap());
    for _ in 0..2 {
        assert!(library.follow(user, &public, song.artist_id).await.unwrap());
    }
    let page = library.follows(user, &public, None, 9).await.unwrap();
    assert_eq!(
        (page.len(), page[0].artist, page[0].name.as_str()),
        (1, song.artist_id, "Somebody")
    );
    assert_eq!(library.follows(user, &public, Some(page[0].id), 9).await.unwrap(), []);
    let hidden = SongEdit { draft: Some(true), ..SongEdit::default() };
    bench.edit(song.id, hidden).await;
    assert_eq!(
        library.follows(user, &public, None, 9).await.unwrap(),
        [],
        "nothing of theirs is out"
    );
    assert!(!library.follow(user, &public, song.artist_id).await.unwrap());
    bench.edit(song.id, SongEdit { draft: Some(false), ..SongEdit::default() }).await;
    assert_eq!(library.follows(user, &public, None, 9).await.unwrap().len(), 1);
    library.unfollow(user, song.artist_id).await.unwrap();
    assert_eq!(library.follows(user, &public, None, 9).await.unwrap(), []);
}
