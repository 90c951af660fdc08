//! Files that arrive in pieces.

use std::time::Duration;

use media::UserId;
use segue_catalogue::uploads::{NewUpload, Quota, Upload};
use segue_catalogue::{Again, CatalogueError, Role, SongFilter, Viewer};
use tokio::task::JoinSet;

use crate::bench::Bench;
use crate::contract;

contract![
    an_upload_is_found_until_it_is_over,
    nobody_has_more_on_the_way_than_they_may,
    an_upload_becomes_one_song_however_often_it_is_accepted,
    what_is_made_of_others_is_found_by_them,
    what_is_made_of_others_is_noted_once,
];

const LIFETIME: Duration = Duration::from_secs(60);
const QUOTA: Quota = Quota { uploads: 3, bytes: 100 };

fn of(user: UserId, length: u64) -> NewUpload {
    NewUpload { user, length, metadata: "filename eA==".to_owned(), concat: None }
}

async fn made(bench: &Bench, new: &NewUpload) -> Option<Upload> {
    bench.catalogue.uploads().create(new, &QUOTA, LIFETIME).await.unwrap()
}

async fn artist(bench: &Bench, name: &str) -> UserId {
    bench.catalogue.users().create(name, "hash", Role::Artist).await.unwrap().id
}

async fn an_upload_is_found_until_it_is_over(bench: &Bench) {
    let uploads = bench.catalogue.uploads();
    let upload = made(bench, &of(bench.admin.id, 10)).await.expect("within the quota");
    bench.wait(LIFETIME - Duration::from_millis(1));
    assert_eq!(uploads.find(upload.id).await.unwrap(), Some(upload.clone()));
    bench.wait(Duration::from_millis(1));
    assert_eq!(uploads.find(upload.id).await.unwrap(), None);
    bench.catalogue.outbox().sweep(Duration::ZERO).await.unwrap();
    assert!(!uploads.remove(upload.id).await.unwrap(), "it was swept");
    let upload = made(bench, &of(bench.admin.id, 10)).await.expect("within the quota");
    assert!(uploads.remove(upload.id).await.unwrap());
    assert_eq!(uploads.find(upload.id).await.unwrap(), None);
}

async fn nobody_has_more_on_the_way_than_they_may(bench: &Bench) {
    let ann = bench.admin.id;
    let bob = artist(bench, "bob").await;
    assert_eq!(made(bench, &of(ann, 101)).await, None, "too many bytes");
    for _ in 0..3 {
        assert!(made(bench, &of(ann, 33)).await.is_some());
    }
    assert_eq!(made(bench, &of(ann, 1)).await, None, "too many uploads");
    assert!(made(bench, &of(bob, 100)).await.is_some(), "others have their own");
    bench.wait(LIFETIME);
    assert!(made(bench, &of(ann, 100)).await.is_some(), "what is over does not count");
}

async fn an_upload_becomes_one_song_however_often_it_is_accepted(bench: &Bench) {
    let upload = made(bench, &of(bench.admin.id, 100)).await.expect("within the quota");
    let mut accepting = JoinSet::new();
    for _ in 0..8 {
        let (catalogue, new) = (bench.catalogue.clone(), bench.new_song("Song", None));
        accepting
            .spawn(async move { catalogue.uploads().accept(upload.id, &new, Again::Same).await });
    }
    let ids: Vec<_> =
        accepting.join_all().await.into_iter().map(|it| it.unwrap().song.id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let songs = bench.catalogue.songs();
    let all = songs.list(&Viewer::Admin.into(), &SongFilter::default(), None, 10).await.unwrap();
    assert_eq!(all.len(), 1);
    let found = bench.catalogue.uploads().find(upload.id).await.unwrap().expect("still there");
    assert_eq!(found.became.map(|it| it.song), Some(ids[0]));
    assert!(made(bench, &of(bench.admin.id, 100)).await.is_some(), "it is no longer on the way");
    // Whoever forgets an upload keeps the song.
    bench.catalogue.uploads().remove(upload.id).await.unwrap();
    assert!(songs.get(ids[0]).await.unwrap().is_some());
    let again = bench
        .catalogue
        .uploads()
        .accept(upload.id, &bench.new_song("Song", None), Again::Same)
        .await;
    assert!(matches!(again, Err(CatalogueError::Gone)), "{again:?}");
}

async fn what_is_made_of_others_is_found_by_them(bench: &Bench) {
    let concat = Some("final;a b".to_owned());
    let whole = made(bench, &NewUpload { concat, ..of(bench.admin.id, 10) }).await;
    let (ann, bob) = (bench.admin.id, artist(bench, "bob").await);
    let made_of =
        async |user, concat| bench.catalogue.uploads().made_of(user, concat).await.unwrap();
    assert_eq!(made_of(ann, "final;a b").await, whole);
    assert_eq!(made_of(ann, "final;b a").await, None);
    assert_eq!(made_of(bob, "final;a b").await, None, "it is another's");
}

async fn what_is_made_of_others_is_noted_once(bench: &Bench) {
    let (ann, concat) = (bench.admin.id, Some("final;a b".to_owned()));
    let mut noting = JoinSet::new();
    for _ in 0..8 {
        let (catalogue, concat) = (bench.catalogue.clone(), concat.clone());
        let new = NewUpload { concat, ..of(ann, 60) };
        noting.spawn(async move { catalogue.uploads().create(&new, &QUOTA, LIFETIME).await });
    }
    let noted = noting.join_all().await.into_iter().map(Result::unwrap);
    let noted: Vec<_> = noted.map(|upload| upload.expect("within the quota").id).collect();
    assert!(noted.iter().all(|id| *id == noted[0]), "{noted:?}");
    let his = NewUpload { concat: concat.clone(), ..of(artist(bench, "bob").await, 60) };
    assert_ne!(made(bench, &his).await.expect("within the quota").id, noted[0], "he has his own");
    // Pieces that are alike in what they say are not one.
    let partial = || NewUpload { concat: Some("partial".to_owned()), ..of(ann, 10) };
    let (one, other) = (made(bench, &partial()).await, made(bench, &partial()).await);
    assert_ne!(one.expect("within the quota").id, other.expect("within the quota").id);
    bench.wait(LIFETIME);
    let again = made(bench, &NewUpload { concat, ..of(ann, 60) }).await;
    assert_ne!(again.expect("within the quota").id, noted[0], "what is over is over");
}
