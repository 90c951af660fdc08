//! Telling one hook what waits for it.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bus::MessageId;
use catalogue::{CatalogueError, Delivery};
use invalidation::sender::NoCertificates;
use invalidation::targets::Requests;
use invalidation::{Batch, Fault, Hook, Pace, Reason, Sender, pace};
use service::problem::chain;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::api::Api;

/// How often we look for what is to be told.
const EVERY: Duration = Duration::from_millis(200);

/// How long we wait after the database has failed.
const RECOVERY: Duration = Duration::from_secs(2);

/// For how long what is told is ours. It is renewed while we are at it.
const LEASE: Duration = Duration::from_secs(60);

/// How long a hook waits for edges, and for hooks further in, to forget first. After that it is told whatever they do: one
/// that is down must not keep a withdrawn song in all other caches.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long an edge is silent that is waited for.
const SILENT: Duration = Duration::from_secs(60);

/// So many purges that edges have not heard of are looked at before we look again later: the bus is asked for each.
const MOST_WAITING: usize = 8;

pub(super) struct Telling {
    api: Api,
    hook: Hook,
    sender: Sender,
    pace: Pace,
    /// How many are told one by one: something in a batch was refused, and the others must not suffer for it.
    one_by_one: usize,
}

impl Telling {
    pub(super) fn new(api: Api, hook: Hook) -> Result<Self, NoCertificates> {
        let sender = Sender::new(hook.allow_private)?;
        let pace = Pace::new(hook.rate, Instant::now());
        Ok(Self { api, hook, sender, pace, one_by_one: 0 })
    }

    /// Goes on until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            if let Some(rest) = self.pace.closed_for(Instant::now()) {
                sleep(rest).await;
            }
            match self.tell_next().await {
                Ok(true) => {}
                Ok(false) => sleep(EVERY).await,
                Err(error) => {
                    let (hook, error) = (self.hook.name.as_str(), chain(&error));
                    tracing::warn!(hook, error, "what is to be told waits in the database");
                    sleep(RECOVERY).await;
                }
            }
        }
    }

    /// Tells it what it can be told at once. Answers whether there was anything.
    async fn tell_next(&mut self) -> Result<bool, CatalogueError> {
        let catalogue = self.api.catalogue().clone();
        let deliveries = catalogue.deliveries();
        let most = if self.pace.is_on_trial() || self.one_by_one > 0 {
            1
        } else {
            self.hook.target.at_once()
        };
        let due = deliveries.due(self.hook.name.as_str(), PATIENCE, most).await?;
        let due = self.heard_by_edges(due).await;
        if due.is_empty() {
            return Ok(false);
        }
        let claimed = deliveries.claim(due, LEASE).await?;
        self.one_by_one = self.one_by_one.saturating_sub(claimed.len());
        let (soft, hard): (Vec<_>, Vec<_>) =
            claimed.into_iter().partition(|delivery| delivery.purge.is_soft());
        for batch in [hard, soft] {
            if !batch.is_empty() {
                self.tell(batch).await?;
            }
        }
        Ok(true)
    }

    /// Those of which no edge is still to hear: who fetched anew from an edge that has not forgotten would have the old.
    async fn heard_by_edges(&self, due: Vec<Delivery>) -> Vec<Delivery> {
        let mut heard: HashMap<Uuid, bool> = HashMap::new();
        let mut ready = Vec::with_capacity(due.len());
        let mut waiting = 0;
        for delivery in due {
            let is_heard = match heard.get(&delivery.event) {
                Some(heard) => *heard,
                None => self.is_late(&delivery) || self.edges_have(delivery.event).await,
            };
            heard.insert(delivery.event, is_heard);
            if is_heard {
                ready.push(delivery);
                continue;
            }
            waiting += 1;
            if waiting == MOST_WAITING {
                break;
            }
        }
        ready
    }

    fn is_late(&self, delivery: &Delivery) -> bool {
        let put_in = UNIX_EPOCH + Duration::from_millis(delivery.created_ms);
        self.api.clock().now().duration_since(put_in).is_ok_and(|age| age >= PATIENCE)
    }

    async fn edges_have(&self, event: Uuid) -> bool {
        match self.api.bus().receipts(MessageId::from(event)).await {
            Ok(receipts) => {
                let mut pending = receipts.into_iter().flat_map(|receipts| receipts.pending);
                !pending.any(|presence| is_there(presence.at))
            }
            Err(error) => {
                tracing::warn!(%error, "nobody knows which edges have heard");
                false
            }
        }
    }

    /// Tells it all of `claimed`, which is hard or soft, and notes what became of it.
    async fn tell(&mut self, claimed: Vec<Delivery>) -> Result<(), CatalogueError> {
        let catalogue = self.api.catalogue().clone();
        let deliveries = catalogue.deliveries();
        let hook = self.hook.name.as_str().to_owned();
        let told = match self.requests(&claimed).await? {
            Ok(requests) => self.send_all(requests, &claimed).await?,
            Err(fault) => Err(fault),
        };
        let Err(fault) = told else {
            self.pace.succeeded();
            tracing::info!(hook, purges = claimed.len(), "told");
            return deliveries.done(&claimed).await;
        };
        if !fault.of_the_target && claimed.len() > 1 {
            self.one_by_one = claimed.len();
            return deliveries.put_off(&claimed, Duration::ZERO).await;
        }
        let rest = fault.retry_after.unwrap_or_default();
        if fault.of_the_target {
            self.pace.failed(Instant::now(), random());
            self.pace.rest(Instant::now(), rest);
        }
        let delay = |it: &Delivery| rest.max(pace::delay(it.attempts.saturating_add(1), random()));
        let failed: Vec<_> = claimed.iter().map(|delivery| (delivery, delay(delivery))).collect();
        let dead = deliveries.failed(&failed, &fault.reason, self.hook.attempts).await?;
        if dead > 0 {
            tracing::error!(hook, dead, reason = fault.reason, "purges are given up: dead letters");
        } else {
            tracing::warn!(hook, purges = claimed.len(), reason = fault.reason, "not told");
        }
        Ok(())
    }

    async fn requests(
        &self,
        claimed: &[Delivery],
    ) -> Result<Result<Requests, Fault>, CatalogueError> {
        let mut batch = Batch::of(claimed.iter().map(reason).collect());
        if self.hook.target.knows_paths_alone() {
            for key in batch.keys.clone() {
                batch.found(self.api.catalogue().folders_of(key).await?);
            }
        }
        let requests = self.hook.target.requests(&batch, self.api.clock().now());
        Ok(requests.map_err(|error| Fault::of_the_batch(chain(&error))))
    }

    /// Sends them in their order, up to the first that fails.
    async fn send_all(
        &mut self,
        requests: Requests,
        claimed: &[Delivery],
    ) -> Result<Result<(), Fault>, CatalogueError> {
        let mut renewed = Instant::now();
        for request in requests {
            sleep(self.pace.take(Instant::now())).await;
            if renewed.elapsed() > LEASE / 4 {
                self.api.catalogue().deliveries().renew(claimed, LEASE).await?;
                renewed = Instant::now();
            }
            match self.sender.send(request, self.api.clock().now()).await {
                Ok(body) if self.hook.target.denies(&body) => {
                    let reason = "its answer says that it did not succeed".to_owned();
                    return Ok(Err(Fault::of_the_batch(reason)));
                }
                Ok(_) => {}
                Err(fault) => return Ok(Err(fault)),
            }
        }
        Ok(Ok(()))
    }
}

/// Whether an edge that was last heard of then is one that will hear: others are cut off, or dead.
fn is_there(at: SystemTime) -> bool {
    // The bus goes by the machine's clock.
    SystemTime::now().duration_since(at).map_or(true, |silent| silent < SILENT)
}

fn reason(delivery: &Delivery) -> Reason {
    Reason {
        event: delivery.event,
        round: delivery.round,
        cause: delivery.cause.clone(),
        at: UNIX_EPOCH + Duration::from_millis(delivery.created_ms),
        purge: delivery.purge.clone(),
    }
}

/// From 0 to 1. A system without randomness has delays without jitter.
fn random() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}
