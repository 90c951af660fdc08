//! What a sweep takes, and what it leaves alone.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

use std::time::{Duration, SystemTime};

use catalogue::{Artwork, Catalogue, Cover, DatabaseUrl, NewSong, Packaged, Role, Song};
use media::ids::ArtworkHash;
use media::{MasterHash, Version};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use origin::{Object, SongFile, SongFolder};
use segue_ingest::sweep::{Orphan, Sweep};
use service::Clock;

struct Bench {
    catalogue: Catalogue,
    store: InMemory,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("catalogue.sqlite"));
        let catalogue = Catalogue::open(&url, Clock::system()).await.unwrap();
        Self { catalogue, store: InMemory::new(), _folder: folder }
    }

    async fn accept(&self, master: MasterHash) -> Song {
        let users = self.catalogue.users();
        let uploader = match users.by_username("ann").await.unwrap() {
            Some((user, _)) => user,
            None => users.create("ann", "hash", Role::Artist).await.unwrap(),
        };
        let new = NewSong {
            title: "Song".parse().unwrap(),
            artist: "Ann".parse().unwrap(),
            album: None,
            album_artist: None,
            genre: None,
            release_year: None,
            master,
            file_name: "song.flac".parse().unwrap(),
            uploader: uploader.id,
            particulars: catalogue::Particulars::default(),
        };
        self.catalogue.songs().accept(&new).await.unwrap()
    }

    async fn put(&self, object: &Object) {
        self.store.put(&Path::from(object.to_string()), "bytes".into()).await.unwrap();
    }

    async fn has(&self, object: &Object) -> bool {
        self.store.head(&Path::from(object.to_string())).await.is_ok()
    }

    async fn sweep(&self, before: SystemTime, dry_run: bool) -> Vec<Orphan> {
        let store: &dyn ObjectStore = &self.store;
        let sweep = Sweep { catalogue: &self.catalogue, store, before, dry_run };
        let mut swept = Vec::new();
        sweep.run(|one| swept.push(one.orphan)).await.unwrap();
        swept
    }
}

/// Whatever is there now is older.
fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(60)
}

fn folder_of(song: &Song, version: Version) -> SongFolder {
    SongFolder { artist: song.artist_id, album: song.album_id, song: song.id, version }
}

#[tokio::test]
async fn what_rows_name_stays_and_what_nobody_names_goes() {
    let bench = Bench::new().await;
    let (named, nobodys) = (MasterHash::new([1; 32]), MasterHash::new([2; 32]));
    let song = bench.accept(named).await;
    let (current, left) = (Version::of(&named, "now"), Version::of(&named, "before"));
    let (cover, old_cover) = (ArtworkHash::new([3; 32]), ArtworkHash::new([4; 32]));
    let files = [SongFile::Asset, "index.m3u8".parse().unwrap()];
    let mut kept = vec![Object::Master(named), Object::Artwork(cover)];
    kept.extend(files.map(|file| Object::Song(folder_of(&song, current), file)));
    let mut gone = vec![Object::Master(nobodys), Object::Artwork(old_cover)];
    gone.extend(files.map(|file| Object::Song(folder_of(&song, left), file)));
    for object in kept.iter().chain(&gone) {
        bench.put(object).await;
    }
    let foreign = Path::from("masters/README");
    bench.store.put(&foreign, "not ours".into()).await.unwrap();

    // Its job is open: whatever there is of the song may be what its worker is about to name.
    let orphans = [Orphan::Master(nobodys), Orphan::Picture(old_cover), Orphan::Picture(cover)];
    let found = bench.sweep(later(), true).await;
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(orphans.iter().all(|orphan| found.contains(orphan)), "{found:?}");

    let job = bench.catalogue.jobs().claim(Duration::from_secs(60)).await.unwrap().unwrap();
    let done = Packaged {
        version: current,
        artist: song.artist_id,
        album: song.album_id,
        duration_ms: 1,
        sets: "aac".parse().unwrap(),
        dash: false,
        artwork: Artwork::of(vec![Cover { hash: cover, width: 9, height: 9 }]),
    };
    bench.catalogue.jobs().complete(&job, &done).await.unwrap();
    assert_eq!(
        bench.sweep(SystemTime::now() - Duration::from_secs(60), false).await,
        [],
        "all is young"
    );
    let orphans = [
        Orphan::Master(nobodys),
        Orphan::Picture(old_cover),
        Orphan::Version(folder_of(&song, left)),
    ];
    assert_eq!(bench.sweep(later(), true).await, orphans);
    for object in &gone {
        assert!(bench.has(object).await, "{object}: nothing was to be removed");
    }
    assert_eq!(bench.sweep(later(), false).await, orphans);
    for object in &gone {
        assert!(!bench.has(object).await, "{object}");
    }
    for object in &kept {
        assert!(bench.has(object).await, "{object}");
    }
    assert!(bench.store.head(&foreign).await.is_ok());
    assert_eq!(bench.sweep(later(), true).await, []);
}
