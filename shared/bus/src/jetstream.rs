//! The bus over NATS JetStream: four streams, and what is asked of them.
//!
//! `{prefix}-passing` keeps passing messages for [`KEPT`](crate::message::KEPT), `{prefix}-standing` the last word under each key for good and the
//! [`OLDER_WORDS`](streams::OLDER_WORDS) before it,
//! `{prefix}-receipts` who has what for a day, `{prefix}-followers` who was there within the last day and has not said goodbye.

mod follower;
mod streams;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use async_nats::{Client, ConnectOptions, Event, HeaderMap, ServerAddr, Subscriber};
use bytes::Bytes;
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::watch;

pub(crate) use self::follower::{JetStreamAcknowledging, JetStreamFollower};
use self::streams::Streams;
use crate::bus::BusError;
use crate::message::{Identity, MessageId, Name, Presence, Receipt, Receipts};

/// How long NATS may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The bus over NATS.
#[derive(Debug)]
pub struct JetStream {
    client: Client,
    context: Context,
    streams: Streams,
    /// Whether the connection stands.
    connected: watch::Receiver<bool>,
}

impl JetStream {
    pub(crate) async fn connect(url: &str, prefix: &Name) -> Result<Self, BusError> {
        let unusable = || BusError::Url(url.to_owned());
        let schemed = ["nats://", "tls://"].iter().any(|scheme| url.starts_with(scheme));
        let server: ServerAddr = url.parse().ok().filter(|_| schemed).ok_or_else(unusable)?;
        if server.host().is_empty() {
            return Err(unusable());
        }
        let (told, connected) = watch::channel(false);
        let mut options = ConnectOptions::new();
        if let (Some(user), Some(password)) = (server.username(), server.password()) {
            options = options.user_and_password(decoded(user), decoded(password));
        }
        let options = options
            .retry_on_initial_connect()
            .request_timeout(Some(PATIENCE))
            .event_callback(move |event| {
                match event {
                    Event::Connected => _ = told.send_replace(true),
                    Event::Disconnected | Event::Closed => _ = told.send_replace(false),
                    Event::ServerError(error) => tracing::warn!(%error, "NATS refuses"),
                    Event::ClientError(error) => tracing::warn!(%error, "NATS cannot be used"),
                    _ => {}
                }
                std::future::ready(())
            });
        let client = options.connect(server).await.map_err(|_| unusable())?;
        let mut context = async_nats::jetstream::new(client.clone());
        context.set_timeout(PATIENCE);
        Ok(Self { client, context, streams: Streams::of(prefix), connected })
    }

    pub(crate) async fn pass(&self, id: MessageId, body: Value) -> Result<(), BusError> {
        self.publish(self.streams.passing_subject(), Some(id), &body).await?;
        self.publish(self.streams.said_subject(id), None, &()).await
    }

    pub(crate) async fn set(&self, id: MessageId, key: &Name, body: Value) -> Result<(), BusError> {
        self.publish(self.streams.standing_subject(key), Some(id), &body).await?;
        self.publish(self.streams.said_subject(id), None, &()).await
    }

    pub(crate) async fn remark(&self, body: &Value) {
        // Until it is back, the client would keep it, and whoever speaks waiting.
        if *self.connected.borrow() {
            let body = Bytes::from(body.to_string());
            let _ = self.client.publish(self.streams.remarks_subject(), body).await;
        }
    }

    pub(crate) async fn overhear(&self) -> Result<Subscriber, BusError> {
        self.client.subscribe(self.streams.remarks_subject()).await.map_err(nats)
    }

    pub(crate) fn follow(self: &Arc<Self>, name: Name) -> JetStreamFollower {
        JetStreamFollower::start(Arc::clone(self), name)
    }

    async fn acknowledge(&self, id: MessageId, receipt: &Receipt) -> Result<(), BusError> {
        self.publish(self.streams.receipt_subject(id, &receipt.by), None, receipt).await
    }

    async fn announce(&self, who: &Identity) -> Result<(), BusError> {
        let presence = Presence { who: who.clone(), at: SystemTime::now() };
        self.publish(self.streams.follower_subject(who), None, &presence).await
    }

    async fn leave(&self, who: &Identity) -> Result<(), BusError> {
        self.publish(self.streams.follower_subject(who), None, &()).await
    }

    pub(crate) async fn receipts(&self, id: MessageId) -> Result<Option<Receipts>, BusError> {
        if !self.has_said(id).await? {
            return Ok(None);
        }
        let acknowledged =
            self.last_words(self.streams.receipts(), &self.streams.receipts_of(id)).await?;
        let present =
            self.last_words(self.streams.followers(), &self.streams.all_followers()).await?;
        Ok(Some(Receipts::new(id, acknowledged, present)))
    }

    async fn has_said(&self, id: MessageId) -> Result<bool, BusError> {
        self.streams.ensure(&self.context).await?;
        let stream =
            self.context.get_stream_no_info(self.streams.receipts()).await.map_err(nats)?;
        match stream.get_last_raw_message_by_subject(&self.streams.said_subject(id)).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(false),
            Err(error) => Err(nats(error)),
        }
    }

    /// Publishes, and waits until the stream has it; makes the streams where there are none yet.
    async fn publish(
        &self,
        subject: String,
        id: Option<MessageId>,
        body: &impl serde::Serialize,
    ) -> Result<(), BusError> {
        self.streams.ensure(&self.context).await?;
        let body = Bytes::from(serde_json::to_vec(body).expect("messages are plain JSON"));
        let mut headers = HeaderMap::new();
        if let Some(id) = id {
            headers.insert(async_nats::header::NATS_MESSAGE_ID, id.to_string());
        }
        let taken = async {
            let sent = self.context.publish_with_headers(subject, headers, body).await;
            sent.map_err(nats)?.await.map_err(nats)
        };
        taken.await.map(drop).inspect_err(|_| self.streams.doubt())
    }

    /// The last message of every subject that `filter` matches.
    async fn last_words<T>(&self, stream: &str, filter: &str) -> Result<Vec<T>, BusError>
    where
        T: serde::de::DeserializeOwned,
    {
        self.streams.ensure(&self.context).await?;
        let stream = self.context.get_stream_no_info(stream).await.map_err(nats)?;
        let config = pull::Config {
            deliver_policy: DeliverPolicy::LastPerSubject,
            filter_subject: filter.to_owned(),
            ack_policy: AckPolicy::None,
            inactive_threshold: Duration::from_secs(10),
            memory_storage: true,
            ..pull::Config::default()
        };
        let consumer = stream.create_consumer(config).await.map_err(nats)?;
        let count = usize::try_from(consumer.cached_info().num_pending).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        if count > 0 {
            let batch = consumer.fetch().max_messages(count).messages().await;
            let mut batch = batch.map_err(nats)?;
            while let Some(message) = batch.next().await {
                let message = message.map_err(BusError::Nats)?;
                found.extend(serde_json::from_slice(&message.payload).ok());
            }
        }
        Ok(found)
    }
}

/// A part of a URL without its percent-encoding (RFC 3986 2.1).
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn nats(error: impl std::error::Error + Send + Sync + 'static) -> BusError {
    BusError::Nats(Box::new(error))
}
