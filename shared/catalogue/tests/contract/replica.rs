//! A streaming replica: it is read from, and nobody reads behind their own writes.

use std::time::{Duration, Instant, SystemTime};

use media::{MasterHash, UserId};
use segue_catalogue::playlist_rules::MemberRole;
use segue_catalogue::{AuthenticatedUser, Catalogue, DatabaseUrl, Event, NewSong, Role};
use service::Clock;
use testkit::postgres::PostgresServer;

use crate::playlists;

/// A leader, its replica, and a catalogue on both.
struct Pair {
    leader: PostgresServer,
    replica: PostgresServer,
    catalogue: Catalogue,
}

impl Pair {
    async fn new() -> Self {
        let leader = PostgresServer::start();
        let replica = leader.replica();
        let url: DatabaseUrl = leader.url().parse().unwrap();
        let url = url.with_replica(replica.url().parse().unwrap()).unwrap();
        let catalogue = Catalogue::open(&url, Clock::system()).await.unwrap();
        let pair = Self { leader, replica, catalogue };
        pair.catch_up();
        pair
    }

    /// Waits until the replica has replayed all that there is.
    fn catch_up(&self) {
        let position = self.leader.query("SELECT pg_current_wal_lsn()");
        let end = Instant::now() + Duration::from_secs(60);
        let reached = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
        while self.replica.query(&reached) != "t" {
            assert!(Instant::now() < end, "the replica does not catch up");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    async fn knows(&self, catalogue: &Catalogue, name: &str) -> bool {
        catalogue.users().by_username(name).await.unwrap().is_some()
    }

    async fn comes_to_know(&self, catalogue: &Catalogue, name: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        while !self.knows(catalogue, name).await {
            assert!(Instant::now() < end, "{name} is never known");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Keeps the replica from hearing anything more.
    fn pause(&self) {
        self.replica.query("SELECT pg_wal_replay_pause()");
        let end = Instant::now() + Duration::from_secs(60);
        while self.replica.query("SELECT pg_get_wal_replay_pause_state()") != "paused" {
            assert!(Instant::now() < end, "the replica does not pause");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn go_on(&self) {
        self.replica.query("SELECT pg_wal_replay_resume()");
        self.catch_up();
    }
}

fn song_of(uploader: UserId, title: &str) -> NewSong {
    NewSong {
        title: title.parse().unwrap(),
        artist: "Somebody".parse().unwrap(),
        album: None,
        album_artist: None,
        genre: None,
        release_year: None,
        master: MasterHash::new([1; 32]),
        file_name: "song.flac".parse().unwrap(),
        uploader,
        particulars: segue_catalogue::Particulars::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_answers_whoever_wrote_nothing_and_the_leader_whoever_did() {
    let pair = Pair::new().await;
    let ann = pair.catalogue.users().create("ann", "hash", Role::Artist).await.unwrap();
    let bob = pair.catalogue.users().create("bob", "hash", Role::Artist).await.unwrap();
    pair.catch_up();
    let (anns, bobs) = (pair.catalogue.seen_by(ann.id), pair.catalogue.seen_by(bob.id));
    pair.pause();
    let song = anns.songs().accept(&song_of(ann.id, "Song")).await.unwrap();
    // Bob and passers-by are shown what the replica has: it was asked.
    assert_eq!(bobs.songs().get(song.id).await.unwrap(), None);
    assert_eq!(pair.catalogue.seen_by_anybody().songs().get(song.id).await.unwrap(), None);
    // Ann sees her own write, and so does whoever must know what is.
    assert_eq!(anns.songs().get(song.id).await.unwrap(), Some(song.clone()));
    assert_eq!(pair.catalogue.songs().get(song.id).await.unwrap(), Some(song.clone()));
    pair.go_on();
    assert_eq!(bobs.songs().get(song.id).await.unwrap(), Some(song.clone()));
    // Ann is back on the replica: what the leader alone knows, she does not see.
    assert_eq!(anns.songs().get(song.id).await.unwrap(), Some(song));
    pair.pause();
    pair.catalogue.users().create("eve", "hash", Role::Listener).await.unwrap();
    assert!(!pair.knows(&anns, "eve").await);
    assert!(pair.knows(&pair.catalogue, "eve").await);
    // A link is good for whoever was sent it, as soon as it is made.
    let [ann, bob] = [&ann, &bob].map(|user| AuthenticatedUser { id: user.id, role: user.role });
    let ours = anns.playlists().create(&ann, &playlists::new("Ours", false)).await.unwrap();
    let link = anns.playlists().make_link(&ann, ours.id, MemberRole::Viewer).await.unwrap();
    assert_eq!(bobs.playlists().join(&bob, &link.token).await.unwrap().id, ours.id);
    pair.catalogue.close().await;
}

/// What is kept for all is read from the replica, but never behind a change of songs that this process made or heard of.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_for_all_reads_no_song_as_it_was_before_the_last_change() {
    let pair = Pair::new().await;
    let ann = pair.catalogue.users().create("ann", "hash", Role::Artist).await.unwrap();
    pair.catch_up();
    let all = pair.catalogue.seen_by_all();
    pair.pause();
    pair.catalogue.users().create("bob", "hash", Role::Artist).await.unwrap();
    assert!(!pair.knows(&all, "bob").await, "the replica was asked");
    let before = pair.catalogue.changes();
    let song = pair.catalogue.songs().accept(&song_of(ann.id, "Song")).await.unwrap();
    assert_eq!(pair.catalogue.changes(), before + 1);
    assert_eq!(all.songs().get(song.id).await.unwrap(), Some(song));
    pair.go_on();
    pair.pause();
    // Another process changes something: unheard of, it is not there yet.
    let url: DatabaseUrl = pair.leader.url().parse().unwrap();
    let other = Catalogue::open(&url, Clock::system()).await.unwrap();
    let song = other.songs().accept(&song_of(ann.id, "Another")).await.unwrap();
    assert_eq!(all.songs().get(song.id).await.unwrap(), None);
    let event = Event::SongUploaded { song: song.id, uploader: ann.id };
    pair.catalogue.hear(&event).await;
    assert_eq!(pair.catalogue.changes(), before + 2);
    assert_eq!(all.songs().get(song.id).await.unwrap(), Some(song));
    pair.catalogue.hear(&Event::LibraryChanged { user: ann.id }).await;
    assert_eq!(pair.catalogue.changes(), before + 2);
    other.close().await;
    pair.catalogue.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_gone_is_missed_by_nobody() {
    let mut pair = Pair::new().await;
    let ann = pair.catalogue.users().create("ann", "hash", Role::Artist).await.unwrap();
    pair.catch_up();
    let anns = pair.catalogue.seen_by(ann.id);
    assert!(pair.knows(&anns, "ann").await);
    pair.replica.kill();
    pair.catalogue.users().create("bob", "hash", Role::Artist).await.unwrap();
    assert!(pair.knows(&anns, "bob").await, "the leader answers");
    anns.songs().accept(&song_of(ann.id, "Song")).await.unwrap();
    assert!(pair.knows(&pair.catalogue.seen_by_anybody(), "bob").await);
    pair.catalogue.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_falls_behind_or_is_promoted_is_read_from_no_more() {
    let pair = Pair::new().await;
    let bob = pair.catalogue.users().create("bob", "hash", Role::Artist).await.unwrap();
    pair.catch_up();
    let bobs = pair.catalogue.seen_by(bob.id);
    pair.pause();
    pair.catalogue.users().create("ann", "hash", Role::Artist).await.unwrap();
    assert!(!pair.knows(&bobs, "ann").await, "a little behind");
    pair.comes_to_know(&bobs, "ann").await;
    pair.go_on();
    assert!(pair.knows(&bobs, "ann").await);
    pair.replica.query("SELECT pg_promote()");
    pair.catalogue.users().create("eve", "hash", Role::Artist).await.unwrap();
    pair.comes_to_know(&bobs, "eve").await;
    assert_eq!(pair.replica.query("SELECT COUNT(*) FROM users WHERE username = 'eve'"), "0");
    pair.catalogue.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_outlives_the_server() {
    let mut leader = PostgresServer::durable();
    let url: DatabaseUrl = leader.url().parse().unwrap();
    let catalogue = Catalogue::open(&url, Clock::from_fn(SystemTime::now)).await.unwrap();
    let ann = catalogue.users().create("ann", "hash", Role::Artist).await.unwrap();
    leader.kill();
    leader.resume();
    // The connections that the server cut off in between are nobody's problem.
    let (found, _) = catalogue.users().by_username("ann").await.unwrap().expect("ann");
    assert_eq!(found, ann);
    catalogue.users().create("bob", "hash", Role::Artist).await.unwrap();
    catalogue.close().await;
}
