//! What is counted, for Prometheus: `/metrics` on the admin listener.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

/// The media type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that this process counts. Cloning shares it.
#[derive(Clone)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Default for Metrics {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Registry::with_prefix("segue"))))
    }
}

impl Metrics {
    /// Lets somebody add what they count. Names are given without `segue_` and, of counters, without `_total`.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// All counts as they stand, as OpenMetrics text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text::encode(&mut text, &registry).expect("a string takes all that is written");
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;

    #[test]
    fn what_is_counted_is_told() {
        let (metrics, songs) = (Metrics::default(), Counter::<u64>::default());
        metrics.register(|registry| registry.register("songs", "Songs played", songs.clone()));
        songs.inc();
        let told = metrics.clone().encode();
        assert!(told.contains("\nsegue_songs_total 1\n") && told.ends_with("# EOF\n"), "{told}");
    }
}
