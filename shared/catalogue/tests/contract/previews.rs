//! Private links.

use segue_catalogue::SongEdit;
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;

contract![a_private_link_leads_to_its_song_until_it_is_taken_back];

async fn a_private_link_leads_to_its_song_until_it_is_taken_back(bench: &Bench) {
    let (song, other) = (bench.make_ready("Song").await, bench.make_ready("Other").await);
    bench.edit(song.id, SongEdit { draft: Some(true), ..SongEdit::default() }).await;
    let previews = bench.catalogue.previews();
    let (one, two) = (
        previews.make(song.id, b"one").await.unwrap(),
        previews.make(song.id, b"two").await.unwrap(),
    );
    let opened = async |secret: &[u8]| {
        previews.open(secret).await.unwrap().map(|(link, song)| (link.id, song.id))
    };
    assert_eq!(opened(b"one").await, Some((one.id, song.id)));
    assert_eq!(opened(b"three").await, None);
    assert_eq!(previews.of(song.id).await.unwrap(), [one.clone(), two.clone()]);
    assert!(!previews.revoke(other.id, one.id).await.unwrap(), "another song's");
    assert!(!previews.revoke(song.id, Uuid::now_v7()).await.unwrap());
    assert!(previews.revoke(song.id, one.id).await.unwrap());
    assert_eq!(opened(b"one").await, None);
    assert_eq!(opened(b"two").await, Some((two.id, song.id)));
    bench.sql("UPDATE songs SET state = 'withdrawn'").await;
    assert_eq!(opened(b"two").await, None);
}
