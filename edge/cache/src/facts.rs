//! What a read of a block tells about its whole object.

use object_store::ObjectMeta;

use crate::digest::Promise;
use crate::upstreams::Rank;

/// What is true of an object, as one read of it told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Its length in bytes.
    pub(crate) size: u64,
    /// The origin's entity tag.
    pub(crate) e_tag: Option<String>,
    /// When it was last changed, in milliseconds; tells apart where there is no tag.
    modified: i64,
    /// Which upstream said so: entity tags are an upstream's own.
    pub(crate) from: Rank,
    /// What its version's `asset.json` says it must be.
    pub(crate) promise: Promise,
}

impl Facts {
    pub(crate) fn of(meta: &ObjectMeta, from: Rank) -> Self {
        let (size, e_tag) = (meta.size, meta.e_tag.clone());
        Self { size, e_tag, modified: meta.last_modified.timestamp_millis(), from, promise: None }
    }

    /// The same, with what `asset.json` says.
    pub(crate) fn promised(&self, promise: Promise) -> Self {
        Self { promise, ..self.clone() }
    }

    /// The entity tag, where If-Match may name it (RFC 9110 13.1.1 compares strongly).
    pub(crate) fn strong_tag(&self) -> Option<String> {
        self.e_tag.clone().filter(|tag| !tag.starts_with("W/"))
    }

    /// Whether blocks of the one and of the other may stand in one answer.
    pub(crate) fn agree_with(&self, other: &Self) -> bool {
        self.size == other.size
            && match (&self.promise, &other.promise) {
                (Some(one), Some(other)) => one == other,
                _ => self.from == other.from && self.tagged_like(other),
            }
    }

    fn tagged_like(&self, other: &Self) -> bool {
        match (&self.e_tag, &other.e_tag) {
            (Some(one), Some(other)) => one == other,
            _ => self.modified == other.modified,
        }
    }
}
