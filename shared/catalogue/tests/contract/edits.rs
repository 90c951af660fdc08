//! Changing what is said about songs and albums.

use segue_catalogue::{
    AlbumEdit, Audience, CatalogueError, Event, NewCredit, NewSong, SongEdit, SongFilter,
    TrackNumber, Viewer, credits::CreditRole,
};

use crate::bench::Bench;
use crate::contract;

contract![
    an_edit_changes_what_it_says_and_nothing_else,
    of_two_editors_the_second_changes_nothing,
    a_window_has_a_length,
    who_is_credited_has_the_song_among_theirs,
    an_album_has_an_order_and_a_bar_code,
    who_names_the_same_things_in_another_order_waits_and_is_not_turned_away,
];

async fn an_edit_changes_what_it_says_and_nothing_else(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let edit = SongEdit {
        title: Some("Sóng".parse().unwrap()),
        genre: Some(Some("Jazz".parse().unwrap())),
        isrc: Some(Some("ATA012600001".parse().unwrap())),
        track: Some(TrackNumber::new(3)),
        explicit: Some(true),
        ..SongEdit::default()
    };
    let edited = bench.edit(song.id, edit).await;
    assert_eq!((edited.title.as_str(), edited.album.as_str()), ("Sóng", "Sóng"));
    assert_eq!(edited.genre.as_deref(), Some("Jazz"));
    assert_eq!(edited.isrc.as_ref().map(ToString::to_string).as_deref(), Some("ATA012600001"));
    assert_eq!((edited.track, edited.explicit), (Some(3), true));
    assert_eq!(edited.release_year, song.release_year);
    assert!(edited.edition > song.edition);
    let cleared = SongEdit { genre: Some(None), release_year: Some(None), ..SongEdit::default() };
    let cleared = bench.edit(song.id, cleared).await;
    assert_eq!((cleared.genre, cleared.release_year), (None, None));
    assert_eq!(cleared.isrc, edited.isrc);
    let told = bench.catalogue.outbox().pending(100).await.unwrap();
    let (artist, album) = (song.artist_id, song.album_id);
    assert_eq!(
        told.last().unwrap().event(),
        Some(Event::SongEdited { song: song.id, artist, album })
    );
}

async fn of_two_editors_the_second_changes_nothing(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let titled =
        |title: &str| SongEdit { title: Some(title.parse().unwrap()), ..SongEdit::default() };
    let other = bench.opened_again().await;
    let edits = (titled("One"), titled("Two"));
    let (songs, others) = (bench.catalogue.songs(), other.songs());
    let (one, two) = tokio::join!(
        songs.edit(song.id, song.edition, &edits.0),
        others.edit(song.id, song.edition, &edits.1),
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert!(matches!(lost, Err(CatalogueError::Stale)), "{lost:?}");
    assert_eq!(bench.song(song.id).await, won.unwrap());
    other.close().await;
}

async fn a_window_has_a_length(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let from = SongEdit { available_from_ms: Some(Some(2_000)), ..SongEdit::default() };
    let song = bench.edit(song.id, from).await;
    let until = SongEdit { available_until_ms: Some(Some(2_000)), ..SongEdit::default() };
    let refused = bench.catalogue.songs().edit(song.id, song.edition, &until).await;
    assert!(matches!(refused, Err(CatalogueError::EmptyWindow)), "{refused:?}");
}

async fn who_is_credited_has_the_song_among_theirs(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let credit = |name: &str, role: &str, join: &str| NewCredit {
        artist: name.parse().unwrap(),
        role: role.parse().unwrap(),
        join_phrase: join.to_owned(),
    };
    let credits = vec![credit("Somebody", "main", " feat. "), credit("AC/DC", "featured", "")];
    bench.edit(song.id, SongEdit { credits: Some(credits), ..SongEdit::default() }).await;
    let credits = bench.catalogue.songs().credits(song.id).await.unwrap();
    let line: String =
        credits.iter().map(|credit| format!("{}{}", credit.name, credit.join_phrase)).collect();
    assert_eq!(line, "Somebody feat. AC/DC");
    let audience = Audience::from(Viewer::Public);
    for credit in &credits {
        let filter = SongFilter { artist: Some(credit.artist), ..SongFilter::default() };
        let songs = bench.catalogue.songs().list(&audience, &filter, None, 9).await.unwrap();
        assert_eq!(songs.iter().map(|song| song.id).collect::<Vec<_>>(), [song.id], "once");
        let artist = bench.catalogue.artists().seen(credit.artist, &audience).await.unwrap();
        assert_eq!(artist.unwrap().name, credit.name);
    }
    bench.edit(song.id, SongEdit { credits: Some(Vec::new()), ..SongEdit::default() }).await;
    let gone = bench.catalogue.artists().seen(credits[1].artist, &audience).await.unwrap();
    assert_eq!(gone, None);
}

async fn an_album_has_an_order_and_a_bar_code(bench: &Bench) {
    let mut songs = Vec::new();
    for title in ["A", "B", "C"] {
        let song = bench.new_song(title, Some("Album"));
        songs.push(bench.catalogue.songs().accept(&song).await.unwrap());
    }
    let everything = Audience::from(Viewer::Admin);
    let albums = bench.catalogue.albums();
    let id = songs[0].album_id;
    let album = albums.seen(id, &everything).await.unwrap().unwrap();
    assert_eq!(album.songs.iter().map(|song| song.title.as_str()).collect::<String>(), "ABC");
    let order: Vec<_> = [2, 0, 1].into_iter().map(|place| songs[place].id).collect();
    let edit = AlbumEdit {
        title: Some("Records".parse().unwrap()),
        upc: Some(Some("036000291452".parse().unwrap())),
        order: Some(order.clone()),
    };
    let edited = albums.edit(id, album.edition(), &edit).await.unwrap();
    assert_eq!(edited.songs.iter().map(|song| song.title.as_str()).collect::<String>(), "CAB");
    assert_eq!(edited.songs.iter().map(|song| song.track.unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((edited.title.as_str(), edited.songs[0].album.as_str()), ("Records", "Records"));
    assert_eq!(edited.upc.as_ref().unwrap().to_string(), "036000291452");

    let stale = albums.edit(id, album.edition(), &edit).await;
    assert!(matches!(stale, Err(CatalogueError::Stale)), "{stale:?}");
    for wrong in [vec![order[0]], [order.clone(), vec![order[0]]].concat()] {
        let edit = AlbumEdit { order: Some(wrong), ..AlbumEdit::default() };
        let refused = albums.edit(id, edited.edition(), &edit).await;
        assert!(matches!(refused, Err(CatalogueError::NotItsSongs)), "{refused:?}");
    }
    assert!(albums.is_of(id, &Viewer::Uploader(bench.admin.id)).await.unwrap());
    let ann = bench.catalogue.users().create("ann", "hash", segue_catalogue::Role::Artist).await;
    assert!(!albums.is_of(id, &Viewer::Uploader(ann.unwrap().id)).await.unwrap());
}

async fn who_names_the_same_things_in_another_order_waits_and_is_not_turned_away(bench: &Bench) {
    let (one, two) = (bench.make_ready("One").await, bench.make_ready("Two").await);
    let other = bench.opened_again().await;
    for round in 0..30 {
        let [ann, bob, rock] = ["Ann", "Bob", "Rock"].map(|name| format!("{name} {round}"));
        let uploaded = |artist: &str, album_artist: &str| NewSong {
            artist: artist.parse().unwrap(),
            album_artist: Some(album_artist.parse().unwrap()),
            genre: Some(rock.parse().unwrap()),
            ..bench.new_song("Song", Some("Album"))
        };
        let credited = |names: [&str; 2]| SongEdit {
            credits: Some(names.map(credit).into()),
            genre: Some(Some(rock.parse().unwrap())),
            ..SongEdit::default()
        };
        let (one, two) = (bench.song(one.id).await, bench.song(two.id).await);
        let (songs, others) = (bench.catalogue.songs(), other.songs());
        let (albums, everything) = (other.albums(), Audience::from(Viewer::Admin));
        let album = albums.seen(one.album_id, &everything).await.unwrap().expect("its album");
        let titled =
            |title: &str| AlbumEdit { title: Some(title.parse().unwrap()), ..AlbumEdit::default() };
        let (uploads, edits) = (
            [uploaded(&ann, &bob), uploaded(&bob, &ann)],
            [credited([&ann, &bob]), credited([&bob, &ann])],
        );
        let title = titled(&rock);
        let (first, second, of_one, of_two, of_album) = tokio::join!(
            songs.accept(&uploads[0]),
            others.accept(&uploads[1]),
            songs.edit(one.id, one.edition, &edits[0]),
            others.edit(two.id, two.edition, &edits[1]),
            albums.edit(album.id, album.edition(), &title),
        );
        first.unwrap();
        second.unwrap();
        of_two.unwrap();
        // An album's edition is that of its songs, too: who came second has read an older one.
        let late = [of_one.map(drop), of_album.map(drop)];
        let stale = |result: &Result<(), _>| matches!(result, Err(CatalogueError::Stale));
        assert!(late.iter().all(|result| result.is_ok() || stale(result)), "{late:?}");
        assert!(late.iter().any(Result::is_ok), "{late:?}");
    }
}

fn credit(name: &str) -> NewCredit {
    NewCredit {
        artist: name.parse().unwrap(),
        role: CreditRole::Featured,
        join_phrase: String::new(),
    }
}
