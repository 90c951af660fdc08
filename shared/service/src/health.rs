//! `/healthz` (the process lives) and `/readyz` (it takes requests), for the admin listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::StatusCode;

/// Whether the daemon takes requests. Clones share it; it starts out as not ready.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<AtomicBool>);

impl Health {
    /// A daemon that is still starting.
    #[must_use]
    pub fn starting() -> Self {
        Self::default()
    }

    /// From now on it takes requests, or no longer does.
    pub fn set_ready(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    /// Whether it takes requests.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The answer to a probe at `path`, as status and text; `None` where no probe lives.
    #[must_use]
    pub fn answer(&self, path: &str) -> Option<(StatusCode, &'static str)> {
        match (path, self.is_ready()) {
            ("/healthz", _) => Some((StatusCode::OK, "alive\n")),
            ("/readyz", true) => Some((StatusCode::OK, "ready\n")),
            ("/readyz", false) => Some((StatusCode::SERVICE_UNAVAILABLE, "not ready\n")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alive_is_not_ready() {
        let health = Health::starting();
        let status = |path| health.answer(path).map(|(status, _)| status.as_u16());
        assert_eq!(
            (status("/healthz"), status("/readyz"), status("/")),
            (Some(200), Some(503), None)
        );
        health.set_ready(true);
        assert_eq!(status("/readyz"), Some(200));
        health.set_ready(false);
        assert_eq!(status("/readyz"), Some(503));
    }
}
