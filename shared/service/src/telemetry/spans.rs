//! What took how long, for a collector that speaks OTLP: off unless a collector is named.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

/// The target of spans that are exported. They are made with the level `trace`: without a collector, and unless
/// the log asks for them, they cost a comparison.
pub const TARGET: &str = "segue::spans";

/// How long a collector may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where spans go.
#[derive(Debug, Clone, PartialEq)]
pub struct Collector {
    /// The collector's address.
    pub endpoint: Endpoint,
    /// Which part of all traces.
    pub sample: Sample,
}

/// `http://host:4318` or `https://…`: `/v1/traces` is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

/// A part of all traces, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample(f64);

/// Neither an endpoint nor a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the accepted values")]
pub struct NotAccepted;

impl FromStr for Endpoint {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        let url = text.trim_end_matches('/');
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        let fits = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['@', '?', '#']));
        if fits { Ok(Self(url.to_owned())) } else { Err(NotAccepted) }
    }
}

impl FromStr for Sample {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        match text.parse() {
            Ok(part) if (0.0..=1.0).contains(&part) => Ok(Self(part)),
            _ => Err(NotAccepted),
        }
    }
}

impl Default for Sample {
    fn default() -> Self {
        Self(1.0)
    }
}

/// Sends spans as long as this lives, and what is left when it goes.
#[must_use]
pub struct Exporting(SdkTracerProvider);

impl Exporting {
    /// Sends to `collector` from now on what [`Exporting::layer`] gathers. Who is not there is asked again with
    /// the next spans; those of the meantime are lost.
    ///
    /// # Errors
    /// Where the client for it cannot be made.
    pub fn to(collector: &Collector) -> Result<Self, ExporterBuildError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", collector.endpoint.0))
            .with_timeout(TIMEOUT)
            .build()?;
        let part = Sampler::TraceIdRatioBased(collector.sample.0);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(part)))
            .with_resource(Resource::builder().with_service_name("segue").build())
            .build();
        Ok(Self(provider))
    }

    /// What gathers the spans.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let ours = Targets::new().with_target(TARGET, LevelFilter::TRACE);
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("segue"));
        layer.with_location(false).with_threads(false).with_target(false).with_filter(ours)
    }
}

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(TIMEOUT) {
            tracing::warn!(%error, "the last spans are lost");
        }
    }
}

impl fmt::Debug for Exporting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporting").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_urls_without_secrets() {
        for good in ["http://localhost:4318", "https://otel.example/", "http://[::1]:4318/x"] {
            assert!(good.parse::<Endpoint>().is_ok(), "{good}");
        }
        for wrong in ["", "localhost:4318", "http://", "http://a:b@c", "http://c/?token=x"] {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn parts_are_from_0_to_1() {
        assert_eq!("0.01".parse(), Ok(Sample(0.01)));
        for wrong in ["", "-0.1", "1.1", "NaN", "1%"] {
            assert!(wrong.parse::<Sample>().is_err(), "{wrong}");
        }
    }
}
