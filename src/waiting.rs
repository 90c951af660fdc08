//! Somebody else's silence, said aloud: who waits at a terminal is told what for.

use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use crate::shown::Shown;

/// After how long it is said.
const SOON: Duration = Duration::from_secs(3);

/// Waits for `work`, and says once that it waits for `whom` where that takes long.
pub(crate) async fn aloud<T>(whom: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if let Ok(done) = timeout(SOON, &mut work).await {
        return done;
    }
    // Where nobody reads it, it is waited for all the same.
    drop(writeln!(io::stderr(), "waiting for {}", Shown(whom)));
    work.await
}
