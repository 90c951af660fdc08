//! The log: structured events on standard error, so that standard output stays for answers; and [`spans`].

pub mod spans;

use std::io::IsTerminal;
use std::str::FromStr;

use opentelemetry_otlp::ExporterBuildError;
use tracing_subscriber::layer::SubscriberExt;
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
    begin(filter, None);
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
    begin(filter, exporting.as_ref().map(|exporting| exporting.layer().boxed()));
    Ok(exporting)
}

type Sink = Box<dyn Layer<Registry> + Send + Sync>;

fn begin(filter: &LogFilter, spans: Option<Sink>) {
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log =
        if std::io::stderr().is_terminal() { log.compact().boxed() } else { log.json().boxed() };
    if tracing_subscriber::registry().with(sinks(filter, log, spans)).try_init().is_err() {
        tracing::debug!("a log was already started");
    }
}

/// What hears of events and spans, each behind a filter of its own. A list rather than an `Option`: where there is
/// none, that would let everything through, and every span be made for nobody.
fn sinks(filter: &LogFilter, log: Sink, spans: Option<Sink>) -> Vec<Sink> {
    let log = log.with_filter(EnvFilter::new(&filter.0)).boxed();
    spans.into_iter().chain([log]).collect()
}

#[cfg(test)]
mod tests {
    use super::spans::Sample;
    use super::*;

    /// Lines that a log of these directives has.
    #[derive(Clone, Default)]
    struct Lines(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Who asks whether something is logged takes nothing from the log, and spans add nothing to it.
    #[test]
    fn what_is_asked_for_is_logged_and_nothing_else() {
        let collector = Collector {
            endpoint: "http://127.0.0.1:9".parse().expect("a URL"),
            sample: Sample::default(),
        };
        logged(None);
        logged(Some(&Exporting::to(&collector).expect("a client")));
    }

    fn logged(exporting: Option<&Exporting>) {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).boxed();
        let quiet = "info,access=off".parse().expect("directives");
        let spans = exporting.map(|exporting| exporting.layer().boxed());
        let subscriber = tracing_subscriber::registry().with(sinks(&quiet, log, spans));
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..3 {
                assert!(!tracing::enabled!(target: "access", tracing::Level::INFO));
                let span = tracing::trace_span!(target: spans::TARGET, "request");
                assert_eq!(span.is_disabled(), exporting.is_none());
                span.in_scope(|| tracing::info!("kept"));
                assert!(tracing::enabled!(target: "other", tracing::Level::INFO));
                tracing::info!(target: "access", "left out");
                tracing::debug!("left out");
            }
        });
        let said = String::from_utf8(lines.0.lock().expect("no panic").clone()).expect("text");
        assert_eq!(said.matches("kept").count(), 3, "{said}");
        assert_eq!(said.lines().count(), 3, "{said}");
    }

    #[test]
    fn only_directives_are_a_filter() {
        assert!("segue=debug,warn".parse::<LogFilter>().is_ok());
        assert!("segue=loudly".parse::<LogFilter>().is_err());
    }
}
