//! The bytes behind an answer: an object of the store, or a key, which is in no store.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use cache::Opened;
use http::HeaderValue;
use media::SegmentKey;

use crate::body::Body;
use crate::head::Came;

/// What is there to be answered.
pub(crate) enum Content {
    /// An object whose first block is here.
    Stored(Opened),
    /// What opens a rendition: derived for this answer, and forgotten with it.
    Key(SegmentKey),
}

impl Content {
    /// The length in bytes.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Stored(opened) => opened.size(),
            Self::Key(key) => key.bytes().len() as u64,
        }
    }

    /// How the first block came, for a request that `waited`; `None` where the cache had no part in it.
    pub(crate) fn came(&self, waited: Duration) -> Option<Came> {
        match self {
            Self::Stored(opened) => Some(Came { source: opened.source, age: opened.age(), waited }),
            Self::Key(_) => None,
        }
    }

    /// `Repr-Digest` of the identity encoding (RFC 9530 3); `None` where nobody wrote it down.
    pub(crate) fn repr_digest(&self) -> Option<HeaderValue> {
        match self {
            // Base64 is visible ASCII.
            Self::Stored(opened) => opened
                .digest()
                .and_then(|digest| HeaderValue::from_maybe_shared(digest.field().clone()).ok()),
            Self::Key(_) => None,
        }
    }

    /// The whole of a text of one block: those are opened whole.
    pub(crate) fn text(&self) -> Option<&Bytes> {
        match self {
            Self::Stored(opened) => {
                opened.first().filter(|first| first.len() as u64 == opened.size())
            }
            Self::Key(_) => None,
        }
    }

    /// The bytes of a range that lies within the size.
    pub(crate) fn body<B>(self, range: Range<u64>) -> Body<B> {
        match self {
            Self::Stored(opened) => Body::Blocks(opened.read(range)),
            // Both ends lie within 16 bytes.
            Self::Key(key) => {
                let part = &key.bytes()[range.start as usize..range.end as usize];
                Body::Whole(Bytes::copy_from_slice(part))
            }
        }
    }
}
