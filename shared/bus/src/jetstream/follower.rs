//! One that follows the bus over NATS: a task that reads both streams from where it stands, and begins again from
//! there whenever the connection has been lost.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::State;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};

use super::{JetStream, nats};
use crate::bus::BusError;
use crate::message::{Identity, MessageId, Name, News, Receipt, SILENT};

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
    me: Identity,
    news: mpsc::Receiver<News>,
    task: JoinHandle<()>,
}

impl JetStreamFollower {
    pub(super) fn start(bus: Arc<JetStream>, name: Name) -> Self {
        let (told, news) = mpsc::channel(WAITING);
        let me = Identity::of(name);
        let reading = Reading { bus: Arc::clone(&bus), me: me.clone(), told, last: None };
        let task = tokio::spawn(reading.run());
        Self { bus, me, news, task }
    }

    pub(crate) async fn next(&mut self) -> News {
        // The task ends with the runtime alone; who waits then waits for nothing.
        match self.news.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    pub(crate) fn acknowledging(&self) -> JetStreamAcknowledging {
        JetStreamAcknowledging { bus: Arc::clone(&self.bus), me: self.me.clone() }
    }

    pub(crate) async fn leave(mut self) -> Result<(), BusError> {
        self.task.abort();
        // Nothing is to be said in its name after the goodbye.
        let _ = (&mut self.task).await;
        self.bus.leave(&self.me).await
    }
}

/// What acknowledges over NATS.
#[derive(Debug, Clone)]
pub struct JetStreamAcknowledging {
    bus: Arc<JetStream>,
    me: Identity,
}

impl JetStreamAcknowledging {
    pub(crate) async fn acknowledge(&self, id: MessageId) -> Result<(), BusError> {
        let receipt = Receipt { by: self.me.clone(), at: SystemTime::now() };
        self.bus.acknowledge(id, &receipt).await
    }
}

impl Drop for JetStreamFollower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The last passing message that the follower was told.
#[derive(Debug, Clone, Copy)]
struct Last {
    sequence: u64,
    id: Option<MessageId>,
}

struct Reading {
    bus: Arc<JetStream>,
    me: Identity,
    told: mpsc::Sender<News>,
    /// `None` before it was told any: who was told nothing misses nothing.
    last: Option<Last>,
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
            if hears {
                hears = false;
                let error = outcome.err().map(|error| error.to_string());
                tracing::warn!(follower = %self.me.name, error, "cut off from the bus");
                self.tell(News::CutOff).await;
            }
            sleep(PAUSE).await;
        }
    }

    /// Reads until something goes wrong. The last words of what stands are read each time: saying it again changes nothing, and whatever
    /// happened to the server meanwhile, none of it is passed over.
    async fn read(&mut self, hears: &mut bool) -> Result<(), BusError> {
        let streams = self.bus.streams.clone();
        streams.doubt();
        streams.ensure(&self.bus.context).await?;
        let passing = self.bus.context.get_stream(streams.passing()).await.map_err(nats)?;
        let standing = self.bus.context.get_stream(streams.standing()).await.map_err(nats)?;
        let start = self.begin(&passing.cached_info().state).await;
        let mut passing_left = left(&passing.cached_info().state, start);
        let mut standing_left = left(&standing.cached_info().state, 1);
        let from = DeliverPolicy::ByStartSequence { start_sequence: start };
        let mut passing = messages(&passing, from, streams.passing_subject()).await?;
        let last = DeliverPolicy::LastPerSubject;
        let mut standing = messages(&standing, last, streams.all_standing()).await?;
        let mut presence = interval(SILENT / 3);
        // Whoever has caught up may begin to serve: from then on it is waited for.
        presence.tick().await;
        self.bus.announce(&self.me).await?;
        let mut caught_up = false;
        loop {
            if !caught_up && passing_left.is_none() && standing_left.is_none() {
                (caught_up, *hears) = (true, true);
                self.tell(News::CaughtUp).await;
            }
            tokio::select! {
                _ = presence.tick() => self.bus.announce(&self.me).await?,
                message = passing.next() => {
                    let sequence = self.pass_on_passing(next(message)?).await?;
                    passing_left = passing_left.filter(|last| *last > sequence);
                }
                message = standing.next() => {
                    let sequence = self.pass_on_standing(next(message)?).await?;
                    standing_left = standing_left.filter(|last| *last > sequence);
                }
            }
        }
    }

    /// Where to begin with passing messages: with the one that was told last, which shows whether this is still the
    /// stream that it was, or else with the first.
    async fn begin(&mut self, state: &State) -> u64 {
        let first = state.first_sequence.max(1);
        let Some(Last { sequence, .. }) = self.last else { return first };
        if (first..=state.last_sequence).contains(&sequence) {
            return sequence;
        }
        // What was told may all have been old: the next one follows on.
        if sequence + 1 != first {
            self.tell(News::Missed).await;
            self.last = None;
        }
        first
    }

    async fn pass_on_passing(&mut self, message: Message) -> Result<u64, BusError> {
        let sequence = sequence(&message)?;
        let content = content(&message);
        let id = content.as_ref().map(|(id, _)| *id);
        if let Some(last) = self.last {
            if (last.sequence, last.id) == (sequence, id) {
                return Ok(sequence);
            }
            // Another one in its place, or some are gone in between.
            if sequence != last.sequence + 1 {
                self.tell(News::Missed).await;
            }
        }
        if let Some((id, body)) = content {
            self.tell(News::Passed { id, body }).await;
        }
        self.last = Some(Last { sequence, id });
        Ok(sequence)
    }

    async fn pass_on_standing(&mut self, message: Message) -> Result<u64, BusError> {
        let key = self.bus.streams.key_of(&message.subject);
        if let Some((key, (id, body))) = key.zip(content(&message)) {
            self.tell(News::Set { key, id, body }).await;
        }
        sequence(&message)
    }

    async fn tell(&self, news: News) {
        // Where nobody listens any more, `run` ends.
        let _ = self.told.send(news).await;
    }
}

/// The sequence after which a stream is caught up with; none where there is nothing from `start` on.
fn left(state: &State, start: u64) -> Option<u64> {
    (state.messages > 0 && state.last_sequence >= start).then_some(state.last_sequence)
}

async fn lost(connected: &mut tokio::sync::watch::Receiver<bool>) {
    // Not connected yet is not lost: whoever waits for an answer then waits in vain for a while.
    let _ = connected.wait_for(|connected| *connected).await;
    let _ = connected.wait_for(|connected| !*connected).await;
}

/// The messages of a stream that `deliver_policy` begins with, and all that follow.
async fn messages(
    stream: &async_nats::jetstream::stream::Stream,
    deliver_policy: DeliverPolicy,
    filter_subject: String,
) -> Result<pull::Stream, BusError> {
    let config = pull::Config {
        deliver_policy,
        filter_subject,
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
