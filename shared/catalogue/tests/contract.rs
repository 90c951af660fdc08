//! What every database behind the catalogue must do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use media::{MasterHash, SongId, Version};
use segue_catalogue::{
    Attempt, AuthenticatedUser, Catalogue, CatalogueError, NewSong, Packaged, Role, Song,
    SongState, User, Viewer, jobs,
};
use service::Clock;

const LEASE: Duration = Duration::from_secs(30);

struct Bench {
    catalogue: Catalogue,
    seconds: Arc<AtomicU64>,
    admin: User,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seconds = Arc::new(AtomicU64::new(1_800_000_000));
        let catalogue = open(&folder, &seconds).await;
        let admin = catalogue.users().create("admin", "hash", Role::Admin).await.unwrap();
        Self { catalogue, seconds, admin, folder }
    }

    fn wait(&self, time: Duration) {
        self.seconds.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    fn new_song(&self, title: &str, album: Option<&str>) -> NewSong {
        NewSong {
            title: title.parse().unwrap(),
            artist: "Somebody".parse().unwrap(),
            album: album.map(|album| album.parse().unwrap()),
            album_artist: None,
            genre: Some("Folk".parse().unwrap()),
            release_year: Some("1997".parse().unwrap()),
            master: MasterHash::new([7; 32]),
            file_name: "song.flac".parse().unwrap(),
            uploader: self.admin.id,
        }
    }

    async fn accept(&self, title: &str) -> Song {
        self.catalogue.songs().accept(&self.new_song(title, None)).await.unwrap()
    }

    async fn song(&self, id: SongId) -> Song {
        self.catalogue.songs().get(id).await.unwrap().expect("the song")
    }

    async fn make_ready(&self, title: &str) -> Song {
        let song = self.accept(title).await;
        let job = self.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
        assert_eq!(job.song, song.id);
        self.catalogue.jobs().complete(&job, &packaged(&song)).await.unwrap();
        self.song(song.id).await
    }
}

async fn open(folder: &tempfile::TempDir, seconds: &Arc<AtomicU64>) -> Catalogue {
    let seconds = Arc::clone(seconds);
    let clock =
        Clock::from_fn(move || UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::SeqCst)));
    Catalogue::open(&folder.path().join("catalogue.sqlite"), clock).await.unwrap()
}

fn packaged(song: &Song) -> Packaged {
    Packaged {
        version: Version::of(&song.master, "recipe"),
        artist: song.artist_id,
        album: song.album_id,
        duration_ms: 1_234,
        sets: "aac,opus".parse().unwrap(),
        dash: true,
    }
}

#[tokio::test]
async fn users_are_found_by_name_and_names_are_taken_once() {
    let bench = Bench::new().await;
    let users = bench.catalogue.users();
    assert!(!users.are_none().await.unwrap());
    let (found, hash) = users.by_username("admin").await.unwrap().expect("the admin");
    assert_eq!((found, hash.as_str()), (bench.admin.clone(), "hash"));
    assert_eq!(users.by_username("nobody").await.unwrap(), None);
    let again = users.create("admin", "other", Role::Listener).await;
    assert!(matches!(again, Err(CatalogueError::Taken)), "{again:?}");
}

#[tokio::test]
async fn an_accepted_song_is_queued_and_has_one_job() {
    let bench = Bench::new().await;
    let song = bench.accept("First").await;
    assert_eq!(song.state, SongState::Queued);
    assert_eq!((song.artist.as_str(), song.album.as_str()), ("Somebody", "First"));
    assert_eq!((song.genre.as_deref(), song.release_year), (Some("Folk"), Some(1997)));
    assert_eq!(bench.song(song.id).await, song);

    let job = bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("its job");
    assert_eq!((job.song, job.attempt), (song.id, 1));
    assert_eq!(bench.song(song.id).await.state, SongState::Processing);
    assert_eq!(bench.catalogue.jobs().claim(LEASE).await.unwrap(), None);
}

#[tokio::test]
async fn artists_and_named_albums_are_shared_and_singles_are_not() {
    let bench = Bench::new().await;
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

#[tokio::test]
async fn finishing_switches_the_current_version_and_is_idempotent() {
    let bench = Bench::new().await;
    let song = bench.make_ready("First").await;
    assert_eq!(song.state, SongState::Ready);
    let current = song.current.as_ref().expect("a current version");
    assert_eq!(current.version, packaged(&song).version);
    assert_eq!((&current.sets, current.dash), (&packaged(&song).sets, true));
    assert_eq!((current.artist, current.album), (song.artist_id, song.album_id));
    assert_eq!(current.duration_ms, 1_234);
    // The same bytes again: a second song, the same version.
    let twin = bench.make_ready("First").await;
    assert_ne!(twin.id, song.id);
    assert_eq!(twin.current.expect("a version").version, current.version);
}

#[tokio::test]
async fn a_lease_that_ran_out_belongs_to_the_next_who_claims() {
    let bench = Bench::new().await;
    let song = bench.accept("First").await;
    let jobs = bench.catalogue.jobs();
    let first = jobs.claim(LEASE).await.unwrap().expect("a job");
    bench.wait(LEASE - Duration::from_secs(1));
    assert_eq!(jobs.claim(LEASE).await.unwrap(), None);
    jobs.renew(&first, LEASE).await.unwrap();
    bench.wait(LEASE - Duration::from_secs(1));
    assert_eq!(jobs.claim(LEASE).await.unwrap(), None, "it was renewed");
    bench.wait(Duration::from_secs(1));
    let second = jobs.claim(LEASE).await.unwrap().expect("the expired job");
    assert_eq!((second.id, second.attempt), (first.id, 2));

    for lost in [
        jobs.renew(&first, LEASE).await,
        jobs.complete(&first, &packaged(&song)).await,
        jobs.fail(&first, "no").await,
        jobs.hand_back(&first).await,
    ] {
        assert!(matches!(lost, Err(CatalogueError::LeaseLost)), "{lost:?}");
    }
    assert_eq!(bench.song(song.id).await.state, SongState::Processing);
    jobs.complete(&second, &packaged(&song)).await.unwrap();
    assert_eq!(bench.song(song.id).await.state, SongState::Ready);
}

#[tokio::test]
async fn retries_wait_longer_each_time_and_end_in_failure() {
    let bench = Bench::new().await;
    let song = bench.accept("First").await;
    let jobs = bench.catalogue.jobs();
    for attempt in 1..jobs::MOST_ATTEMPTS {
        let job = jobs.claim(LEASE).await.unwrap().expect("its turn");
        assert_eq!(job.attempt, attempt);
        let Attempt::Again(delay) = jobs.retry(&job, "disk", "reason").await.unwrap() else {
            panic!("attempt {attempt} was not the last")
        };
        assert_eq!(bench.song(song.id).await.state, SongState::Queued);
        assert_eq!(jobs.claim(LEASE).await.unwrap(), None, "not before its turn");
        bench.wait(delay);
    }
    let job = jobs.claim(LEASE).await.unwrap().expect("the last attempt");
    assert_eq!(jobs.retry(&job, "disk", "reason").await.unwrap(), Attempt::Last);
    let song = bench.song(song.id).await;
    assert_eq!((song.state, song.failure.as_deref()), (SongState::Failed, Some("reason")));
    bench.wait(LEASE * 100);
    assert_eq!(jobs.claim(LEASE).await.unwrap(), None);
}

#[tokio::test]
async fn a_job_that_kills_its_workers_is_given_up() {
    let bench = Bench::new().await;
    let song = bench.accept("First").await;
    let jobs = bench.catalogue.jobs();
    for _ in 0..jobs::MOST_ATTEMPTS {
        jobs.claim(LEASE).await.unwrap().expect("its turn");
        bench.wait(LEASE);
    }
    let next = bench.accept("Second").await;
    bench.wait(LEASE);
    let job = jobs.claim(LEASE).await.unwrap().expect("the next song's job");
    assert_eq!(job.song, next.id);
    let song = bench.song(song.id).await;
    assert_eq!(song.state, SongState::Failed);
    assert!(song.failure.expect("a reason").contains("again and again"));
}

#[tokio::test]
async fn a_restart_takes_over_at_once_and_a_stop_costs_no_attempt() {
    let bench = Bench::new().await;
    let song = bench.accept("First").await;
    let dead = bench.catalogue.jobs().claim(LEASE).await.unwrap().expect("a job");
    bench.catalogue.close().await;

    let reopened = open(&bench.folder, &bench.seconds).await;
    assert_eq!(reopened.jobs().claim(LEASE).await.unwrap(), None);
    assert_eq!(reopened.jobs().take_over().await.unwrap(), 1);
    let job = reopened.jobs().claim(LEASE).await.unwrap().expect("the dead one's job");
    assert_eq!((job.id, job.attempt), (dead.id, 2));
    reopened.jobs().hand_back(&job).await.unwrap();
    let job = reopened.jobs().claim(LEASE).await.unwrap().expect("at once");
    assert_eq!(job.attempt, 2);
    assert_eq!(job.song, song.id);
}

#[tokio::test]
async fn lists_are_paged_newest_first_and_show_what_the_viewer_may_see() {
    let bench = Bench::new().await;
    for title in ["1", "2", "3"] {
        bench.make_ready(title).await;
    }
    let waiting = bench.accept("4").await;
    let artist = bench.catalogue.users().create("artist", "hash", Role::Artist).await.unwrap();
    let titles = async |viewer: Viewer, after: Option<SongId>, limit: u32| {
        let page = bench.catalogue.songs().list(&viewer, after, limit).await.unwrap();
        let titles = page.iter().map(|song| song.title.clone()).collect::<Vec<_>>().concat();
        (titles, page.last().map(|song| song.id))
    };
    let (first, last) = titles(Viewer::Public, None, 2).await;
    assert_eq!(first, "32");
    assert_eq!(titles(Viewer::Public, last, 2).await.0, "1");
    assert_eq!(titles(Viewer::Admin, None, 9).await.0, "4321");
    assert_eq!(titles(Viewer::Uploader(artist.id), None, 9).await.0, "321");
    assert_eq!(titles(Viewer::Uploader(bench.admin.id), None, 9).await.0, "4321");

    let listener = AuthenticatedUser { id: artist.id, role: Role::Listener };
    assert!(!waiting.is_visible_to(&Viewer::from(None)));
    assert!(!waiting.is_visible_to(&Viewer::from(Some(&listener))));
    assert!(waiting.is_visible_to(&Viewer::Uploader(bench.admin.id)));
    assert!(waiting.is_visible_to(&Viewer::Admin));
}
