//! Whom purges are told beside our own edges: what goes into the queue of deliveries, and out of it.
//!
//! Reading order: [`Hooks`] and [`purge`] (what goes in), [`tell_hooks`] (what comes out), `telling` (one hook).

mod telling;

use std::sync::Arc;

use catalogue::{Event, NewDelivery};
use invalidation::Hook;
use origin::{Purge, PurgeTarget, SurrogateKey};
use service::Shutdown;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::api::Api;
use telling::Telling;

/// All hooks of an operator's. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Hooks(Arc<[Hook]>);

impl From<Vec<Hook>> for Hooks {
    fn from(hooks: Vec<Hook>) -> Self {
        Self(hooks.into())
    }
}

impl Hooks {
    /// What each of them is to be told because of `event`.
    pub(crate) fn deliveries(&self, event: Uuid, cause: &str, purge: &Purge) -> Vec<NewDelivery> {
        let delivery = |hook: &Hook| NewDelivery {
            hook: hook.name.as_str().to_owned(),
            stage: hook.stage,
            event,
            cause: cause.to_owned(),
            purge: purge.clone(),
        };
        self.0.iter().map(delivery).collect()
    }
}

/// What caches are to forget because of an event. What a song was before it was replaced is still good for those who play
/// it: it goes softly.
pub(crate) fn purge(event: &Event) -> Option<Purge> {
    let (song, soft) = match event {
        Event::SongReplaced { song, .. } => (song, true),
        Event::SongWithdrawn { song, .. } | Event::SongRestored { song, .. } => (song, false),
        _ => return None,
    };
    let target = PurgeTarget::Key(SurrogateKey::Song(*song));
    Some(Purge::new(vec![target], soft).expect("one target"))
}

/// Tells every hook what waits for it, each at its own pace, until the shutdown begins. Any number of processes may do it:
/// what is told is one's at a time, and what one that dies was telling is told again.
pub async fn tell_hooks(api: Api, shutdown: Shutdown) {
    let mut tellings = JoinSet::new();
    for hook in api.options().hooks.0.iter() {
        match Telling::new(api.clone(), hook.clone()) {
            Ok(telling) => drop(tellings.spawn(telling.run())),
            Err(error) => {
                tracing::error!(hook = hook.name.as_str(), %error, "a hook cannot be told anything");
            }
        }
    }
    shutdown.begun().await;
    // Whatever is on its way is told again.
    tellings.shutdown().await;
}
