//! One connection's requests, over HTTP/1.1 (RFC 9112) or HTTP/2 (RFC 9113).

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt;

use crate::fallback::Fallback;
use crate::pull::Caller;
use crate::serve::{Ending, Site};
use crate::served::Served;
use crate::traffic::Traffic;

/// The longest head of a request in bytes; a longer one is 431. Above the longest path that is looked at, so that
/// such a path is still told that it is too long.
const LONGEST_HEAD: u32 = 32 << 10;

/// Streams at a time: a player has a few, an edge that fetches from us some dozens.
const STREAMS: u32 = 128;

/// Streams that were reset before we took them up, and such that we reset ourselves for breaches of the protocol:
/// beyond these, the connection is ended (CVE-2023-44487, RUSTSEC-2024-0003).
const RESETS: usize = 32;
const BREACHES: usize = 64;

/// What a stream may have queued beyond what its reader takes. Blocks are shared rather than copied, so that
/// this is a matter of how often a stream is looked at.
const QUEUED: usize = 256 << 10;

/// A peer that is gone without a word is noticed by a ping.
const PING_EVERY: Duration = Duration::from_secs(20);

/// How the two sides talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// Who has a connection, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Connected {
    /// Who it is, whatever its requests say.
    pub caller: Caller,
    /// The other end.
    pub address: SocketAddr,
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http/1.1",
            Self::Http2 => "h2",
        }
    }

    /// What ALPN settled on; without, it is HTTP/1.1 (RFC 7301, RFC 9113 3.2).
    pub(crate) fn negotiated(alpn: Option<&[u8]>) -> Self {
        if alpn == Some(b"h2") { Self::Http2 } else { Self::Http1 }
    }
}

/// Answers a connection's requests until it ends, or is ended.
pub(crate) async fn converse<S, F: Fallback>(
    stream: S,
    protocol: Protocol,
    connected: Connected,
    site: Arc<Site<F>>,
    ending: Ending,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _counted = site.edge.figures().connected(protocol);
    let finished = match protocol {
        Protocol::Http1 => one(stream, connected, site, ending).await,
        Protocol::Http2 => two(stream, connected, site, ending).await,
    };
    if let Err(error) = finished {
        tracing::debug!(error = &error as &dyn Error, "a connection broke off");
    }
}

async fn one<S, F: Fallback>(
    stream: S,
    connected: Connected,
    site: Arc<Site<F>>,
    ending: Ending,
) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request| answer(&site, connected, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(site.limits.head)
        .max_header_size(LONGEST_HEAD as usize)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        finished = connection.as_mut() => return finished,
        () = ending.drain.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        finished = connection => finished,
        () = ending.cut.cancelled() => Ok(()),
    }
}

/// hyper times the heads of HTTP/1.1 alone: here a connection without any request is cut after the same time, and
/// one that had some is told to go (RFC 9113 6.8).
async fn two<S, F: Fallback>(
    stream: S,
    connected: Connected,
    site: Arc<Site<F>>,
    ending: Ending,
) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (traffic, limit) = (Traffic::opened(), site.limits.head);
    let counted = Arc::clone(&traffic);
    let service = service_fn(move |request| {
        let (site, under_way) = (Arc::clone(&site), counted.begin());
        async move {
            let mut response = answer(&site, connected, request).await?;
            response.body_mut().under_way = Some(under_way);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(LONGEST_HEAD)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(BREACHES)
        .max_send_buf_size(QUEUED)
        .keep_alive_interval(PING_EVERY)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        finished = connection.as_mut() => return finished,
        () = traffic.idle(limit), if !ending.drain.is_cancelled() => {}
        () = ending.drain.cancelled() => {}
    }
    if !traffic.any_begun() {
        return Ok(());
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        finished = connection => finished,
        () = ending.cut.cancelled() => Ok(()),
    }
}

async fn answer<F: Fallback>(
    site: &Site<F>,
    connected: Connected,
    mut request: Request<Incoming>,
) -> Result<Response<Served<F::Answer>>, Infallible> {
    if site.edge.owns(request.uri().path()) {
        let (parts, _) = request.into_parts();
        return Ok(site.edge.answer(&parts, connected).await);
    }
    request.extensions_mut().insert(connected.address);
    let response = site.fallback.clone().oneshot(request).await?;
    Ok(response.map(Served::unaccounted))
}
