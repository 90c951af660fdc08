//! An answer's body on its way, and what is noted when it is over.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tracing::Span;

use crate::access::Entry;
use crate::body::{Body, BodyError};
use crate::figures::{Counted, Figures};
use crate::traffic::UnderWay;

/// A body that is counted as it goes and noted when it is dropped.
#[derive(Debug)]
pub struct Served<B> {
    body: Body<B>,
    account: Option<Account>,
    pub(crate) under_way: Option<UnderWay>,
}

/// What is noted of one of the edge's own answers.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) figures: Figures,
    pub(crate) entry: Option<Box<Entry>>,
    pub(crate) _under_way: Counted,
    /// Ends with the answer.
    pub(crate) _span: Span,
    sent: u64,
    whole: bool,
}

impl Account {
    pub(crate) fn new(figures: &Figures, entry: Option<Box<Entry>>, span: Span) -> Self {
        let (figures, _under_way) = (figures.clone(), figures.under_way());
        Self { figures, entry, _under_way, _span: span, sent: 0, whole: false }
    }
}

impl<B> Served<B> {
    pub(crate) fn accounted(body: Body<B>, mut account: Account) -> Self {
        // Nobody asks an empty body for anything.
        account.whole = matches!(body, Body::Empty);
        Self { body, account: Some(account), under_way: None }
    }

    /// Somebody else's answer, which is somebody else's to note.
    pub(crate) fn unaccounted(body: B) -> Self {
        Self { body: Body::Fallback(body), account: None, under_way: None }
    }
}

impl<B> http_body::Body for Served<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(context);
        if let (Some(account), Poll::Ready(Some(Ok(frame)))) = (&mut this.account, &polled) {
            account.sent += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
            // Whoever is told the length does not ask for the end.
            account.whole = this.body.is_end_stream();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.figures.sent(self.sent);
        if !self.whole {
            self.figures.broken();
        }
        if let Some(entry) = &self.entry {
            entry.write(self.sent, self.whole);
        }
    }
}
