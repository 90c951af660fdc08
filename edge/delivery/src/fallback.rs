//! Who answers what is not the edge's.

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tower::Service;

/// Answers every request whose path is not the edge's, and always has an answer: an axum router, as a rule. Among a
/// request's extensions, it finds the `SocketAddr` of the connection's other end.
pub trait Fallback:
    Service<
        Request<Incoming>,
        Response = Response<<Self as Fallback>::Answer>,
        Error = Infallible,
        Future: Send,
    > + Clone
    + Send
    + Sync
    + 'static
{
    /// The body of its answers.
    type Answer: Body<Data = Bytes, Error: Error + Send + Sync> + Send + Unpin + 'static;
}

impl<F, B> Fallback for F
where
    F: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>,
    F: Clone + Send + Sync + 'static,
    B: Body<Data = Bytes, Error: Error + Send + Sync> + Send + Unpin + 'static,
{
    type Answer = B;
}
