//! NumericDate (RFC 7519 2): whole seconds since 1970, and the bounds that tokens share.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::refusal::Refusal;

/// How far the minter's clock may run ahead of the verifier's. It is granted at the start of a
/// token's life alone: its end is exact, so that what has expired is refused.
pub const SKEW: Duration = Duration::from_secs(60);

/// `time` as a NumericDate; times before 1970 are 1970.
pub(crate) fn from_time(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The time that a NumericDate means.
pub(crate) fn to_time(seconds: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
}

/// Whether `now` lies in `from` (less [`SKEW`]) … `until`, the end excluded (RFC 7519 4.1.4, 4.1.5).
pub(crate) fn check(from: u64, until: u64, now: SystemTime) -> Result<(), Refusal> {
    let now = from_time(now);
    if now >= until {
        Err(Refusal::Expired)
    } else if now.saturating_add(SKEW.as_secs()) < from {
        Err(Refusal::NotYetValid)
    } else {
        Ok(())
    }
}

/// A time as a NumericDate in JSON.
pub(crate) mod seconds {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(super::from_time(*time))
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<SystemTime, D::Error> {
        u64::deserialize(from).map(super::to_time)
    }
}
