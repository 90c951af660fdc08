//! What somebody listens to, wherever they are.

use std::time::Duration;

use media::{SessionId, SongId};
use segue_catalogue::playbacks::Report::{self, Heartbeat, Pause, Play, Seek, Stop};
use segue_catalogue::playbacks::Told;
use segue_catalogue::player::QueueKind;
use segue_catalogue::{
    Audience, Device, Event, Player, PlayerError, Queue, Role, Setting, SongEdit, User, Viewer,
};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;

contract![
    a_device_goes_on_where_another_was,
    what_the_first_device_tells_late_changes_nothing,
    devices_of_one_session_are_told_apart_by_their_names,
    whoever_insists_on_a_version_overwrites_no_other,
    a_heartbeat_is_enough_to_be_known,
    a_queue_stays_with_its_song,
    nobody_listens_to_what_they_may_not_know_of,
];

/// A listener with a song of ten minutes, on two devices of two sessions.
struct Home<'b> {
    bench: &'b Bench,
    user: User,
    song: SongId,
    playback: Uuid,
}

fn device(session: u128, name: Option<&str>) -> Device {
    let session = Some(SessionId::new(Uuid::from_u128(session)));
    Device { session, name: name.map(|name| name.parse().unwrap()) }
}

fn phone() -> Device {
    device(1, None)
}

fn desk() -> Device {
    device(2, None)
}

impl<'b> Home<'b> {
    async fn of(bench: &'b Bench) -> Self {
        let users = bench.catalogue.users();
        let user = users.create("ann", "hash", Role::Listener).await.unwrap();
        let song = bench.make_ready("Song").await.id;
        bench.sql("UPDATE versions SET duration_ms = 600000").await;
        let playback = Uuid::now_v7();
        bench.catalogue.playbacks().open(playback, user.id, song).await.unwrap();
        Self { bench, user, song, playback }
    }

    fn audience(&self) -> Audience {
        Audience::from(Viewer::Uploader(self.user.id))
    }

    async fn player(&self) -> Option<Player> {
        self.bench.catalogue.players().get(self.user.id, &self.audience()).await.unwrap()
    }

    /// Where the player is in seconds, whether it plays, and its version.
    async fn at(&self) -> (u64, bool, u64) {
        let player = self.player().await.unwrap();
        assert_eq!(player.song.unwrap().id, player.song_id);
        (player.position_ms / 1_000, player.playing, player.version)
    }

    async fn tell(&self, device: Device, report: Report, seconds: u64) {
        let told = Told { report, position_ms: seconds * 1_000, device, queue: None };
        self.say(&told).await;
    }

    async fn say(&self, told: &Told) {
        let playbacks = self.bench.catalogue.playbacks();
        playbacks.report(self.playback, self.user.id, told).await.unwrap().unwrap();
    }

    fn setting(&self, seconds: u64) -> Setting {
        let (song, device) = (self.song, desk());
        Setting { song, position_ms: seconds * 1_000, playing: false, device, queue: None }
    }

    async fn set(&self, setting: &Setting, versions: Option<&[u64]>) -> Result<u64, PlayerError> {
        let players = self.bench.catalogue.players();
        let set = players.set(self.user.id, &self.audience(), setting, versions).await;
        set.map(|player| player.version)
    }
}

async fn a_device_goes_on_where_another_was(bench: &Bench) {
    let home = Home::of(bench).await;
    assert_eq!(home.player().await, None);
    home.tell(phone(), Play, 0).await;
    bench.wait(Duration::from_secs(10));
    home.tell(phone(), Heartbeat, 9).await;
    bench.wait(Duration::from_secs(4));
    assert_eq!(home.at().await, (13, true, 1), "and the time that has passed");
    home.tell(phone(), Pause, 14).await;
    bench.wait(Duration::from_secs(4_000));
    assert_eq!(home.at().await, (14, false, 2));
    home.tell(desk(), Play, 14).await;
    bench.wait(Duration::from_secs(1));
    assert_eq!(home.at().await, (15, true, 3));
    home.tell(desk(), Seek(None), 300).await;
    assert_eq!(home.at().await, (300, true, 4));
    bench.wait(Duration::from_secs(61));
    assert_eq!(home.at().await, (360, false, 4), "nothing was heard of it for a minute");
    home.tell(desk(), Stop, 330).await;
    assert_eq!(home.at().await, (330, false, 5));
    let told = bench.catalogue.outbox().pending(100).await.unwrap();
    let names: Vec<_> = told.iter().map(|told| told.event().unwrap().name()).skip(4).collect();
    let [started, paused] = ["playback.started", "playback.paused"];
    assert_eq!(names, [started, paused, started, "playback.moved", "playback.stopped"]);
}

async fn what_the_first_device_tells_late_changes_nothing(bench: &Bench) {
    let home = Home::of(bench).await;
    home.tell(phone(), Play, 0).await;
    home.set(&home.setting(100), None).await.unwrap();
    assert_eq!(home.at().await, (100, false, 2));
    for late in [Heartbeat, Seek(None), Pause, Stop] {
        home.tell(phone(), late, 5).await;
        assert_eq!(home.at().await, (100, false, 2), "{late:?}");
    }
    // The second device may have begun with another song: what it says of that one counts, and is all that does.
    home.tell(desk(), Play, 100).await;
    home.tell(phone(), Heartbeat, 20).await;
    assert_eq!(home.at().await, (100, true, 3));
    home.tell(phone(), Play, 21).await;
    assert_eq!(home.at().await, (21, true, 4), "until the first one plays again");
    home.tell(desk(), Heartbeat, 130).await;
    assert_eq!(home.at().await, (21, true, 4));
}

async fn devices_of_one_session_are_told_apart_by_their_names(bench: &Bench) {
    let home = Home::of(bench).await;
    let [kitchen, car] = ["Kitchen", "Car"].map(|name| device(1, Some(name)));
    home.tell(kitchen.clone(), Play, 1).await;
    home.tell(car.clone(), Heartbeat, 50).await;
    assert_eq!(home.at().await, (1, true, 1));
    home.tell(phone(), Heartbeat, 2).await;
    assert_eq!(home.at().await, (2, true, 1), "it did not say that it is another");
    home.tell(car.clone(), Play, 50).await;
    home.tell(kitchen, Pause, 3).await;
    assert_eq!(home.at().await, (50, true, 2));
    assert_eq!(home.player().await.unwrap().device, car);
}

async fn whoever_insists_on_a_version_overwrites_no_other(bench: &Bench) {
    let home = Home::of(bench).await;
    assert_eq!(home.set(&home.setting(1), Some(&[0])).await.unwrap(), 1);
    for late in [&[][..], &[0], &[2, 3]] {
        let changed = home.set(&home.setting(2), Some(late)).await;
        assert!(matches!(changed, Err(PlayerError::Changed)), "{changed:?}");
    }
    assert_eq!(home.set(&home.setting(700), Some(&[7, 1])).await.unwrap(), 2);
    assert_eq!(home.at().await, (600, false, 2), "a song has an end");
    let both = [home.setting(3), home.setting(4)];
    let (one, two) = tokio::join!(home.set(&both[0], Some(&[2])), home.set(&both[1], Some(&[2])),);
    assert_eq!([one, two].iter().filter(|set| set.is_ok()).count(), 1);
    let last = bench.catalogue.outbox().pending(100).await.unwrap().pop().unwrap();
    let moved = Event::PlaybackMoved { user: home.user.id, song: home.song };
    assert_eq!(last.event(), Some(moved));
}

async fn a_heartbeat_is_enough_to_be_known(bench: &Bench) {
    let home = Home::of(bench).await;
    home.tell(phone(), Pause, 3).await;
    assert_eq!(home.player().await, None);
    home.tell(phone(), Heartbeat, 7).await;
    assert_eq!(home.at().await, (7, true, 1));
    home.tell(phone(), Pause, 8).await;
    home.tell(phone(), Heartbeat, 9).await;
    assert_eq!(home.at().await, (9, true, 3), "it plays again");
}

async fn a_queue_stays_with_its_song(bench: &Bench) {
    let home = Home::of(bench).await;
    let queue = Some(Queue { kind: QueueKind::Playlist, id: Uuid::now_v7() });
    let told = Told { report: Play, position_ms: 0, device: phone(), queue };
    home.say(&told).await;
    home.tell(desk(), Play, 5).await;
    assert_eq!(home.player().await.unwrap().queue, queue);
    let other = bench.make_ready("Other").await.id;
    let playback = Uuid::now_v7();
    bench.catalogue.playbacks().open(playback, home.user.id, other).await.unwrap();
    let home = Home { playback, ..home };
    home.tell(desk(), Play, 0).await;
    let player = home.player().await.unwrap();
    assert_eq!((player.song_id, player.queue), (other, None));
    home.set(&Setting { queue, ..home.setting(0) }, None).await.unwrap();
    assert_eq!(home.player().await.unwrap().queue, queue);
    home.set(&home.setting(0), None).await.unwrap();
    assert_eq!(home.player().await.unwrap().queue, None, "all of it is set");
}

async fn nobody_listens_to_what_they_may_not_know_of(bench: &Bench) {
    let home = Home::of(bench).await;
    let waiting = bench.accept("Waiting").await.id;
    for song in [waiting, SongId::new(Uuid::now_v7())] {
        let set = home.set(&Setting { song, ..home.setting(0) }, None).await;
        assert!(matches!(set, Err(PlayerError::NoSuchSong)), "{set:?}");
    }
    home.tell(phone(), Play, 5).await;
    bench.edit(home.song, SongEdit { draft: Some(true), ..SongEdit::default() }).await;
    let player = home.player().await.unwrap();
    assert_eq!((player.song_id, player.song), (home.song, None));
}
