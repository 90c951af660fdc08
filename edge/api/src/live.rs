//! Who is told at once when something changes: the streams of events that are open in this process, woken by the bus, and
//! the count of changes, by which [answers are kept](crate::hot).
//!
//! A stream that is woken looks for itself what is new, so that nothing is kept for whoever reads slowly: ten changes
//! between two looks are one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bus::{Bus, Follower, News};
use catalogue::progress::{Progress, Remark};
use catalogue::{Catalogue, Event};
use media::{SongId, UserId};
use service::Shutdown;
use tokio::sync::watch;
use uuid::Uuid;

/// Streams at a time in one process: each takes some kilobytes, and a look now and then.
const MOST: usize = 10_000;

/// Of one account: its devices, with a few things open on each.
const MOST_OF_USER: usize = 50;

/// Of one address by those without an account: behind a proxy, of all of them.
const MOST_OF_ADDRESS: usize = 1_000;

/// What a stream is woken by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// Something about that, or of that user's.
    News(Uuid),
    /// A session, a key or the role of that user.
    AccessOf(UserId),
}

type Watched = HashMap<Topic, watch::Sender<()>>;

/// The open streams, by what they are about, and whose they are. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Live {
    watched: Arc<Mutex<Watched>>,
    seats: Arc<Mutex<Seats>>,
    /// The last that was remarked of songs that are watched.
    remarks: Arc<Mutex<HashMap<SongId, Remark>>>,
}

#[derive(Debug, Default)]
struct Seats {
    taken: usize,
    by_whom: HashMap<String, usize>,
}

/// Somebody's place among those who listen, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    live: Live,
    whose: String,
}

/// Woken when something is said to have changed.
#[derive(Debug)]
pub(crate) struct Watch {
    live: Live,
    topic: Topic,
    woken: watch::Receiver<()>,
}

impl Live {
    /// Wakes streams by what is said on the bus of events, and lets the catalogue hear it, until the shutdown begins. Then
    /// all streams end.
    pub async fn follow(self, catalogue: Catalogue, mut events: Follower, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.begun() => break self.with(HashMap::clear),
                news = events.next() => self.hear(&catalogue, news).await,
            }
        }
    }

    /// Hears what workers say in passing on the bus of events, until the shutdown begins.
    pub async fn overhear(self, events: Bus, shutdown: Shutdown) {
        let mut remarks = match events.overhear().await {
            Ok(remarks) => remarks,
            // Streams look by themselves, too.
            Err(error) => return tracing::warn!(%error, "progress is seen late"),
        };
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                remark = remarks.next() => match remark {
                    Some(body) => {
                        if let Ok(remark) = serde_json::from_value::<Remark>(body) {
                            self.note_remark(remark);
                        }
                    }
                    None => return,
                }
            }
        }
    }

    /// Of what nobody watches, nothing is kept.
    fn note_remark(&self, remark: Remark) {
        self.with(|watched| {
            if let Some(watched) = watched.get(&Topic::News(remark.song.uuid())) {
                self.remarked(|remarks| remarks.insert(remark.song, remark));
                watched.send_modify(|()| ());
            }
        });
    }

    /// How far a song that is watched has come, as far as that was said of this attempt.
    pub(crate) fn last_remark(&self, song: SongId, attempt: u32) -> Option<Progress> {
        let remark = self.remarked(|remarks| remarks.get(&song).copied());
        remark.filter(|remark| remark.attempt == attempt).map(|remark| remark.progress)
    }

    fn remarked<T>(&self, work: impl FnOnce(&mut HashMap<SongId, Remark>) -> T) -> T {
        work(&mut self.remarks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn hear(&self, catalogue: &Catalogue, news: News) {
        match news {
            News::Passed { body, .. } => {
                if let Ok(event) = serde_json::from_value::<Event>(body) {
                    catalogue.hear(&event).await;
                    self.wake(&event);
                }
            }
            // Whatever was missed: everybody looks.
            News::Missed => {
                catalogue.note_change().await;
                self.wake_all();
            }
            News::Set { .. } | News::CaughtUp | News::CutOff => {}
        }
    }

    fn wake(&self, event: &Event) {
        self.with(|watched| {
            for topic in topics(event) {
                watched.get(&topic).inspect(|watched| watched.send_modify(|()| ()));
            }
        });
    }

    fn wake_all(&self) {
        self.with(|watched| watched.values().for_each(|watched| watched.send_modify(|()| ())));
    }

    /// Watches something from now on.
    pub(crate) fn watch(&self, topic: Topic) -> Watch {
        let woken = self.with(|watched| watched.entry(topic).or_default().subscribe());
        Watch { live: self.clone(), topic, woken }
    }

    /// A place for one more stream of somebody's; none where there are too many.
    pub(crate) fn sit_down(&self, whose: String, has_account: bool) -> Option<Seat> {
        let most = if has_account { MOST_OF_USER } else { MOST_OF_ADDRESS };
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let has = seats.by_whom.get(&whose).copied().unwrap_or_default();
        if seats.taken >= MOST || has >= most {
            return None;
        }
        seats.taken += 1;
        seats.by_whom.insert(whose.clone(), has + 1);
        drop(seats);
        Some(Seat { live: self.clone(), whose })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Watched) -> T) -> T {
        work(&mut self.watched.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What an event wakes.
fn topics(event: &Event) -> Vec<Topic> {
    if let Event::AccessChanged { user } = event {
        return vec![Topic::AccessOf(*user)];
    }
    let who = event.concerns().iter().map(|user| user.uuid());
    who.chain([event.about()]).map(Topic::News).collect()
}

impl Watch {
    /// Returns whether to go on, once something may have changed since the last time.
    pub(crate) async fn woken(&mut self) -> bool {
        self.woken.changed().await.is_ok()
    }

    /// Whoever looks now sees all that was said until now.
    pub(crate) fn heard(&mut self) {
        self.woken.mark_unchanged();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.live.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.taken -= 1;
        if let Some(has) = seats.by_whom.get_mut(&self.whose) {
            *has -= 1;
            if *has == 0 {
                seats.by_whom.remove(&self.whose);
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live.with(|watched| {
            // This one is still counted.
            if watched.get(&self.topic).is_some_and(|watched| watched.receiver_count() <= 1) {
                watched.remove(&self.topic);
                if let Topic::News(about) = self.topic {
                    self.live.remarked(|remarks| remarks.remove(&SongId::new(about)));
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use catalogue::progress::Stage;

    use super::*;

    #[tokio::test]
    async fn whoever_watches_is_woken_and_nobody_is_kept_after_they_go() {
        let live = Live::default();
        let (playlist, other) = (Uuid::now_v7(), Uuid::now_v7());
        let mut watch = live.watch(Topic::News(playlist));
        let second = live.watch(Topic::News(playlist));
        let reader = UserId::new(Uuid::now_v7());
        let mut members = live.watch(Topic::News(reader.uuid()));
        let mut access = live.watch(Topic::AccessOf(reader));
        let by = UserId::new(other);
        for about in [other, playlist, playlist] {
            live.wake(&Event::PlaylistChanged { playlist: about, by, members: vec![reader] });
        }
        assert!(watch.woken().await);
        assert!(!watch.woken.has_changed().expect("open"), "two changes are one");
        assert!(members.woken().await, "it is theirs, too");
        assert!(!access.woken.has_changed().expect("open"), "it is no news of their access");
        live.wake(&Event::AccessChanged { user: reader });
        assert!(access.woken().await);
        assert!(!members.woken.has_changed().expect("open"), "nor the reverse");
        live.wake_all();
        assert!(watch.woken().await);
        drop((second, members, access));
        assert!(live.with(|watched| watched.contains_key(&Topic::News(playlist))));
        drop(watch);
        assert!(live.with(|watched| watched.is_empty()));
    }

    #[tokio::test]
    async fn remarks_are_kept_of_what_is_watched_and_no_longer() {
        let live = Live::default();
        let [song, other] = [Uuid::now_v7(), Uuid::now_v7()].map(SongId::new);
        let progress =
            Progress { stage: Stage::Transcoding, percent: Some(40), realtime_factor: None };
        let remark = |song| Remark { song, attempt: 2, progress };
        let mut watch = live.watch(Topic::News(song.uuid()));
        live.note_remark(remark(song));
        live.note_remark(remark(other));
        assert!(watch.woken().await);
        assert_eq!(live.last_remark(song, 2), Some(progress));
        assert_eq!(live.last_remark(song, 3), None, "that was another attempt");
        assert_eq!(live.last_remark(other, 2), None, "nobody watches it");
        drop(watch);
        assert!(live.remarked(|remarks| remarks.is_empty()));
    }

    #[test]
    fn nobody_takes_all_seats() {
        let live = Live::default();
        let sit = |whose: &str, has_account| live.sit_down(whose.to_owned(), has_account);
        let mut anns: Vec<Seat> = (0..MOST_OF_USER).filter_map(|_| sit("ann", true)).collect();
        assert_eq!(anns.len(), MOST_OF_USER);
        assert!(sit("ann", true).is_none());
        assert!(sit("bob", true).is_some());
        anns.pop();
        assert!(sit("ann", true).is_some());
        let many: Vec<Seat> =
            (0..MOST).filter_map(|number| sit(&number.to_string(), true)).collect();
        assert_eq!(many.len(), MOST - anns.len());
        assert!(sit("eve", false).is_none(), "the house is full");
        drop((anns, many));
        assert!(live.seats.lock().unwrap().by_whom.is_empty());
    }
}
