//! What a response's body is: an enum rather than a box.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use cache::{FillError, Reader};
use futures::Stream;
use http_body::{Frame, SizeHint};

/// A response's body: the edge's own, or the fallback's.
#[derive(Debug)]
pub enum Body<B> {
    /// Nothing.
    Empty,
    /// A few bytes.
    Whole(Bytes),
    /// Slices of blocks. It ends in an error rather than early, and hyper then cuts the connection.
    Blocks(Reader),
    /// Whatever the fallback answers.
    Fallback(B),
}

/// Why a body broke off.
#[derive(Debug, thiserror::Error)]
pub enum BodyError<E> {
    /// The origin failed in mid-body.
    #[error(transparent)]
    Fill(#[from] FillError),
    /// The fallback's own error.
    #[error("{0}")]
    Fallback(E),
}

impl<B> http_body::Body for Body<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Blocks(reader) => Pin::new(reader)
                .poll_next(context)
                .map(|item| item.map(|item| item.map(Frame::data).map_err(BodyError::Fill))),
            Self::Fallback(body) => Pin::new(body).poll_frame(context).map_err(BodyError::Fallback),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Blocks(reader) => reader.remaining() == 0,
            Self::Fallback(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Blocks(reader) => SizeHint::with_exact(reader.remaining()),
            Self::Fallback(body) => body.size_hint(),
        }
    }
}
