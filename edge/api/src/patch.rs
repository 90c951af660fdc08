//! Fields of a change (RFC 7396): what is not said stays, and what is `null` is left out.

use serde::{Deserialize, Deserializer};

/// A field that may be left out: `None` where nothing is said, `Some(None)` where it says `null`.
pub(crate) fn said<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
