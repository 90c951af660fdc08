//! Where spans go: the settings of every serving role.

use service::config::{ConfigError, Key, Said};
use service::telemetry::spans::Collector;

const OTLP_ENDPOINT: Key = Key::new(
    "otlp_endpoint",
    "an http or https URL without a password, such as http://localhost:4318",
);
const OTLP_SAMPLE: Key = Key::new("otlp_sample", "a number from 0 to 1, such as 0.01");

/// What a role's list of keys must contain.
pub(crate) const KEYS: [Key; 2] = [OTLP_ENDPOINT, OTLP_SAMPLE];

/// The flags about spans.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct SpanArgs {
    /// A collector that is told by OTLP over HTTP what took how long; nobody is told without
    #[arg(long, value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// Which part of all requests it is told of [default: 1]
    #[arg(long, value_name = "PART")]
    otlp_sample: Option<String>,
}

impl SpanArgs {
    pub(crate) fn flags(self) -> [(&'static str, Option<String>); 2] {
        [(OTLP_ENDPOINT.name, self.otlp_endpoint), (OTLP_SAMPLE.name, self.otlp_sample)]
    }
}

/// Checks what was said.
pub(crate) fn decide(said: &Said) -> Result<Option<Collector>, ConfigError> {
    let sample = said.get(&OTLP_SAMPLE)?.unwrap_or_default();
    Ok(said.get(&OTLP_ENDPOINT)?.map(|endpoint| Collector { endpoint, sample }))
}
