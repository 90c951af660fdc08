//! What is new for somebody.

use std::time::Duration;

use media::UserId;
use segue_catalogue::feed::{Changed, Known};
use segue_catalogue::playlist_rules::MemberRole;
use segue_catalogue::{
    Audience, AuthenticatedUser, Description, NewPlaylist, Role, SongState, Viewer,
};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;

contract![
    what_changed_is_named_and_counted,
    whoever_is_a_member_hears_of_a_playlist_until_it_is_gone,
    an_upload_is_followed_by_its_uploader,
];

async fn user(bench: &Bench, name: &str) -> AuthenticatedUser {
    let id = bench.catalogue.users().create(name, "hash", Role::Listener).await.unwrap().id;
    AuthenticatedUser { id, role: Role::Listener }
}

async fn changed(bench: &Bench, user: UserId, since_ms: u64) -> Vec<Changed> {
    let look = bench.catalogue.feed().look(user, since_ms).await.unwrap();
    look.unwrap().changed.unwrap()
}

async fn counts(bench: &Bench, user: UserId) -> (u64, u64, u64) {
    let look = bench.catalogue.feed().look(user, u64::MAX).await.unwrap().unwrap();
    let Known { player, library, playlists, .. } = look.now;
    (player, library, playlists)
}

fn mine() -> NewPlaylist {
    let description = Description::default();
    NewPlaylist { name: "Mine".parse().unwrap(), description, public: false }
}

async fn what_changed_is_named_and_counted(bench: &Bench) {
    let ann = user(bench, "ann").await;
    let nobody = UserId::new(Uuid::now_v7());
    assert_eq!(bench.catalogue.feed().look(nobody, 0).await.unwrap(), None);
    assert_eq!(counts(bench, ann.id).await, (0, 0, 0));
    let song = bench.make_ready("Song").await;
    let audience = Audience::from(Viewer::Public);
    let library = bench.catalogue.library();
    for _ in 0..2 {
        library.like(ann.id, &audience, song.id).await.unwrap();
        library.follow(ann.id, &audience, song.artist_id).await.unwrap();
    }
    assert_eq!(counts(bench, ann.id).await, (0, 2, 0), "what changes nothing is not counted");
    for _ in 0..2 {
        library.unlike(ann.id, song.id).await.unwrap();
        library.unfollow(ann.id, song.artist_id).await.unwrap();
    }
    assert_eq!(counts(bench, ann.id).await, (0, 4, 0));
    library.toggle_like(ann.id, &audience, song.id).await.unwrap();
    assert_eq!(counts(bench, ann.id).await, (0, 5, 0));
    assert_eq!(changed(bench, ann.id, 0).await, [], "the song is another's");
}

async fn whoever_is_a_member_hears_of_a_playlist_until_it_is_gone(bench: &Bench) {
    let (ann, bob) = (user(bench, "ann").await, user(bench, "bob").await);
    let playlists = bench.catalogue.playlists();
    let id = playlists.create(&ann, &mine()).await.unwrap().id;
    let link = playlists.make_link(&ann, id, MemberRole::Viewer).await.unwrap();
    for _ in 0..2 {
        playlists.join(&bob, &link.token).await.unwrap();
    }
    for member in [ann.id, bob.id] {
        assert_eq!(changed(bench, member, 0).await, [Changed::Playlist(id, 3)]);
        assert_eq!(counts(bench, member).await, (0, 0, 1));
    }
    let then = bench.catalogue.feed().look(ann.id, 0).await.unwrap().unwrap().now.at_ms;
    bench.wait(Duration::from_secs(11));
    assert_eq!(changed(bench, ann.id, then + 11_000).await, []);
    assert_eq!(changed(bench, ann.id, then).await.len(), 1, "it may have come late");
    let told = bench.catalogue.outbox().pending(99).await.unwrap();
    let last = told.last().unwrap().event().unwrap();
    assert_eq!(last.concerns(), [ann.id, bob.id]);
    playlists.remove_member(&bob, id, bob.id).await.unwrap();
    assert_eq!(changed(bench, bob.id, 0).await, []);
    let told = bench.catalogue.outbox().pending(99).await.unwrap();
    let last = told.last().unwrap().event().unwrap();
    assert_eq!(last.concerns(), [ann.id, bob.id], "Bob, who was one");
    playlists.join(&bob, &link.token).await.unwrap();
    playlists.delete(&ann, id).await.unwrap();
    for (member, lists) in [(ann.id, 2), (bob.id, 4)] {
        assert_eq!(changed(bench, member, 0).await, []);
        assert_eq!(counts(bench, member).await, (0, 0, lists));
    }
}

async fn an_upload_is_followed_by_its_uploader(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let [Changed::Song(id, _, SongState::Ready)] = changed(bench, bench.admin.id, 0).await[..]
    else {
        panic!("a song that is ready");
    };
    assert_eq!(id, song.id);
}
