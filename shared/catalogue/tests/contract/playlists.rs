//! Playlists and their entries.

use std::collections::BTreeSet;

use media::SongId;
use segue_catalogue::playlist::{Cursor, EntryId, MOST_AT_ONCE, MOST_SONGS};
use segue_catalogue::playlist_rules::{Action, Standing};
use segue_catalogue::{
    AuthenticatedUser, Catalogue, Event, NewPlaylist, PlaylistChange, PlaylistError, PlaylistId,
    Role,
};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;

contract![
    a_playlist_is_its_owners_until_it_is_public,
    metadata_changes_only_from_the_version_that_was_seen,
    songs_are_put_in_moved_and_removed,
    all_of_a_request_is_done_or_nothing,
    a_playlist_is_made_with_all_its_songs_or_not_at_all,
    songs_that_a_viewer_may_not_see_are_not_told,
    twenty_who_insert_at_one_position_lose_and_double_nothing,
    pages_go_on_while_others_edit,
    a_spot_takes_any_number_of_songs_one_by_one,
    lists_have_what_somebody_made_newest_first,
];

pub(crate) async fn user(bench: &Bench, name: &str, role: Role) -> AuthenticatedUser {
    let user = bench.catalogue.users().create(name, "hash", role).await.unwrap();
    AuthenticatedUser { id: user.id, role }
}

pub(crate) fn new(name: &str, public: bool) -> NewPlaylist {
    NewPlaylist { name: name.parse().unwrap(), description: "".parse().unwrap(), public }
}

async fn songs(bench: &Bench, count: usize) -> Vec<SongId> {
    let mut songs = Vec::new();
    for nth in 0..count {
        songs.push(bench.make_ready(&format!("{nth}")).await.id);
    }
    songs
}

/// All entries, page by page.
async fn all(
    catalogue: &Catalogue,
    asker: &AuthenticatedUser,
    id: PlaylistId,
) -> (Vec<EntryId>, Vec<Option<SongId>>) {
    let (mut ids, mut songs, mut after): (_, _, Option<Cursor>) = (Vec::new(), Vec::new(), None);
    loop {
        let page = catalogue.playlists().entries(Some(asker), None, id, after.as_ref(), 300).await;
        let (playlist, page) = page.unwrap();
        if page.is_empty() {
            assert_eq!(playlist.songs as usize, ids.len());
            return (ids, songs);
        }
        after = page.last().map(|entry| entry.cursor.clone());
        ids.extend(page.iter().map(|entry| entry.id));
        songs.extend(page.iter().map(|entry| entry.song.as_ref().map(|song| song.id)));
    }
}

async fn a_playlist_is_its_owners_until_it_is_public(bench: &Bench) {
    let ann = user(bench, "ann", Role::Listener).await;
    let bob = user(bench, "bob", Role::Listener).await;
    let admin = AuthenticatedUser { id: bench.admin.id, role: Role::Admin };
    let playlists = bench.catalogue.playlists();
    let made = playlists.create(&ann, &new("Mine", false)).await.unwrap();
    assert_eq!((made.owner, made.standing, made.version), (ann.id, Standing::Owner, 1));
    for stranger in [None, Some(&bob)] {
        let seen = playlists.get(stranger, None, made.id).await;
        assert!(matches!(seen, Err(PlaylistError::NoSuchPlaylist)), "{seen:?}");
    }
    assert_eq!(playlists.get(Some(&admin), None, made.id).await.unwrap().standing, Standing::Admin);
    let hidden = playlists.delete(&bob, made.id).await;
    assert!(matches!(hidden, Err(PlaylistError::NoSuchPlaylist)), "{hidden:?}");
    let public = PlaylistChange { public: Some(true), ..PlaylistChange::default() };
    playlists.change(&ann, made.id, &public).await.unwrap();
    assert_eq!(playlists.get(None, None, made.id).await.unwrap().standing, Standing::Stranger);
    let refused = playlists.delete(&bob, made.id).await;
    assert!(matches!(refused, Err(PlaylistError::Refused(Action::Delete))), "{refused:?}");
    playlists.delete(&ann, made.id).await.unwrap();
    let gone = playlists.get(Some(&ann), None, made.id).await;
    assert!(matches!(gone, Err(PlaylistError::NoSuchPlaylist)), "{gone:?}");
    let told = bench.catalogue.outbox().pending(99).await.unwrap();
    let change =
        Event::PlaylistChanged { playlist: made.id.uuid(), by: ann.id, members: vec![ann.id] };
    assert_eq!(
        told.iter().filter(|happening| happening.event().as_ref() == Some(&change)).count(),
        3
    );
}

async fn metadata_changes_only_from_the_version_that_was_seen(bench: &Bench) {
    let ann = user(bench, "ann", Role::Listener).await;
    let playlists = bench.catalogue.playlists();
    let made = playlists.create(&ann, &new("Mine", false)).await.unwrap();
    bench.wait(std::time::Duration::from_secs(1));
    let name = |name: &str| PlaylistChange {
        name: Some(name.parse().unwrap()),
        ..PlaylistChange::default()
    };
    let at = |versions: &[u64]| bench.catalogue.playlists().at(Some(versions.to_vec()));
    let first = at(&[7, 1]).change(&ann, made.id, &name("First")).await.unwrap();
    assert_eq!((first.name.as_str(), first.version, first.public), ("First", 2, false));
    assert_eq!(first.updated_ms, made.updated_ms + 1_000);
    let late = at(&[1]).change(&ann, made.id, &name("Late")).await;
    assert!(matches!(late, Err(PlaylistError::Changed)), "{late:?}");
    let late = at(&[]).delete(&ann, made.id).await;
    assert!(matches!(late, Err(PlaylistError::Changed)), "{late:?}");
    assert_eq!(playlists.get(Some(&ann), None, made.id).await.unwrap().name, "First");
}

async fn songs_are_put_in_moved_and_removed(bench: &Bench) {
    let ann = user(bench, "ann", Role::Listener).await;
    let s = songs(bench, 3).await;
    let playlists = bench.catalogue.playlists();
    let id = playlists.create(&ann, &new("Mine", false)).await.unwrap().id;
    let order = async || {
        let songs = all(&bench.catalogue, &ann, id).await.1;
        let nth = |song: &Option<SongId>| s.iter().position(|known| Some(*known) == *song);
        songs.iter().map(|song| nth(song).unwrap().to_string()).collect::<String>()
    };
    let (made, first) = playlists.add(&ann, id, &[s[0], s[1]], None).await.unwrap();
    assert_eq!((made.songs, made.version), (2, 2));
    playlists.add(&ann, id, &[s[2], s[2]], Some(1)).await.unwrap();
    assert_eq!(order().await, "0221");
    playlists.add(&ann, id, &[s[1]], Some(0)).await.unwrap();
    playlists.add(&ann, id, &[s[0]], Some(999)).await.unwrap();
    assert_eq!(order().await, "102210");
    // One to the front, two in another order to the end, a range by one.
    playlists.shift(&ann, id, &[first[0]], 0).await.unwrap();
    assert_eq!(order().await, "012210");
    playlists.shift(&ann, id, &[first[1], first[0]], 99).await.unwrap();
    assert_eq!(order().await, "122010");
    let entries = all(&bench.catalogue, &ann, id).await.0;
    playlists.shift(&ann, id, &entries[1..3], 2).await.unwrap();
    assert_eq!(order().await, "102210");
    playlists.shift(&ann, id, &entries[1..3], 2).await.unwrap();
    assert_eq!(order().await, "102210", "where they are already");
    let left = playlists.remove(&ann, id, &[first[0], first[1]]).await.unwrap();
    assert_eq!((left.songs, order().await.as_str()), (4, "1022"));
    let left = playlists.remove_song(&ann, id, s[2]).await.unwrap();
    assert_eq!((left.songs, order().await.as_str()), (2, "10"));
}

async fn all_of_a_request_is_done_or_nothing(bench: &Bench) {
    let ann = user(bench, "ann", Role::Listener).await;
    let song = bench.make_ready("Song").await.id;
    let playlists = bench.catalogue.playlists();
    let id = playlists.create(&ann, &new("Mine", false)).await.unwrap().id;
    let (_, there) = playlists.add(&ann, id, &[song], None).await.unwrap();
    let (nobody, nothing) = (SongId::new(Uuid::now_v7()), EntryId::new(Uuid::now_v7()));
    let added = playlists.add(&ann, id, &[song, nobody], None).await;
    assert!(matches!(added, Err(PlaylistError::NoSuchSong(which)) if which == nobody));
    let moved = playlists.shift(&ann, id, &[there[0], nothing], 0).await;
    assert!(matches!(moved, Err(PlaylistError::NoSuchEntry(which)) if which == nothing));
    let removed = playlists.remove(&ann, id, &[there[0], there[0]]).await;
    assert!(matches!(removed, Err(PlaylistError::NoSuchEntry(_))));
    let removed = playlists.remove_song(&ann, id, nobody).await;
    assert!(matches!(removed, Err(PlaylistError::NoSuchSong(_))));
    assert_eq!(all(&bench.catalogue, &ann, id).await.0, there);
    // Entries of one playlist are not reached through another.
    let other = playlists.create(&ann, &new("Other", false)).await.unwrap().id;
    let removed = playlists.remove(&ann, other, &there).await;
    assert!(matches!(removed, Err(PlaylistError::NoSuchEntry(_))));
    let full = vec![song; MOST_AT_ONCE];
    for _ in 0..MOST_SONGS as usize / MOST_AT_ONCE {
        playlists.add(&ann, other, &full, Some(0)).await.unwrap();
    }
    let more = playlists.add(&ann, other, &[song], None).await;
    assert!(matches!(more, Err(PlaylistError::Full)), "{more:?}");
}

async fn a_playlist_is_made_with_all_its_songs_or_not_at_all(bench: &Bench) {
    let ann = user(bench, "ann", Role::Listener).await;
    let (playlists, mut songs) = (bench.catalogue.playlists(), songs(bench, 2).await);
    let made = playlists.create_with(&ann, &new("Both", false), &songs).await.unwrap();
    assert_eq!((made.name.as_str(), made.songs), ("Both", 2));
    let (_, entries) = playlists.entries(Some(&ann), None, made.id, None, 9).await.unwrap();
    let held: Vec<_> = entries.iter().filter_map(|entry| entry.song.as_ref()).collect();
    assert_eq!(held.iter().map(|song| song.id).collect::<Vec<_>>(), songs);
    let hidden = bench.accept("Hidden").await.id;
    songs.push(hidden);
    let refused = playlists.create_with(&ann, &new("Three", false), &songs).await;
    assert!(matches!(refused, Err(PlaylistError::NoSuchSong(song)) if song == hidden));
    assert_eq!(playlists.of(&ann, None, 9).await.unwrap(), [made]);
}

async fn songs_that_a_viewer_may_not_see_are_not_told(bench: &Bench) {
    let ann = user(bench, "ann", Role::Listener).await;
    let admin = AuthenticatedUser { id: bench.admin.id, role: Role::Admin };
    let (ready, waiting) = (bench.make_ready("Ready").await.id, bench.accept("Waiting").await.id);
    let playlists = bench.catalogue.playlists();
    let id = playlists.create(&admin, &new("Public", true)).await.unwrap().id;
    playlists.add(&admin, id, &[ready, waiting], None).await.unwrap();
    assert_eq!(all(&bench.catalogue, &admin, id).await.1, [Some(ready), Some(waiting)]);
    assert_eq!(all(&bench.catalogue, &ann, id).await.1, [Some(ready), None]);
    let own = playlists.create(&ann, &new("Own", false)).await.unwrap().id;
    let added = playlists.add(&ann, own, &[waiting], None).await;
    assert!(matches!(added, Err(PlaylistError::NoSuchSong(which)) if which == waiting));
}

async fn twenty_who_insert_at_one_position_lose_and_double_nothing(bench: &Bench) {
    const CLIENTS: usize = 20;
    const EACH: usize = 5;
    let ann = user(bench, "ann", Role::Listener).await;
    let song = bench.make_ready("Song").await.id;
    let id = bench.catalogue.playlists().create(&ann, &new("Ours", false)).await.unwrap().id;
    let (_, first) = bench.catalogue.playlists().add(&ann, id, &[song; 10], None).await.unwrap();
    let other = bench.opened_again().await;
    let mut clients = tokio::task::JoinSet::new();
    for nth in 0..CLIENTS {
        let catalogue = if nth % 2 == 0 { bench.catalogue.clone() } else { other.clone() };
        clients.spawn(async move {
            let mut mine = Vec::new();
            for _ in 0..EACH {
                let (_, added) =
                    catalogue.playlists().add(&ann, id, &[song; 2], Some(5)).await.unwrap();
                mine.push(added);
            }
            mine
        });
    }
    let added: Vec<Vec<EntryId>> = clients.join_all().await.into_iter().flatten().collect();
    let (there, _) = all(&bench.catalogue, &ann, id).await;
    assert_eq!(there.len(), 10 + CLIENTS * EACH * 2);
    let unique: BTreeSet<EntryId> = there.iter().copied().collect();
    assert_eq!(unique.len(), there.len(), "nothing twice");
    assert!(added.iter().flatten().all(|entry| unique.contains(entry)), "nothing lost");
    assert_eq!(there[..5], first[..5]);
    assert_eq!(there[there.len() - 5..], first[5..]);
    // What one request put in stands together.
    assert!(added.iter().all(|pair| there.windows(2).any(|two| two == pair.as_slice())));
    other.close().await;
}

async fn pages_go_on_while_others_edit(bench: &Bench) {
    let ann = user(bench, "ann", Role::Listener).await;
    let song = bench.make_ready("Song").await.id;
    let playlists = bench.catalogue.playlists();
    let id = playlists.create(&ann, &new("Mine", false)).await.unwrap().id;
    let (_, old) = playlists.add(&ann, id, &[song; 9], None).await.unwrap();
    let page = async |after: Option<&Cursor>| {
        let (_, page) = playlists.entries(Some(&ann), None, id, after, 3).await.unwrap();
        let ids: Vec<EntryId> = page.iter().map(|entry| entry.id).collect();
        (ids, page.last().map(|entry| entry.cursor.clone()))
    };
    let (first, cursor) = page(None).await;
    assert_eq!(first, old[..3]);
    // Before the page's end, at it, and the last of the page gone.
    playlists.add(&ann, id, &[song; 4], Some(0)).await.unwrap();
    playlists.remove(&ann, id, &[old[2], old[3]]).await.unwrap();
    let (second, cursor) = page(cursor.as_ref()).await;
    assert_eq!(second, old[4..7]);
    // All arranged anew: hundreds one by one at the same spot.
    for _ in 0..600 {
        playlists.add(&ann, id, &[song], Some(1)).await.unwrap();
    }
    let (third, end) = page(cursor.as_ref()).await;
    assert_eq!(third, old[7..9]);
    assert_eq!(page(end.as_ref()).await.0, []);
    playlists.remove(&ann, id, &[old[6]]).await.unwrap();
    let lost = playlists.entries(Some(&ann), None, id, cursor.as_ref(), 3).await;
    assert!(matches!(lost, Err(PlaylistError::Rearranged)), "{lost:?}");
}

async fn a_spot_takes_any_number_of_songs_one_by_one(bench: &Bench) {
    let ann = user(bench, "ann", Role::Listener).await;
    let song = bench.make_ready("Song").await.id;
    let playlists = bench.catalogue.playlists();
    let id = playlists.create(&ann, &new("Mine", false)).await.unwrap().id;
    let (_, mut wanted) = playlists.add(&ann, id, &[song; 2], None).await.unwrap();
    for _ in 0..600 {
        let (_, new) = playlists.add(&ann, id, &[song], Some(1)).await.unwrap();
        wanted.insert(1, new[0]);
    }
    assert_eq!(all(&bench.catalogue, &ann, id).await.0, wanted);
}

async fn lists_have_what_somebody_made_newest_first(bench: &Bench) {
    let ann = user(bench, "ann", Role::Listener).await;
    let bob = user(bench, "bob", Role::Listener).await;
    let playlists = bench.catalogue.playlists();
    for name in ["1", "2", "3"] {
        playlists.create(&ann, &new(name, true)).await.unwrap();
    }
    playlists.create(&bob, &new("4", true)).await.unwrap();
    let page = playlists.of(&ann, None, 2).await.unwrap();
    assert_eq!(page.iter().map(|list| list.name.as_str()).collect::<String>(), "32");
    let page = playlists.of(&ann, Some(page[1].id), 2).await.unwrap();
    assert_eq!(page.iter().map(|list| list.name.as_str()).collect::<String>(), "1");
}
