//! The log: structured events on standard error, so that standard output stays for answers; and [`spans`].

pub mod spans;

use std::io::IsTerminal;
use std::str::FromStr;

use opentelemetry_otlp::ExporterBuildError;
use tracing_subscriber::layer::{Identity, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use self::spans::{Collector, Exporting};

/// What is logged: `info`, or directives such as `segue=debug,warn`.
#[derive(Debug, Clone)]
pub struct LogFilter(String);

impl Default for LogFilter {
    /// The box reader warns of every box that it has no type for, `ludt` among them.
    fn default() -> Self {
        Self("info,mp4_atom=error".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = tracing_subscriber::filter::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        EnvFilter::builder().parse(text).map(|_| Self(text.to_owned()))
    }
}

/// Starts logging: for people on a terminal, as JSON lines elsewhere. A second call changes nothing.
pub fn start(filter: &LogFilter) {
    begin(filter, None::<Identity>);
}

/// Starts logging, and sending spans to `collector`, where there is one, until the answer is dropped.
///
/// # Errors
/// Where the client for the collector cannot be made; nothing is started then.
pub fn start_with(
    filter: &LogFilter,
    collector: Option<&Collector>,
) -> Result<Option<Exporting>, ExporterBuildError> {
    let exporting = collector.map(Exporting::to).transpose()?;
    begin(filter, exporting.as_ref().map(Exporting::layer));
    Ok(exporting)
}

fn begin(filter: &LogFilter, spans: Option<impl Layer<Registry> + Send + Sync>) {
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let filter = EnvFilter::new(&filter.0);
    let registry = tracing_subscriber::registry().with(spans);
    let started = if std::io::stderr().is_terminal() {
        registry.with(log.compact().with_filter(filter)).try_init()
    } else {
        registry.with(log.json().with_filter(filter)).try_init()
    };
    if started.is_err() {
        tracing::debug!("a log was already started");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directives_are_a_filter() {
        assert!("segue=debug,warn".parse::<LogFilter>().is_ok());
        assert!("segue=loudly".parse::<LogFilter>().is_err());
    }
}
