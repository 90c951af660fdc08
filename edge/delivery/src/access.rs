//! The access log: one event per request for media, when its answer is over. No token is ever in it.

use std::net::IpAddr;
use std::time::Instant;

use http::request::Parts;
use http::{Method, StatusCode, Version};
use service::telemetry::spans;
use tracing::Span;
use tracing::field::Empty;

use crate::cmcd::Cmcd;
use crate::target::Target;

/// The events' target, so that `log` can turn them on and off.
const TARGET: &str = "access";

/// What is said of a request once its answer is over.
#[derive(Debug)]
pub(crate) struct Entry {
    begun: Instant,
    client: IpAddr,
    method: Method,
    version: Version,
    /// Without the token; the query is left out, since it may carry one.
    path: String,
    status: StatusCode,
    cache: Option<&'static str>,
    refusal: Option<&'static str>,
    cmcd: Option<Cmcd>,
}

/// What became of a request at the edge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) status: StatusCode,
    pub(crate) cache: Option<&'static str>,
    pub(crate) refusal: Option<&'static str>,
}

/// A path without its token.
fn path<'a>(target: Option<&Target<'a>>) -> &'a str {
    match target {
        Some(Target::Song { key, object: Some(_), .. }) => key,
        // Where a client has put a token before a token, the second stands in there.
        Some(Target::Song { object: None, .. }) => "(no object)",
        Some(Target::Crooked) => "(crooked)",
        Some(Target::TooLong) => "(too long)",
        None => "(not the edge's)",
    }
}

/// The time that a request takes, for a collector.
pub(crate) fn span(request: &Parts, target: Option<&Target<'_>>) -> Span {
    tracing::trace_span!(
        target: spans::TARGET,
        "request",
        otel.kind = "server",
        http.request.method = %request.method,
        url.path = path(target),
        http.response.status_code = Empty,
        segue.cache = Empty,
        segue.refusal = Empty,
    )
}

impl Outcome {
    /// Notes on the span how the request was answered.
    pub(crate) fn record(&self, span: &Span) {
        // The collector is told unsigned numbers as text.
        span.record("http.response.status_code", i64::from(self.status.as_u16()));
        if let Some(cache) = self.cache {
            span.record("segue.cache", cache);
        }
        if let Some(refusal) = self.refusal {
            span.record("segue.refusal", refusal);
        }
    }
}

impl Entry {
    /// Nothing where nobody reads it: it costs what it is made of.
    pub(crate) fn of(
        request: &Parts,
        target: Option<&Target<'_>>,
        begun: Instant,
        client: IpAddr,
        outcome: Outcome,
    ) -> Option<Box<Self>> {
        if !tracing::enabled!(target: TARGET, tracing::Level::INFO) {
            return None;
        }
        let Outcome { status, cache, refusal } = outcome;
        Some(Box::new(Self {
            begun,
            client,
            method: request.method.clone(),
            version: request.version,
            path: path(target).to_owned(),
            status,
            cache,
            refusal,
            cmcd: Cmcd::of(request),
        }))
    }

    /// Writes it; `whole` says whether the body came to its end.
    pub(crate) fn write(&self, sent: u64, whole: bool) {
        let nothing = Cmcd::default();
        let cmcd = self.cmcd.as_ref().unwrap_or(&nothing);
        let told = |flag: bool| flag.then_some(true);
        tracing::info!(
            target: TARGET,
            client = %self.client,
            method = %self.method,
            version = ?self.version,
            path = self.path,
            status = self.status.as_u16(),
            sent,
            milliseconds = self.begun.elapsed().as_micros() as f64 / 1_000.0,
            broken = told(!whole),
            cache = self.cache,
            refusal = self.refusal,
            cmcd.br = cmcd.bitrate,
            cmcd.bl = cmcd.buffer,
            cmcd.bs = told(cmcd.starved),
            cmcd.cid = cmcd.content,
            cmcd.d = cmcd.duration,
            cmcd.dl = cmcd.deadline,
            cmcd.mtp = cmcd.throughput,
            cmcd.ot = cmcd.object,
            cmcd.pr = cmcd.rate.map(|rate| rate as f64 / 100.0),
            cmcd.rtp = cmcd.requested,
            cmcd.sf = cmcd.format,
            cmcd.sid = cmcd.session,
            cmcd.st = cmcd.stream,
            cmcd.su = told(cmcd.startup),
            cmcd.tb = cmcd.top,
        );
    }
}
