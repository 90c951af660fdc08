//! One that follows the bus over NATS: a task that reads both streams from where it stands, and begins again from
//! there whenever the connection has been lost.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{interval, sleep};

use super::streams::PRESENCE;
use super::{JetStream, nats};
use crate::bus::BusError;
use crate::message::{MessageId, Name, News, Receipt};

/// How many messages may wait for the follower; the server keeps the others.
const WAITING: usize = 1_024;

/// How long the bus is left alone after it could not be reached.
const PAUSE: Duration = Duration::from_millis(250);

/// How often a server that has nothing to say says so: one that is silent for twice as long is gone.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// One that follows a bus over NATS.
#[derive(Debug)]
pub struct JetStreamFollower {
    bus: Arc<JetStream>,
    name: Name,
    news: mpsc::Receiver<News>,
    task: AbortHandle,
}

impl JetStreamFollower {
    pub(super) fn start(bus: Arc<JetStream>, name: Name) -> Self {
        let (told, news) = mpsc::channel(WAITING);
        let reading = Reading { bus: Arc::clone(&bus), name: name.clone(), told, stands: None };
        let task = tokio::spawn(reading.run()).abort_handle();
        Self { bus, name, news, task }
    }

    pub(crate) async fn next(&mut self) -> News {
        // The task ends with the runtime alone; who waits then waits for nothing.
        match self.news.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    pub(crate) async fn acknowledge(&self, id: MessageId) -> Result<(), BusError> {
        let receipt = Receipt { by: self.name.clone(), at: SystemTime::now() };
        self.bus.acknowledge(id, &receipt).await
    }
}

impl Drop for JetStreamFollower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The last sequences that the follower was told, of both streams.
#[derive(Debug, Clone, Copy)]
struct Stands {
    passing: u64,
    standing: u64,
}

struct Reading {
    bus: Arc<JetStream>,
    name: Name,
    told: mpsc::Sender<News>,
    /// `None` before it has read anything: who has read nothing misses nothing.
    stands: Option<Stands>,
}

impl Reading {
    async fn run(mut self) {
        let mut hears = true;
        while !self.told.is_closed() {
            let mut connected = self.bus.connected.clone();
            let outcome = tokio::select! {
                outcome = self.read(&mut hears) => outcome,
                // A connection that is lost is known at once, long before a heartbeat is missed.
                _ = lost(&mut connected) => Ok(()),
            };
            if let Err(error) = outcome {
                tracing::debug!(%error, "the bus cannot be followed");
            }
            if hears {
                hears = false;
                tracing::warn!(follower = %self.name, "cut off from the bus");
                self.tell(News::CutOff).await;
            }
            sleep(PAUSE).await;
        }
    }

    /// Reads until something goes wrong.
    async fn read(&mut self, hears: &mut bool) -> Result<(), BusError> {
        let streams = self.bus.streams.clone();
        streams.doubt();
        streams.ensure(&self.bus.context).await?;
        let passing = self.bus.context.get_stream(streams.passing()).await.map_err(nats)?;
        let standing = self.bus.context.get_stream(streams.standing()).await.map_err(nats)?;
        let (first, last) = {
            let state = &passing.cached_info().state;
            (state.first_sequence.max(1), state.last_sequence)
        };
        let mut stands = self.stands.unwrap_or(Stands { passing: first - 1, standing: 0 });
        if stands.passing + 1 < first || last < stands.passing {
            self.tell(News::Missed).await;
            stands.passing = first - 1;
        }
        let standing_last = standing.cached_info().state.last_sequence;
        if standing_last < stands.standing {
            // The server has lost its memory; what it tells from now on is told anew.
            stands.standing = 0;
        }
        self.stands = Some(stands);
        let targets = Stands { passing: last, standing: standing_last };

        let mut passing = messages(&passing, stands.passing + 1).await?;
        let mut standing = messages(&standing, stands.standing + 1).await?;
        let mut presence = interval(PRESENCE / 3);
        let mut caught_up = false;
        loop {
            if !caught_up && self.has_reached(targets) {
                caught_up = true;
                *hears = true;
                self.tell(News::CaughtUp).await;
            }
            tokio::select! {
                _ = presence.tick() => self.bus.announce(&self.name).await?,
                message = passing.next() => self.pass_on_passing(next(message)?).await?,
                message = standing.next() => self.pass_on_standing(next(message)?).await?,
            }
        }
    }

    fn has_reached(&self, targets: Stands) -> bool {
        self.stands.is_some_and(|stands| {
            stands.passing >= targets.passing && stands.standing >= targets.standing
        })
    }

    async fn pass_on_passing(&mut self, message: Message) -> Result<(), BusError> {
        let sequence = sequence(&message)?;
        let expected = self.stands.map(|stands| stands.passing + 1);
        if expected.is_some_and(|expected| sequence > expected) {
            self.tell(News::Missed).await;
        }
        if let Some((id, body)) = content(&message) {
            self.tell(News::Passed { id, body }).await;
        }
        self.stands = self.stands.map(|stands| Stands { passing: sequence, ..stands });
        Ok(())
    }

    async fn pass_on_standing(&mut self, message: Message) -> Result<(), BusError> {
        let sequence = sequence(&message)?;
        let key = self.bus.streams.key_of(&message.subject);
        if let Some((key, (id, body))) = key.zip(content(&message)) {
            self.tell(News::Set { key, id, body }).await;
        }
        self.stands = self.stands.map(|stands| Stands { standing: sequence, ..stands });
        Ok(())
    }

    async fn tell(&self, news: News) {
        // Where nobody listens any more, `run` ends.
        let _ = self.told.send(news).await;
    }
}

async fn lost(connected: &mut tokio::sync::watch::Receiver<bool>) {
    // Not connected yet is not lost: whoever waits for an answer then waits in vain for a while.
    let _ = connected.wait_for(|connected| *connected).await;
    let _ = connected.wait_for(|connected| !*connected).await;
}

/// The messages of a stream from `start` on.
async fn messages(
    stream: &async_nats::jetstream::stream::Stream,
    start: u64,
) -> Result<pull::Stream, BusError> {
    let config = pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: start },
        ack_policy: AckPolicy::None,
        inactive_threshold: HEARTBEAT * 6,
        memory_storage: true,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await.map_err(nats)?;
    consumer.stream().heartbeat(HEARTBEAT).messages().await.map_err(nats)
}

fn next<E>(message: Option<Result<Message, E>>) -> Result<Message, BusError>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match message {
        Some(message) => message.map_err(nats),
        None => Err(nats(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))),
    }
}

fn sequence(message: &Message) -> Result<u64, BusError> {
    message.info().map(|info| info.stream_sequence).map_err(BusError::Nats)
}

/// Its id and its body; `None` for what we did not write.
fn content(message: &Message) -> Option<(MessageId, serde_json::Value)> {
    let id = message.headers.as_ref()?.get(async_nats::header::NATS_MESSAGE_ID)?;
    let body = serde_json::from_slice(&message.payload).ok()?;
    Some((id.as_str().parse().ok()?, body))
}
