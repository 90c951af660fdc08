//! SIGINT and SIGTERM: nothing new begins, what is in hand is given up, and nothing of it is left.

use std::io::{self, Read};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::runtime::{Handle, Runtime};
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

    /// Waits on this thread for `work`, and no longer than until we are told to stop: `None` then.
    /// Whatever waits for somebody else waits here: a server may be silent for ever.
    pub(crate) fn wait<T>(&self, runtime: &Handle, work: impl Future<Output = T>) -> Option<T> {
        runtime.block_on(self.token.run_until_cancelled(work))
    }

    /// The same bytes, with a [`Stop::check`] before each read.
    pub(crate) fn checked<R: Read>(&self, inner: R) -> impl Read {
        Checked(inner, self.clone())
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

struct Checked<R>(R, Stop);

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1.check();
        self.0.read(buffer)
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

    #[test]
    fn nobody_is_waited_for_beyond_the_stop() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let stop = Stop::default();
        assert_eq!(stop.wait(runtime.handle(), async { 7 }), Some(7));
        let told = stop.clone();
        let never = async move {
            told.token.cancel();
            std::future::pending::<()>().await;
        };
        assert_eq!(stop.wait(runtime.handle(), never), None);
        let mut read = stop.checked(&b"bytes"[..]);
        assert_eq!(contained(|| read.read(&mut [0; 8]).is_ok()), Err(Ending::Stopped));
    }
}
