//! Which songs are meant by what is said elsewhere.

use media::SongId;
use segue_catalogue::matching::{MatchedBy, Wanted};
use segue_catalogue::{Audience, SongEdit, Viewer};

use crate::bench::Bench;
use crate::contract;

contract![songs_are_known_by_id_code_or_name, none_of_many_is_lost];

async fn meant(bench: &Bench, wanted: Wanted) -> Option<(SongId, MatchedBy)> {
    let audience = Audience::from(Viewer::Public);
    bench.catalogue.songs().matching(&audience, &[wanted]).await.unwrap()[0]
}

async fn songs_are_known_by_id_code_or_name(bench: &Bench) {
    let first = bench.make_ready("The Song").await.id;
    let second = bench.make_ready("The Song").await.id;
    bench.sql("UPDATE versions SET duration_ms = 60000").await;
    let isrc = "ATA012600001".parse().ok();
    bench.edit(second, SongEdit { isrc: Some(isrc.clone()), ..SongEdit::default() }).await;
    let named = |artist: &str, title: &str, duration_ms| Wanted {
        artist: artist.parse().ok(),
        title: title.parse().ok(),
        duration_ms,
        ..Wanted::default()
    };
    let by_id = Wanted { id: Some(second), isrc: isrc.clone(), ..named("X", "Y", None) };
    assert_eq!(meant(bench, by_id).await, Some((second, MatchedBy::Id)));
    let by_isrc = Wanted { isrc, ..named("X", "Y", Some(1)) };
    assert_eq!(meant(bench, by_isrc.clone()).await, Some((second, MatchedBy::Isrc)));
    let by_name = Some((first, MatchedBy::Name));
    for duration in [None, Some(57_000), Some(63_000)] {
        assert_eq!(meant(bench, named("SOMEBODY", "the song", duration)).await, by_name);
    }
    for wanted in [
        named("Somebody", "The Song", Some(63_001)),
        named("Somebody", "A Song", None),
        named("Anybody", "The Song", None),
        Wanted::default(),
    ] {
        assert_eq!(meant(bench, wanted.clone()).await, None, "{wanted:?}");
    }
    bench.edit(second, SongEdit { draft: Some(true), ..SongEdit::default() }).await;
    assert_eq!(meant(bench, by_isrc).await, None, "nobody may know of it");
}

async fn none_of_many_is_lost(bench: &Bench) {
    let songs = [bench.make_ready("Aaa").await.id, bench.make_ready("Zzz").await.id];
    let named = |title: String| Wanted {
        artist: "Somebody".parse().ok(),
        title: title.parse().ok(),
        ..Wanted::default()
    };
    let mut wanted = vec![named("Aaa".to_owned()); 500];
    wanted.extend((0..500).map(|number| named(format!("Nobody's {number}"))));
    wanted.push(named("Zzz".to_owned()));
    let audience = Audience::from(Viewer::Public);
    let found = bench.catalogue.songs().matching(&audience, &wanted).await.unwrap();
    let known = |song| Some((song, MatchedBy::Name));
    assert!(found[..500].iter().all(|found| *found == known(songs[0])));
    assert!(found[500..1_000].iter().all(Option::is_none));
    assert_eq!(found[1_000], known(songs[1]));
}
