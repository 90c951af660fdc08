//! Who is told at once when something changes: the streams of events that are open in this process, woken by the bus.
//!
//! A stream that is woken looks for itself what is new, so that nothing is kept for whoever reads slowly: ten changes
//! between two looks are one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bus::{Follower, News};
use catalogue::Event;
use service::Shutdown;
use tokio::sync::watch;
use uuid::Uuid;

/// The open streams, by what they are about. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<Mutex<HashMap<Uuid, watch::Sender<()>>>>);

/// Woken when something is said to have changed.
#[derive(Debug)]
pub(crate) struct Watch {
    live: Live,
    about: Uuid,
    woken: watch::Receiver<()>,
}

impl Live {
    /// Wakes streams by what is said on the bus of events, until the shutdown begins. Then all streams end.
    pub async fn follow(self, mut events: Follower, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.begun() => break self.with(HashMap::clear),
                news = events.next() => self.hear(news),
            }
        }
    }

    fn hear(&self, news: News) {
        match news {
            News::Passed { body, .. } => {
                if let Ok(event) = serde_json::from_value::<Event>(body) {
                    self.with(|watched| {
                        watched.get(&event.about()).inspect(|watched| watched.send_modify(|()| ()));
                    });
                }
            }
            // Whatever was missed: everybody looks.
            News::Missed => self.with(|watched| {
                watched.values().for_each(|watched| watched.send_modify(|()| ()));
            }),
            News::Set { .. } | News::CaughtUp | News::CutOff => {}
        }
    }

    /// Watches something from now on.
    pub(crate) fn watch(&self, about: Uuid) -> Watch {
        let woken = self.with(|watched| watched.entry(about).or_default().subscribe());
        Watch { live: self.clone(), about, woken }
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<Uuid, watch::Sender<()>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watch {
    /// Returns whether to go on, once something may have changed since the last time.
    pub(crate) async fn woken(&mut self) -> bool {
        self.woken.changed().await.is_ok()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live.with(|watched| {
            // This one is still counted.
            if watched.get(&self.about).is_some_and(|watched| watched.receiver_count() <= 1) {
                watched.remove(&self.about);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_watches_is_woken_and_nobody_is_kept_after_they_go() {
        let live = Live::default();
        let (playlist, other) = (Uuid::now_v7(), Uuid::now_v7());
        let mut watch = live.watch(playlist);
        let second = live.watch(playlist);
        let by = media::UserId::new(other);
        for about in [other, playlist, playlist] {
            let body = serde_json::to_value(Event::PlaylistChanged { playlist: about, by });
            let id = bus::MessageId::generate();
            live.hear(News::Passed { id, body: body.expect("JSON") });
        }
        assert!(watch.woken().await);
        assert!(!watch.woken.has_changed().expect("open"), "two changes are one");
        live.hear(News::Missed);
        assert!(watch.woken().await);
        drop(second);
        assert!(live.with(|watched| watched.contains_key(&playlist)));
        drop(watch);
        assert!(live.with(|watched| watched.is_empty()));
    }
}
