//! Connections: accepted, served, drained.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConnection;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::{Connected, Protocol, converse};
use crate::edge::Edge;
use crate::fallback::Fallback;
use crate::figures::Handshake;
use crate::pull::Caller;
use crate::tls::Tls;

/// How long a connection may take over things.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For the TLS handshake, and for each request's head; an idle connection is closed after it.
    pub head: Duration,
    /// For the connections that are busy when the shutdown begins.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: Duration::from_secs(30), drain: Duration::from_secs(10) }
    }
}

/// What a listener serves: the edge, and `F` for every path that is not the edge's.
#[derive(Debug, Clone)]
pub struct Site<F> {
    /// Answers `/t/…` and `/artist/{id}/album/…`.
    pub edge: Edge,
    /// Answers all else.
    pub fallback: F,
    /// In the clear without.
    pub tls: Option<Tls>,
    /// How long things may take.
    pub limits: Limits,
}

/// Two stages of ending: finish what you do, then stop.
#[derive(Clone, Default)]
pub(crate) struct Ending {
    pub(crate) drain: CancellationToken,
    pub(crate) cut: CancellationToken,
}

/// Serves HTTP/1.1 and HTTP/2 on `listener` until `shutdown`; then accepts no more, lets busy connections
/// finish until the deadline, and cuts what is left. Returns how many connections were cut.
pub async fn serve<F: Fallback>(
    listener: TcpListener,
    site: Site<F>,
    shutdown: impl Future<Output = ()>,
) -> usize {
    let (connections, ending, site) = (TaskTracker::new(), Ending::default(), Arc::new(site));
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, address)) => {
                connections.spawn(greet(stream, address, Arc::clone(&site), ending.clone()));
            }
            Err(error) => wait_out(&error).await,
        }
    }
    drop(listener);
    drain(&connections, &ending, site.limits.drain).await
}

/// A connection that was reset before we took it is its own business; running out of descriptors
/// is ours, and spinning on it would not help.
async fn wait_out(error: &io::Error) {
    tracing::warn!(%error, "can't accept a connection");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

async fn drain(connections: &TaskTracker, ending: &Ending, deadline: Duration) -> usize {
    connections.close();
    ending.drain.cancel();
    let left = match tokio::time::timeout(deadline, connections.wait()).await {
        Ok(()) => 0,
        Err(_) => connections.len(),
    };
    ending.cut.cancel();
    connections.wait().await;
    left
}

/// Shakes hands, then serves.
async fn greet<F: Fallback>(
    stream: TcpStream,
    address: SocketAddr,
    site: Arc<Site<F>>,
    ending: Ending,
) {
    // A response is written as a whole: waiting to fill a packet would only delay its end.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let Some(tls) = site.tls.clone() else {
        let Some(protocol) = spoken(&stream, site.limits.head, &ending).await else { return };
        let connected = Connected { caller: Caller::Anyone, address };
        return converse(stream, protocol, connected, site, ending).await;
    };
    let acceptor = tls.acceptor();
    let handshake = tokio::time::timeout(site.limits.head, acceptor.accept(stream));
    let shaken = tokio::select! {
        shaken = handshake => shaken,
        () = ending.drain.cancelled() => return,
    };
    let figures = site.edge.figures().clone();
    match shaken {
        Ok(Ok(stream)) => {
            let session = stream.get_ref().1;
            let protocol = Protocol::negotiated(session.alpn_protocol());
            let connected = Connected { caller: caller(session), address };
            figures.shook_hands(Handshake::Done);
            converse(stream, protocol, connected, site, ending).await;
        }
        Ok(Err(error)) => {
            figures.shook_hands(Handshake::Failed);
            tracing::debug!(%error, "no TLS handshake");
        }
        Err(_) => {
            figures.shook_hands(Handshake::TimedOut);
            tracing::debug!("the TLS handshake took too long");
        }
    }
}

/// In the clear nothing is negotiated: who means HTTP/2 begins with its preface (RFC 9113 3.3, 3.4), which no
/// request of HTTP/1.1 looks like. Nothing where the time is over, or ours is.
async fn spoken(stream: &TcpStream, limit: Duration, ending: &Ending) -> Option<Protocol> {
    let mut first = [0; 3];
    let peeked = tokio::select! {
        peeked = tokio::time::timeout(limit, stream.peek(&mut first)) => peeked.ok()?,
        () = ending.drain.cancelled() => return None,
    };
    match peeked {
        Ok(3) if first == *b"PRI" => Some(Protocol::Http2),
        Ok(1..) => Some(Protocol::Http1),
        Ok(0) | Err(_) => None,
    }
}

/// Whoever has a certificate was vouched for in the handshake.
fn caller(session: &ServerConnection) -> Caller {
    if session.peer_certificates().is_some() { Caller::Puller } else { Caller::Anyone }
}
