//! What every daemon needs.
//!
//! Reading order: [`config`] (what was said and what we will do), [`clock`], [`problem`] (how a
//! refusal is told), [`shutdown`], [`reload`], [`health`], [`metrics`], [`telemetry`].

pub mod clock;
pub mod config;
pub mod health;
pub mod metrics;
pub mod problem;
pub mod reload;
pub mod shutdown;
pub mod telemetry;

pub use clock::Clock;
pub use metrics::Metrics;
pub use problem::Problem;
pub use reload::Reload;
pub use shutdown::Shutdown;
