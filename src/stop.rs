//! SIGINT and SIGTERM: nothing new begins, what is in hand is given up, and nothing of it is left.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a shell says of a command that an interrupt ended: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// What is said of one that was told to end: the work failed.
const TERMINATED: u8 = 1;

/// Whether, and by which signal, we were told to stop. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    token: CancellationToken,
    code: Arc<AtomicU8>,
}

/// What a packaging unwinds with when it is to end in mid-song.
#[derive(Debug)]
struct Stopped;

impl Stop {
    /// Listens for signals. A second one ends the process on the spot: the next run removes what
    /// that leaves.
    pub(crate) fn on_signals(runtime: &Runtime) -> io::Result<Self> {
        let stop = Self::default();
        let _inside = runtime.enter();
        for (kind, code) in
            [(SignalKind::interrupt(), INTERRUPTED), (SignalKind::terminate(), TERMINATED)]
        {
            let (mut signal, stop) = (signal(kind)?, stop.clone());
            runtime.spawn(async move {
                while signal.recv().await.is_some() {
                    if stop.is_told() {
                        std::process::exit(code.into());
                    }
                    stop.code.store(code, Ordering::Relaxed);
                    stop.token.cancel();
                }
            });
        }
        Ok(stop)
    }

    /// Whether we were told to stop.
    pub(crate) fn is_told(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until we are told to stop.
    pub(crate) async fn told(&self) {
        self.token.cancelled().await;
    }

    /// The code to end with, where we were told to stop.
    pub(crate) fn code(&self) -> Option<ExitCode> {
        self.is_told().then(|| ExitCode::from(self.code.load(Ordering::Relaxed)))
    }

    /// Ends the work on this thread's stack where we were told to stop. The packager has no other
    /// way out in mid-song than its caller's own; unwinding drops all that it holds.
    pub(crate) fn check(&self) {
        if self.is_told() {
            std::panic::resume_unwind(Box::new(Stopped));
        }
    }
}

/// Runs `work`, which may end by [`Stop::check`] or by a panic.
pub(crate) fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Ending> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .map_err(|payload| if payload.is::<Stopped>() { Ending::Stopped } else { Ending::Panicked })
}

/// How work ended that did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// We were told to stop.
    Stopped,
    /// A fault of ours; the panic's own words went to stderr.
    Panicked,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_where_it_is_checked() {
        let stop = Stop::default();
        assert_eq!(contained(|| stop.check()), Ok(()));
        assert_eq!(stop.code(), None);
        stop.token.cancel();
        assert_eq!(contained(|| stop.check()), Err(Ending::Stopped));
    }
}
