//! Telling the bus what has happened: the outbox is read in its order, and everything in it is said at least once.
//!
//! One process does it for all that share a catalogue. One that ends leaves it to the others; where it dies, another takes over within [`HELD`], and what
//! was said meanwhile is perhaps said twice, under the same id.
//!
//! What every edge must heed at once is said to them first, by the same process and in the same order: whoever hears that a
//! song is withdrawn may rely on it that edges have been told, and no crash comes between.

use std::time::Duration;

use bus::{Bus, BusError, MessageId};
use catalogue::{Catalogue, CatalogueError, Happening, NewDelivery};
use service::Shutdown;
use service::problem::chain;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use crate::heeding;
use crate::hooks::{self, Hooks};

/// How often the outbox is looked into where nobody in this process has put anything in: others may have, and what is
/// withdrawn is to be so everywhere within a second.
const EVERY: Duration = Duration::from_millis(300);

/// How long one process keeps the relay to itself.
const HELD: Duration = Duration::from_secs(5);

/// How long of that it speaks: what it says later could come after what another one says.
const SPEAKS: Duration = Duration::from_secs(4);

/// How often what is over is forgotten.
const SWEPT_EVERY: Duration = Duration::from_secs(60 * 60);

/// Events that are told before they are noted as told.
const AT_ONCE: u32 = 100;

/// Why the outbox could not be told.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("the outbox cannot be read")]
    Catalogue(#[from] CatalogueError),
    #[error("the bus does not take it")]
    Bus(#[from] BusError),
}

/// Says everything that happens in `catalogue` on the bus of `events`, and on that of `notices`, another one, what edges
/// must heed, until the shutdown begins. Both have the event's id. What `hooks` are to be told goes into their queue
/// together with the note that edges were told.
pub async fn relay(
    catalogue: Catalogue,
    events: Bus,
    notices: Bus,
    hooks: Hooks,
    shutdown: Shutdown,
) {
    let relay = Relay { catalogue, events, notices, hooks, holder: Uuid::now_v7() };
    let mut sweep_at = Instant::now();
    loop {
        if let Err(error) = relay.tell_all().await {
            tracing::warn!(error = %chain(&error), "events wait in the outbox");
            sleep(EVERY).await;
        }
        if sweep_at <= Instant::now() {
            sweep_at = Instant::now() + SWEPT_EVERY;
            relay.sweep().await;
        }
        tokio::select! {
            () = shutdown.begun() => return relay.leave().await,
            () = async { relay.catalogue.outbox().filled().await } => {}
            () = sleep(EVERY) => {}
        }
    }
}

struct Relay {
    catalogue: Catalogue,
    events: Bus,
    notices: Bus,
    hooks: Hooks,
    /// This process among those that share the catalogue.
    holder: Uuid,
}

impl Relay {
    async fn leave(&self) {
        if let Err(error) = self.catalogue.duties().leave("relay", self.holder).await {
            tracing::warn!(error = %chain(&error), "others wait before they tell what happens");
        }
    }

    async fn tell_all(&self) -> Result<(), RelayError> {
        let outbox = self.catalogue.outbox();
        // Nothing is written where there is nothing to say.
        while !outbox.pending(1).await?.is_empty() {
            let until = Instant::now() + SPEAKS;
            if !self.catalogue.duties().hold("relay", self.holder, HELD).await? {
                return Ok(());
            }
            let pending = outbox.pending(AT_ONCE).await?;
            let (told, ended) = self.tell(&pending, until).await;
            let told = &pending[..told];
            outbox.note_told(told, &self.deliveries(told)).await?;
            ended?;
        }
        Ok(())
    }

    /// How many were told by then, and what ended it.
    async fn tell(
        &self,
        happenings: &[Happening],
        until: Instant,
    ) -> (usize, Result<(), BusError>) {
        for (told, happening) in happenings.iter().enumerate() {
            match timeout_at(until, self.say(happening)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return (told, Err(error)),
                Err(_) => return (told, Ok(())),
            }
        }
        (happenings.len(), Ok(()))
    }

    async fn say(&self, happening: &Happening) -> Result<(), BusError> {
        let id = MessageId::from(happening.id);
        if let Some(notice) = happening.event().as_ref().and_then(heeding::notice) {
            notice.say_as(id, &self.notices).await?;
        }
        self.events.pass(id, happening.payload.clone()).await
    }

    fn deliveries(&self, told: &[Happening]) -> Vec<NewDelivery> {
        let deliveries = told.iter().filter_map(|happening| {
            let event = happening.event()?;
            let purge = hooks::purge(&event)?;
            Some(self.hooks.deliveries(happening.id, event.name(), &purge))
        });
        deliveries.flatten().collect()
    }

    async fn sweep(&self) {
        if let Err(error) = self.forget().await {
            tracing::warn!(error = %chain(&error), "what is over cannot be forgotten");
        }
        if let Err(error) = self.catalogue.streams().sweep().await {
            tracing::warn!(error = %chain(&error), "streams that ended cannot be swept");
        }
        if let Err(error) = self.catalogue.password_resets().sweep().await {
            tracing::warn!(error = %chain(&error), "links that are over cannot be swept");
        }
        if let Err(error) = self.catalogue.email_claims().sweep().await {
            tracing::warn!(error = %chain(&error), "mail addresses that nobody proved cannot be swept");
        }
        if let Err(error) = self.catalogue.oidc_logins().sweep().await {
            tracing::warn!(error = %chain(&error), "logins that are over cannot be swept");
        }
    }

    async fn forget(&self) -> Result<(), CatalogueError> {
        if self.catalogue.duties().hold("sweep", self.holder, HELD).await? {
            self.catalogue.outbox().sweep(bus::KEPT).await?;
            self.catalogue.sessions().sweep().await?;
        }
        Ok(())
    }
}
