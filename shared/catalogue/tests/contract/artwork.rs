//! What songs, albums and artists are shown with.

use media::ids::ArtworkHash;
use segue_catalogue::{
    Artwork, Audience, CatalogueError, Cover, Event, NewSong, Packaged, Song, SongEdit, Viewer,
};
use uuid::Uuid;

use crate::bench::{Bench, LEASE, packaged};
use crate::contract;

contract![
    a_song_has_its_masters_cover_and_the_artist_too,
    an_albums_cover_is_its_songs_but_for_those_that_have_their_own,
    a_song_that_comes_later_is_dressed_as_its_album,
    what_is_kept_back_dresses_nobody,
    a_cover_for_nothing_is_refused,
];

fn artwork(number: u8) -> Artwork {
    let cover = |width| Cover { hash: ArtworkHash::new([number; 32]), width, height: width };
    Artwork::of(vec![cover(300), cover(96)]).unwrap()
}

/// A song that was packaged from a master with that cover.
async fn ready(bench: &Bench, new: &NewSong, artwork: Option<Artwork>) -> Song {
    let song = bench.catalogue.songs().accept(new).await.unwrap();
    let job = bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
    let done = Packaged { artwork, ..packaged(&song) };
    bench.catalogue.jobs().complete(&job, &done).await.unwrap();
    bench.song(song.id).await
}

async fn album_artwork(bench: &Bench, song: &Song, viewer: Viewer) -> Option<Artwork> {
    let album = bench.catalogue.albums().seen(song.album_id, &viewer.into()).await.unwrap();
    album.expect("its album").artwork
}

async fn artist_artwork(bench: &Bench, song: &Song) -> Option<Artwork> {
    let audience = Audience::from(Viewer::Public);
    let artist = bench.catalogue.artists().seen(song.artist_id, &audience).await.unwrap();
    artist.expect("its artist").artwork
}

async fn a_song_has_its_masters_cover_and_the_artist_too(bench: &Bench) {
    let bare = ready(bench, &bench.new_song("Bare", None), None).await;
    assert_eq!((&bare.artwork, artist_artwork(bench, &bare).await), (&None, None));
    let song = ready(bench, &bench.new_song("A", None), Some(artwork(1))).await;
    assert_eq!(song.artwork, Some(artwork(1)));
    assert_eq!(album_artwork(bench, &song, Viewer::Public).await, Some(artwork(1)));
    assert_eq!(album_artwork(bench, &bare, Viewer::Public).await, None);
    ready(bench, &bench.new_song("Bare, too", None), None).await;
    assert_eq!(artist_artwork(bench, &song).await, Some(artwork(1)), "the newest that has one");
    ready(bench, &bench.new_song("B", None), Some(artwork(2))).await;
    assert_eq!(artist_artwork(bench, &song).await, Some(artwork(2)));
    let found = bench.catalogue.artists();
    let found = found.starting_with("some", &Viewer::Public.into(), 0, 9).await.unwrap();
    assert_eq!(found[0].artwork, Some(artwork(2)));
}

async fn an_albums_cover_is_its_songs_but_for_those_that_have_their_own(bench: &Bench) {
    let (songs, albums) = (bench.catalogue.songs(), bench.catalogue.albums());
    let one = ready(bench, &bench.new_song("One", Some("Album")), Some(artwork(1))).await;
    let two = ready(bench, &bench.new_song("Two", Some("Album")), None).await;
    let own = songs.put_artwork(two.id, &artwork(2)).await.unwrap();
    assert_eq!(own.artwork, Some(artwork(2)));
    assert!(own.edition > two.edition, "who read it before changes nothing");
    let before = albums.seen(one.album_id, &Viewer::Public.into()).await.unwrap().unwrap();
    assert_eq!(before.artwork, Some(artwork(1)), "its first song's");

    let album = albums.put_artwork(one.album_id, &artwork(3)).await.unwrap();
    assert_eq!(album.artwork, Some(artwork(3)));
    assert_ne!(album.edition(), before.edition());
    assert_eq!(bench.song(one.id).await.artwork, Some(artwork(3)));
    assert_eq!(bench.song(two.id).await.artwork, Some(artwork(2)));
    let told = bench.catalogue.outbox().pending(100).await.unwrap();
    let edited = |song: &Song| {
        let (artist, album) = (song.artist_id, song.album_id);
        told.iter()
            .filter(|it| it.event() == Some(Event::SongEdited { song: song.id, artist, album }))
            .count()
    };
    assert_eq!((edited(&one), edited(&two)), (1, 2));
}

async fn a_song_that_comes_later_is_dressed_as_its_album(bench: &Bench) {
    let first = ready(bench, &bench.new_song("First", Some("Album")), None).await;
    bench.catalogue.albums().put_artwork(first.album_id, &artwork(7)).await.unwrap();
    let later = ready(bench, &bench.new_song("Later", Some("Album")), Some(artwork(1))).await;
    assert_eq!(later.artwork, Some(artwork(7)));
    let new = bench.new_song("Quick", Some("Album"));
    let quick = bench.catalogue.songs().accept(&new).await.unwrap();
    bench.catalogue.songs().put_artwork(quick.id, &artwork(8)).await.unwrap();
    let job = bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
    let done = Packaged { artwork: Some(artwork(1)), ..packaged(&quick) };
    bench.catalogue.jobs().complete(&job, &done).await.unwrap();
    assert_eq!(bench.song(quick.id).await.artwork, Some(artwork(8)), "what was put there stays");
}

async fn what_is_kept_back_dresses_nobody(bench: &Bench) {
    let out = ready(bench, &bench.new_song("Out", Some("Album")), None).await;
    let kept = ready(bench, &bench.new_song("Kept", Some("Album")), Some(artwork(1))).await;
    bench.edit(kept.id, SongEdit { draft: Some(true), ..SongEdit::default() }).await;
    assert_eq!(album_artwork(bench, &out, Viewer::Public).await, None);
    assert_eq!(artist_artwork(bench, &out).await, None);
    assert_eq!(album_artwork(bench, &out, Viewer::Admin).await, Some(artwork(1)));
}

async fn a_cover_for_nothing_is_refused(bench: &Bench) {
    let nobody = Uuid::now_v7();
    let song = bench.catalogue.songs().put_artwork(media::SongId::new(nobody), &artwork(1)).await;
    assert!(matches!(song, Err(CatalogueError::Gone)), "{song:?}");
    let album = bench.catalogue.albums();
    let album = album.put_artwork(media::AlbumId::new(nobody), &artwork(1)).await;
    assert!(matches!(album, Err(CatalogueError::Gone)), "{album:?}");
}
