//! Why a block did not come.

use std::sync::Arc;
use std::time::Duration;

/// Why a block did not come.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FillError {
    /// The origin has no such object.
    #[error("the origin has no such object")]
    NotFound,
    /// The origin did not deliver in time.
    #[error("the origin did not deliver within {0:?}")]
    TimedOut(Duration),
    /// The origin delivered less than it promised.
    #[error("the origin delivered {got} bytes of {expected}")]
    Truncated {
        /// The bytes that the object has in the block.
        expected: u64,
        /// The bytes that came.
        got: u64,
    },
    /// The object is another than it was when the answer began.
    #[error("the object changed under its key")]
    Changed,
    /// The origin's object is not what the version's `asset.json` says, or that can't be read.
    #[error("the origin's object is not what asset.json says it is")]
    Corrupt,
    /// Too many reads of the origin wait for their turn already.
    #[error("too much is waiting for the origin; try again in {retry_after:?}")]
    Overloaded {
        /// When it is worth another try.
        retry_after: Duration,
    },
    /// The origin does not let us read that: as some stores say of what is not there.
    #[error("the origin refuses: {0}")]
    Refused(#[source] Arc<object_store::Error>),
    /// The origin failed so often that it is left alone for a while.
    #[error("the origin failed again and again; it is left alone for {retry_after:?}")]
    Resting {
        /// When it is asked again.
        retry_after: Duration,
    },
    /// The origin failed.
    #[error("the origin failed: {0}")]
    Origin(#[source] Arc<object_store::Error>),
    /// The fill itself was ended, by a shutdown or a panic.
    #[error("the fill was ended")]
    Lost,
}

impl FillError {
    /// Whether the same read may well succeed a moment later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::TimedOut(_) | Self::Truncated { .. } | Self::Origin(_) => true,
            Self::NotFound
            | Self::Changed
            | Self::Corrupt
            | Self::Overloaded { .. }
            | Self::Refused(_)
            | Self::Resting { .. }
            | Self::Lost => false,
        }
    }

    /// The same, or the sooner end of a rest.
    pub(crate) fn or_rest(self, rest: Duration) -> Self {
        match self {
            Self::Resting { retry_after } => Self::Resting { retry_after: retry_after.min(rest) },
            other => other,
        }
    }
}

impl From<object_store::Error> for FillError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound,
            object_store::Error::Precondition { .. } => Self::Changed,
            refused @ (object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. }) => Self::Refused(Arc::new(refused)),
            other => Self::Origin(Arc::new(other)),
        }
    }
}
