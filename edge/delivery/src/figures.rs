//! What the edge counts. Counting is one addition per figure: whatever has a label is looked up when the edge is made,
//! but for what is rare.

use std::sync::Arc;

use cache::Source;
use http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::connection::Protocol;
use crate::refused::Refused;

type Label = [(&'static str, &'static str); 1];
type StatusLabel = [(&'static str, u16); 1];

/// The statuses that are not rare.
const USUAL: [StatusCode; 8] = [
    StatusCode::OK,
    StatusCode::PARTIAL_CONTENT,
    StatusCode::NOT_MODIFIED,
    StatusCode::NO_CONTENT,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::SERVICE_UNAVAILABLE,
];

const SOURCES: [Source; 4] = [Source::Hit, Source::Stale, Source::Miss, Source::Collapsed];

/// What the edge counts. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Figures(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    answers: Family<StatusLabel, Counter>,
    usual: [Counter; USUAL.len()],
    lookups: Family<Label, Counter>,
    by_source: [Counter; SOURCES.len()],
    refusals: Family<Label, Counter>,
    bytes: Counter,
    broken: Counter,
    under_way: Gauge,
    connections: Family<Label, Counter>,
    open: Family<Label, Gauge>,
    handshakes: Family<Label, Counter>,
}

/// How a TLS handshake ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Handshake {
    Done,
    Failed,
    TimedOut,
}

/// A connection or an answer that is counted as long as this lives.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Figures {
    pub(crate) fn new() -> Self {
        let (answers, lookups) = (Family::<StatusLabel, Counter>::default(), Family::default());
        let usual = USUAL.map(|status| owned(&answers, &[("status", status.as_u16())]));
        let by_source = SOURCES.map(|source| owned(&lookups, &[("result", name(source))]));
        Self(Arc::new(Counts {
            answers,
            usual,
            lookups,
            by_source,
            refusals: Family::default(),
            bytes: Counter::default(),
            broken: Counter::default(),
            under_way: Gauge::default(),
            connections: Family::default(),
            open: Family::default(),
            handshakes: Family::default(),
        }))
    }

    /// Names everything.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let counts = &*self.0;
        let edge = registry.sub_registry_with_prefix("edge");
        edge.register(
            "answers",
            "Answers to requests for media, by status",
            counts.answers.clone(),
        );
        edge.register(
            "lookups",
            "Objects looked up in the cache, by where the first block came from",
            counts.lookups.clone(),
        );
        edge.register(
            "refusals",
            "Requests turned away before any lookup, by reason",
            counts.refusals.clone(),
        );
        let sent = "Bytes of bodies handed to connections";
        edge.register_with_unit("sent", sent, Unit::Bytes, counts.bytes.clone());
        edge.register(
            "broken_answers",
            "Answers whose body did not come to its end: the client left, or the origin failed",
            counts.broken.clone(),
        );
        edge.register(
            "answers_under_way",
            "Requests for media that are being answered",
            counts.under_way.clone(),
        );
        edge.register("connections", "Connections taken, by protocol", counts.connections.clone());
        edge.register("open_connections", "Connections open, by protocol", counts.open.clone());
        edge.register("tls_handshakes", "TLS handshakes, by outcome", counts.handshakes.clone());
    }

    pub(crate) fn answered(&self, status: StatusCode) {
        match USUAL.iter().position(|usual| *usual == status) {
            Some(at) => self.0.usual[at].inc(),
            None => self.0.answers.get_or_create(&[("status", status.as_u16())]).inc(),
        };
    }

    pub(crate) fn looked_up(&self, source: Source) {
        let at = SOURCES.iter().position(|known| *known == source);
        self.0.by_source[at.expect("every source is among them")].inc();
    }

    pub(crate) fn refused(&self, refused: Refused) {
        self.0.refusals.get_or_create(&[("reason", refused.name())]).inc();
    }

    pub(crate) fn sent(&self, bytes: u64) {
        self.0.bytes.inc_by(bytes);
    }

    pub(crate) fn broken(&self) {
        self.0.broken.inc();
    }

    pub(crate) fn under_way(&self) -> Counted {
        Counted::new(&self.0.under_way)
    }

    pub(crate) fn connected(&self, protocol: Protocol) -> Counted {
        let label = [("protocol", protocol.name())];
        self.0.connections.get_or_create(&label).inc();
        Counted::new(&self.0.open.get_or_create(&label))
    }

    pub(crate) fn shook_hands(&self, handshake: Handshake) {
        let outcome = match handshake {
            Handshake::Done => "done",
            Handshake::Failed => "failed",
            Handshake::TimedOut => "timed-out",
        };
        self.0.handshakes.get_or_create(&[("outcome", outcome)]).inc();
    }
}

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A counter of its own handle: no lock and no search when it counts.
fn owned<L>(family: &Family<L, Counter>, label: &L) -> Counter
where
    L: Clone + Eq + std::hash::Hash,
{
    family.get_or_create(label).clone()
}

/// A label and a word of the log.
pub(crate) fn name(source: Source) -> &'static str {
    match source {
        Source::Hit => "hit",
        Source::Stale => "stale",
        Source::Miss => "miss",
        Source::Collapsed => "collapsed",
    }
}
