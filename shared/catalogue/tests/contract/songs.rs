//! Songs, their artists and albums.

use std::time::Duration;

use segue_catalogue::credits::CreditRole;
use segue_catalogue::{
    Again, Album, AlbumEdit, Audience, AuthenticatedUser, MusicBrainz, NewCredit, NewSong,
    Particulars, Role, SongCursor, SongFilter, TrackNumber, Viewer,
};

use crate::bench::Bench;
use crate::contract;

contract![
    artists_and_named_albums_are_shared_and_singles_are_not,
    what_is_known_of_a_song_is_accepted_with_it,
    the_same_master_again_is_the_same_song_unless_another_is_asked_for,
    a_master_that_was_made_already_has_a_twin,
    nobody_puts_songs_into_the_album_of_another,
    lists_are_paged_newest_first_and_show_what_the_viewer_may_see,
];

async fn artists_and_named_albums_are_shared_and_singles_are_not(bench: &Bench) {
    let songs = bench.catalogue.songs();
    let a = songs.accept(&bench.new_song("A", Some("Album"))).await.unwrap();
    let b = songs.accept(&bench.new_song("B", Some("Album"))).await.unwrap();
    assert_eq!((a.artist_id, a.album_id), (b.artist_id, b.album_id));
    let single = songs.accept(&bench.new_song("Album", None)).await.unwrap();
    let other = songs.accept(&bench.new_song("Album", None)).await.unwrap();
    assert_ne!(single.album_id, other.album_id);
    assert_ne!(single.album_id, a.album_id);
    let filed = |artist: &str| NewSong {
        artist: artist.parse().unwrap(),
        album_artist: Some("Various Artists".parse().unwrap()),
        ..bench.new_song("Song", Some("Hits"))
    };
    let ann = songs.accept(&filed("Ann")).await.unwrap();
    let bob = songs.accept(&filed("Bob")).await.unwrap();
    assert_eq!(ann.album_id, bob.album_id, "a compilation stays together");
    assert_ne!(ann.artist_id, bob.artist_id);
    assert_eq!(bob.artist, "Bob");
    assert_eq!(single.artist_id, a.artist_id);
}

async fn what_is_known_of_a_song_is_accepted_with_it(bench: &Bench) {
    let songs = bench.catalogue.songs();
    let credit = |name: &str, role, join: &str| NewCredit {
        artist: name.parse().unwrap(),
        role,
        join_phrase: join.to_owned(),
    };
    let id = "8f6bd1e4-fbe1-4f50-aa9b-94c450ec0f11";
    let known = Particulars {
        explicit: true,
        isrc: Some("ATA012600001".parse().unwrap()),
        disc: TrackNumber::new(2),
        track: TrackNumber::new(1),
        musicbrainz: MusicBrainz {
            recording: Some(id.parse().unwrap()),
            release: None,
            artists: Some(id.parse().unwrap()),
        },
        // Who is named twice is one artist.
        credits: vec![
            credit("Somebody", CreditRole::Main, " feat. "),
            credit("Zoe", CreditRole::Featured, ""),
            credit("Zoe", CreditRole::Composer, ""),
        ],
    };
    let new = NewSong { particulars: known.clone(), ..bench.new_song("Last", Some("Album")) };
    let song = songs.accept(&new).await.unwrap();
    assert_eq!((song.explicit, song.isrc.clone(), song.disc), (true, known.isrc, Some(2)));
    assert_eq!((song.musicbrainz.clone(), song.track), (known.musicbrainz, Some(1)));
    let credits = songs.credits(song.id).await.unwrap();
    assert_eq!(credits[0].artist, song.artist_id);
    assert_eq!((credits[1].artist, credits.len()), (credits[2].artist, 3));

    // The disc before the place, until somebody orders the album by hand.
    let particulars = Particulars { track: TrackNumber::new(9), ..Particulars::default() };
    let first = NewSong { particulars, ..bench.new_song("First", Some("Album")) };
    let first = songs.accept(&first).await.unwrap();
    let (albums, everything) = (bench.catalogue.albums(), Audience::from(Viewer::Admin));
    let album = albums.seen(song.album_id, &everything).await.unwrap().unwrap();
    let ids = |album: &Album| album.songs.iter().map(|song| song.id).collect::<Vec<_>>();
    assert_eq!(ids(&album), [first.id, song.id]);
    let edit = AlbumEdit { order: Some(vec![song.id, first.id]), ..AlbumEdit::default() };
    let album = albums.edit(album.id, album.edition(), &edit).await.unwrap();
    assert_eq!(ids(&album), [song.id, first.id]);
    assert_eq!((album.songs[0].disc, album.songs[0].track), (None, Some(1)));
}

async fn the_same_master_again_is_the_same_song_unless_another_is_asked_for(bench: &Bench) {
    let mut accepting = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (catalogue, new) = (bench.catalogue.clone(), bench.new_song(&number.to_string(), None));
        accepting.spawn(async move { catalogue.songs().accept_once(&new, Again::Same).await });
    }
    let accepted: Vec<_> = accepting.join_all().await.into_iter().map(Result::unwrap).collect();
    let id = accepted[0].song.id;
    assert!(accepted.iter().all(|it| it.song.id == id), "{accepted:?}");
    assert_eq!(accepted.iter().filter(|it| !it.is_duplicate).count(), 1);
    let songs = bench.catalogue.songs();
    let new = bench.new_song("Again", None);
    let another = songs.accept_once(&new, Again::Another).await.unwrap();
    assert!(another.song.id != id && !another.is_duplicate);
    let ann = bench.catalogue.users().create("ann", "hash", Role::Artist).await.unwrap().id;
    let anns = NewSong { uploader: ann, ..new.clone() };
    assert!(!songs.accept_once(&anns, Again::Same).await.unwrap().is_duplicate, "it is hers");
    let other = NewSong { master: media::MasterHash::new([8; 32]), ..anns.clone() };
    assert!(!songs.accept_once(&other, Again::Same).await.unwrap().is_duplicate);

    // What was taken down is not put back by sending it again; what failed is tried again.
    songs.withdraw(id, None).await.unwrap();
    let again = songs.accept_once(&new, Again::Same).await.unwrap();
    assert_eq!((again.song.id, again.is_duplicate), (id, true));
    songs.restore(id, None).await.unwrap();
    while let Some(job) = bench.catalogue.jobs().claim(Duration::from_secs(60)).await.unwrap() {
        bench.catalogue.jobs().fail(&job, "because").await.unwrap();
    }
    assert!(!songs.accept_once(&new, Again::Same).await.unwrap().is_duplicate);
}

async fn a_master_that_was_made_already_has_a_twin(bench: &Bench) {
    let songs = bench.catalogue.songs();
    let made = bench.make_ready("Made").await;
    let current = made.current.clone().expect("it is ready");
    let song = songs.accept(&bench.new_song("Again", None)).await.unwrap();
    let twin = songs.twin(&song, current.version).await.unwrap().expect("the same master");
    assert_eq!((twin.song, twin.artist, twin.album), (made.id, made.artist_id, made.album_id));
    assert_eq!(songs.twin(&made, current.version).await.unwrap(), None, "nobody is their own");
    let other = media::Version::of(&song.master, "another recipe");
    assert_eq!(songs.twin(&song, other).await.unwrap(), None);
}

async fn nobody_puts_songs_into_the_album_of_another(bench: &Bench) {
    let users = bench.catalogue.users();
    let ann = users.create("ann", "hash", Role::Artist).await.unwrap().id;
    let eve = users.create("eve", "hash", Role::Artist).await.unwrap().id;
    let accept = async |uploader, title: &str| {
        let new = NewSong { uploader, ..bench.new_song(title, Some("Album")) };
        bench.catalogue.songs().accept(&new).await.unwrap()
    };
    let first = accept(ann, "First").await;
    let foreign = accept(eve, "Second").await;
    assert_eq!(first.artist_id, foreign.artist_id, "artists by name are shared");
    assert_ne!(first.album_id, foreign.album_id);
    assert_eq!(accept(ann, "Third").await.album_id, first.album_id);
    let is_of = async |user| {
        let viewer = Viewer::Uploader(user);
        bench.catalogue.albums().is_of(first.album_id, &viewer).await.unwrap()
    };
    assert!(is_of(ann).await, "and Ann still has hers to edit");
    assert!(!is_of(eve).await);
}

async fn lists_are_paged_newest_first_and_show_what_the_viewer_may_see(bench: &Bench) {
    for title in ["1", "2", "3"] {
        bench.make_ready(title).await;
    }
    let waiting = bench.accept("4").await;
    let artist = bench.catalogue.users().create("artist", "hash", Role::Artist).await.unwrap();
    let titles = async |viewer: Viewer, after: Option<SongCursor>, limit: u32| {
        let (audience, all) = (Audience::from(viewer), SongFilter::default());
        let page =
            bench.catalogue.songs().list(&audience, &all, after.as_ref(), limit).await.unwrap();
        let titles = page.iter().map(|song| song.title.clone()).collect::<Vec<_>>().concat();
        (titles, page.last().map(|song| all.cursor(song)))
    };
    let (first, last) = titles(Viewer::Public, None, 2).await;
    assert_eq!(first, "32");
    assert_eq!(titles(Viewer::Public, last, 2).await.0, "1");
    assert_eq!(titles(Viewer::Admin, None, 9).await.0, "4321");
    assert_eq!(titles(Viewer::Uploader(artist.id), None, 9).await.0, "321");
    assert_eq!(titles(Viewer::Uploader(bench.admin.id), None, 9).await.0, "4321");

    let listener = AuthenticatedUser { id: artist.id, role: Role::Listener };
    for (viewer, sees) in [
        (Viewer::from(None), false),
        (Viewer::from(Some(&listener)), false),
        (Viewer::Uploader(bench.admin.id), true),
        (Viewer::Admin, true),
    ] {
        let seen = bench.catalogue.songs().seen(waiting.id, &viewer.into()).await.unwrap();
        assert_eq!(seen.is_some(), sees, "{viewer:?}");
    }
}
