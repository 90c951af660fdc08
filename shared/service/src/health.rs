//! `/healthz` (the process lives) and `/readyz` (it takes requests), for the admin listener.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;

/// Whether the daemon takes requests. Clones share it; it starts out as not ready.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    serving: bool,
    /// What stands in the way, by what it is that does.
    obstacles: BTreeMap<&'static str, String>,
}

/// Something that must hold for the daemon to be ready, such as that its origin answers. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Condition {
    health: Health,
    name: &'static str,
}

impl Health {
    /// A daemon that is still starting.
    #[must_use]
    pub fn starting() -> Self {
        Self::default()
    }

    /// From now on it takes requests, or no longer does.
    pub fn set_ready(&self, ready: bool) {
        self.state().serving = ready;
    }

    /// Whether it takes requests, and every condition holds.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let state = self.state();
        state.serving && state.obstacles.is_empty()
    }

    /// One more condition. It does not hold until somebody says so; `obstacle` is why.
    #[must_use]
    pub fn condition(&self, name: &'static str, obstacle: &str) -> Condition {
        let condition = Condition { health: self.clone(), name };
        condition.fails(obstacle);
        condition
    }

    /// The answer to a probe at `path`, as status and text; `None` where no probe lives.
    #[must_use]
    pub fn answer(&self, path: &str) -> Option<(StatusCode, Cow<'static, str>)> {
        match path {
            "/healthz" => Some((StatusCode::OK, "alive\n".into())),
            "/readyz" if self.is_ready() => Some((StatusCode::OK, "ready\n".into())),
            "/readyz" => Some((StatusCode::SERVICE_UNAVAILABLE, self.told().into())),
            _ => None,
        }
    }

    fn told(&self) -> String {
        let state = self.state();
        let mut told = "not ready\n".to_owned();
        for (name, obstacle) in &state.obstacles {
            told.push_str(&format!("{name}: {obstacle}\n"));
        }
        told
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Condition {
    /// It holds.
    pub fn holds(&self) {
        if self.health.state().obstacles.remove(self.name).is_some() {
            tracing::info!(condition = self.name, "holds");
        }
    }

    /// It does not hold; `obstacle` is why, as whoever asks `/readyz` is told.
    pub fn fails(&self, obstacle: &str) {
        let before = self.health.state().obstacles.insert(self.name, obstacle.to_owned());
        if before.as_deref() != Some(obstacle) {
            tracing::warn!(condition = self.name, obstacle, "does not hold");
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

    #[test]
    fn ready_is_what_nothing_stands_in_the_way_of() {
        let health = Health::starting();
        let (origin, notices) =
            (health.condition("origin", "not asked yet"), health.condition("notices", "behind"));
        let told = || health.answer("/readyz").map(|(status, text)| (status.as_u16(), text));
        health.set_ready(true);
        let both = "not ready\nnotices: behind\norigin: not asked yet\n";
        assert_eq!(told(), Some((503, both.into())));
        notices.holds();
        origin.holds();
        assert_eq!(told(), Some((200, "ready\n".into())));
        origin.clone().fails("no answer");
        assert_eq!(told(), Some((503, "not ready\norigin: no answer\n".into())));
        origin.holds();
        health.set_ready(false);
        assert_eq!(told(), Some((503, "not ready\n".into())));
    }
}
