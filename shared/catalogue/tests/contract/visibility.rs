//! Who is shown which song: one rule for lists, single songs, albums, artists, genres and what is played.

use std::time::{Duration, UNIX_EPOCH};

use media::UserId;
use segue_catalogue::{Audience, Role, Song, SongEdit, SongFilter, Territories, Viewer};

use crate::bench::Bench;
use crate::contract;

contract![
    every_cell_of_role_state_window_and_territory_is_the_same_everywhere,
    a_scheduled_song_comes_out_by_itself,
];

fn in_ms(bench: &Bench, hours: i64) -> Option<Option<u64>> {
    let now = bench.clock.clock().now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    Some(Some(u64::try_from(i64::try_from(now).unwrap() + hours * 3_600_000).unwrap()))
}

fn only_in(countries: &str) -> Option<Option<Territories>> {
    Some(Territories::of(countries.split(' ').map(|country| country.parse().unwrap())))
}

/// All the ways in which a song can be found.
async fn ways(bench: &Bench, audience: &Audience, song: &Song) -> [bool; 9] {
    let catalogue = &bench.catalogue;
    let listed = async |filter: SongFilter| {
        let found = catalogue.songs().list(audience, &filter, None, 50).await.unwrap();
        found.iter().any(|found| found.id == song.id)
    };
    let title = Some(song.title.clone());
    let album = catalogue.albums().seen(song.album_id, audience).await.unwrap();
    let genres = catalogue.genres().list(audience, None, 50).await.unwrap();
    let artists = catalogue.artists().starting_with("some", audience, 0, 50).await.unwrap();
    let played = catalogue.trends().list(audience, None, 50).await.unwrap();
    [
        catalogue.songs().seen(song.id, audience).await.unwrap().is_some(),
        listed(SongFilter::default()).await,
        listed(SongFilter { title, ..SongFilter::default() }).await,
        listed(SongFilter { artist: Some(song.artist_id), ..SongFilter::default() }).await,
        album.is_some(),
        !genres.is_empty(),
        !artists.is_empty(),
        catalogue.artists().seen(song.artist_id, audience).await.unwrap().is_some(),
        played.iter().any(|found| found.id == song.id),
    ]
}

async fn every_cell_of_role_state_window_and_territory_is_the_same_everywhere(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    bench.catalogue.trends().count(song.id).await.unwrap();
    let other = bench.catalogue.users().create("ann", "hash", Role::Artist).await.unwrap().id;
    let (at, de) = (Some("AT".parse().unwrap()), Some("DE".parse().unwrap()));
    let everything = SongEdit {
        draft: Some(false),
        available_from_ms: Some(None),
        available_until_ms: Some(None),
        territories: Some(None),
        ..SongEdit::default()
    };
    let edited = |edit: SongEdit| edit;
    // What is the matter with it; whether others see it from nowhere, from Austria and from Germany.
    let rows = [
        ("nothing", edited(SongEdit::default()), [true, true, true]),
        ("a draft", SongEdit { draft: Some(true), ..SongEdit::default() }, [false; 3]),
        (
            "not yet",
            SongEdit { available_from_ms: in_ms(bench, 1), ..SongEdit::default() },
            [false; 3],
        ),
        (
            "already",
            SongEdit { available_from_ms: in_ms(bench, -1), ..SongEdit::default() },
            [true; 3],
        ),
        (
            "over",
            SongEdit { available_until_ms: in_ms(bench, -1), ..SongEdit::default() },
            [false; 3],
        ),
        (
            "still",
            SongEdit { available_until_ms: in_ms(bench, 1), ..SongEdit::default() },
            [true; 3],
        ),
        (
            "in Austria",
            SongEdit { territories: only_in("AT CH"), ..SongEdit::default() },
            [false, true, false],
        ),
        ("elsewhere", SongEdit { territories: only_in("CH"), ..SongEdit::default() }, [false; 3]),
    ];
    for (what, edit, others) in rows {
        bench.edit(song.id, everything.clone()).await;
        bench.edit(song.id, edit).await;
        judge(bench, &song, what, other, [None, at, de], others).await;
    }
    bench.edit(song.id, everything).await;
    for state in ["queued", "processing", "failed", "withdrawn"] {
        bench.sql(&format!("UPDATE songs SET state = '{state}'")).await;
        judge(bench, &song, state, other, [None, at, de], [false; 3]).await;
    }
}

async fn judge(
    bench: &Bench,
    song: &Song,
    what: &str,
    other: UserId,
    countries: [Option<segue_catalogue::Country>; 3],
    others: [bool; 3],
) {
    for (country, seen) in countries.into_iter().zip(others) {
        for (viewer, sees) in [
            (Viewer::Public, seen),
            (Viewer::Uploader(other), seen),
            (Viewer::Uploader(bench.admin.id), true),
            (Viewer::Admin, true),
        ] {
            let audience = Audience { viewer, country };
            let found = ways(bench, &audience, song).await;
            assert_eq!(found, [sees; 9], "{what}, {viewer:?} from {country:?}");
        }
    }
}

async fn a_scheduled_song_comes_out_by_itself(bench: &Bench) {
    let (old, song) = (bench.make_ready("Old").await, bench.make_ready("Song").await);
    let window = SongEdit {
        available_from_ms: in_ms(bench, 2),
        available_until_ms: in_ms(bench, 4),
        ..SongEdit::default()
    };
    bench.edit(song.id, window).await;
    let new = async || {
        let audience = Audience::from(Viewer::Public);
        let new = bench.catalogue.songs().newest(&audience, None, None, 9).await.unwrap();
        new.into_iter().map(|song| song.id).collect::<Vec<_>>()
    };
    assert_eq!(new().await, [old.id]);
    bench.wait(Duration::from_secs(2 * 3_600));
    assert_eq!(new().await, [song.id, old.id], "its release is what counts");
    bench.wait(Duration::from_secs(2 * 3_600));
    assert_eq!(new().await, [old.id]);
}
