//! Finding songs: filters, prefixes, genres, and what is played most lately.

use std::time::Duration;

use segue_catalogue::{Audience, SongCursor, SongEdit, SongFilter, Viewer, trends};

use crate::bench::Bench;
use crate::contract;

contract![
    filters_narrow_and_titles_are_found_by_how_they_begin,
    pages_follow_each_other_whatever_changes,
    genres_are_named_once,
    plays_fade,
];

const PUBLIC: Audience = Audience { viewer: Viewer::Public, country: None };

async fn filters_narrow_and_titles_are_found_by_how_they_begin(bench: &Bench) {
    for title in ["Abend", "abendrot", "Äther", "Morgen", "100% Abend_"] {
        bench.make_ready(title).await;
    }
    let songs = bench.catalogue.songs();
    let titles = async |filter: SongFilter, after: Option<SongCursor>, limit| {
        let found = songs.list(&PUBLIC, &filter, after.as_ref(), limit).await.unwrap();
        let last = found.last().map(|song| filter.cursor(song));
        (found.into_iter().map(|song| song.title).collect::<Vec<_>>(), last)
    };
    let titled =
        |title: &str| SongFilter { title: Some(title.to_owned()), ..SongFilter::default() };
    let (first, last) = titles(titled("ABEND"), None, 1).await;
    assert_eq!(first, ["Abend"]);
    assert_eq!(titles(titled("ABEND"), last, 9).await.0, ["abendrot"]);
    assert_eq!(titles(titled("ä"), None, 9).await.0, ["Äther"]);
    assert_eq!(titles(titled("100%"), None, 9).await.0, ["100% Abend_"]);
    assert!(titles(titled("%"), None, 9).await.0.is_empty());
    let genre = SongFilter { genre: Some("FOLK".parse().unwrap()), ..titled("m") };
    assert_eq!(titles(genre, None, 9).await.0, ["Morgen"]);
    let year =
        |year: &str| SongFilter { year: Some(year.parse().unwrap()), ..SongFilter::default() };
    assert_eq!(titles(year("1997"), None, 9).await.0.len(), 5);
    assert!(titles(year("1998"), None, 9).await.0.is_empty());
    let song = bench.make_ready("Last").await;
    let album = SongFilter { album: Some(song.album_id), ..SongFilter::default() };
    assert_eq!(titles(album, None, 9).await.0, ["Last"]);
    let jazz = songs.newest(&PUBLIC, Some(&"jazz".parse().unwrap()), None, 9).await.unwrap();
    assert!(jazz.is_empty());
    let folk = Some("folk".parse().unwrap());
    let first = songs.newest(&PUBLIC, folk.as_ref(), None, 1).await.unwrap();
    assert_eq!(first[0].id, song.id);
    let rest = songs
        .newest(&PUBLIC, folk.as_ref(), Some(&SongCursor::of_release(&song)), 9)
        .await
        .unwrap();
    assert_eq!(rest.len(), 5);
    let artists = bench.catalogue.artists();
    let found = artists.starting_with("SOME", &PUBLIC, 0, 9).await.unwrap();
    assert_eq!(found.iter().map(|artist| artist.name.as_str()).collect::<Vec<_>>(), ["Somebody"]);
    assert!(artists.starting_with("some", &PUBLIC, 1, 9).await.unwrap().is_empty());
    assert!(artists.starting_with("body", &PUBLIC, 0, 9).await.unwrap().is_empty());
}

/// Whatever becomes of the song that a page ended with, the next one begins behind where it stood.
async fn pages_follow_each_other_whatever_changes(bench: &Bench) {
    let mut made = Vec::new();
    for title in ["Aa", "Ab", "Ac", "Ad"] {
        made.push(bench.make_ready(title).await);
        bench.wait(Duration::from_secs(1));
    }
    let songs = bench.catalogue.songs();
    let titled = SongFilter { title: Some("a".to_owned()), ..SongFilter::default() };
    let (by_title, by_release) = (titled.cursor(&made[1]), SongCursor::of_release(&made[2]));
    let renamed = SongEdit { title: Some("Az".parse().unwrap()), ..SongEdit::default() };
    bench.edit(made[1].id, renamed).await;
    let scheduled = SongEdit { available_from_ms: Some(Some(1_000)), ..SongEdit::default() };
    bench.edit(made[2].id, SongEdit { draft: Some(true), ..scheduled }).await;
    let titles = |songs: Vec<segue_catalogue::Song>| {
        songs.into_iter().map(|song| song.title).collect::<Vec<_>>().concat()
    };
    let rest = songs.list(&PUBLIC, &titled, Some(&by_title), 9).await.unwrap();
    assert_eq!(titles(rest), "AdAz");
    let rest = songs.newest(&PUBLIC, None, Some(&by_release), 9).await.unwrap();
    assert_eq!(titles(rest), "AzAa");
    assert!(titled.begins_at(&by_title) && !titled.begins_at(&by_release));
    assert!(!SongFilter::default().begins_at(&by_title));
}

async fn genres_are_named_once(bench: &Bench) {
    for (title, genre) in [("1", "Folk"), ("2", "FOLK"), ("3", "Ambient")] {
        let song = bench.make_ready(title).await;
        let genre = Some(Some(genre.parse().unwrap()));
        bench.edit(song.id, SongEdit { genre, ..SongEdit::default() }).await;
    }
    let genres = bench.catalogue.genres();
    assert_eq!(genres.list(&PUBLIC, None, 9).await.unwrap(), ["Ambient", "Folk"]);
    let after = "Ambient".parse().unwrap();
    assert_eq!(genres.list(&PUBLIC, Some(&after), 9).await.unwrap(), ["Folk"]);
}

async fn plays_fade(bench: &Bench) {
    let (old, new) = (bench.make_ready("Old").await, bench.make_ready("New").await);
    let silent = bench.make_ready("Silent").await;
    let trends = bench.catalogue.trends();
    let order = async |genre: Option<&str>| {
        let genre = genre.map(|genre| genre.parse().unwrap());
        let songs = trends.list(&PUBLIC, genre.as_ref(), 9).await.unwrap();
        songs.into_iter().map(|song| song.title).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        trends.count(old.id).await.unwrap();
    }
    trends.count(new.id).await.unwrap();
    assert_eq!(order(None).await, ["Old", "New"]);
    bench.wait(trends::HALF_LIFE * 2);
    // Three plays are worth less than one after two half-lives.
    trends.count(new.id).await.unwrap();
    assert_eq!(order(Some("folk")).await, ["New", "Old"]);
    let genre = Some(Some("Jazz".parse().unwrap()));
    bench.edit(new.id, SongEdit { genre, ..SongEdit::default() }).await;
    assert_eq!(order(Some("Jazz")).await, ["New"]);
    assert_eq!(order(Some("Folk")).await, ["Old"]);
    assert_eq!(trends.plays(old.id, 1).await.unwrap(), 0);
    assert_eq!(trends.plays(old.id, 30).await.unwrap(), 3);
    assert_eq!(trends.plays(new.id, 1).await.unwrap(), 1);
    assert_eq!(trends.plays(silent.id, 30).await.unwrap(), 0);
    // Several at once lose none.
    tokio::join!(
        async { trends.count(silent.id).await.unwrap() },
        async { trends.count(silent.id).await.unwrap() },
        async { trends.count(silent.id).await.unwrap() },
    );
    bench.wait(Duration::from_secs(1));
    assert_eq!(trends.plays(silent.id, 1).await.unwrap(), 3);
    assert_eq!(order(None).await[0], "Silent");
}
