//! When a mail that waits in the database is tried: by one process at a time, and later each time.

use std::time::Duration;

/// How long whoever has taken a mail may take to send it: then somebody else may.
pub const LEASE: Duration = Duration::from_secs(2 * 60);

/// The wait after the first failure; each one after it doubles the wait, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(5);

const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// How long a mail waits that failed so often before it failed again.
pub(crate) fn wait_after(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << failures.min(20)).min(LONGEST_WAIT)
}
