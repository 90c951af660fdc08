//! What is under way on one connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How many requests a connection is answering, and since when it answers none.
#[derive(Debug)]
pub(crate) struct Traffic {
    opened: Instant,
    under_way: AtomicUsize,
    begun: AtomicU64,
    /// When the last answer ended, in milliseconds since `opened`.
    ended: AtomicU64,
}

/// One request that is being answered, until its answer's body is gone.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Traffic>);

impl Traffic {
    pub(crate) fn opened() -> Arc<Self> {
        let (under_way, begun) = (AtomicUsize::new(0), AtomicU64::new(0));
        Arc::new(Self { opened: Instant::now(), under_way, begun, ended: AtomicU64::new(0) })
    }

    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::AcqRel);
        UnderWay(Arc::clone(self))
    }

    /// Whether there ever was a request.
    pub(crate) fn any_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed) > 0
    }

    /// Waits until nothing has been under way for `limit`. It wakes once in that time, not per request.
    pub(crate) async fn idle(&self, limit: Duration) {
        loop {
            let since = self.opened + Duration::from_millis(self.ended.load(Ordering::Acquire));
            let now = Instant::now();
            if self.under_way.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(limit).await;
            } else if now < since + limit {
                tokio::time::sleep_until(since + limit).await;
            } else {
                return;
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let now = self.0.opened.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        self.0.ended.fetch_max(now, Ordering::AcqRel);
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);
    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn idle_is_what_has_nothing_under_way_for_long() {
        let traffic = Traffic::opened();
        let opened = Instant::now();
        traffic.idle(LIMIT).await;
        assert_eq!((opened.elapsed(), traffic.any_begun()), (LIMIT, false));

        let (one, two) = (traffic.begin(), traffic.begin());
        assert!(tokio::time::timeout(LIMIT * 9, traffic.idle(LIMIT)).await.is_err());
        drop(one);
        assert!(tokio::time::timeout(LIMIT * 9, traffic.idle(LIMIT)).await.is_err());
        drop(two);
        let ended = Instant::now();
        let waiting = traffic.idle(LIMIT);
        tokio::pin!(waiting);
        assert!(tokio::time::timeout(LIMIT - SECOND, &mut waiting).await.is_err());
        drop(traffic.begin());
        waiting.await;
        assert_eq!(ended.elapsed(), LIMIT - SECOND + LIMIT, "as long again after the last one");
    }
}
