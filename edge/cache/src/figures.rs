//! What the cache counts.

use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::cache::Cache;
use crate::fill_error::FillError;
use crate::filling::Outcome;

/// Upper ends of what a fill may take, in seconds: a local disk to an origin at its limit.
const BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// What the cache counts. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    fills: Family<[(&'static str, &'static str); 1], Counter>,
    seconds: Histogram,
    bytes: Counter,
    under_way: Gauge,
}

/// A fill that is counted as under way until this goes.
#[derive(Debug)]
pub(crate) struct Counted {
    figures: Figures,
    begun: Instant,
}

impl Figures {
    pub(crate) fn new() -> Self {
        Self {
            fills: Family::default(),
            seconds: Histogram::new(BUCKETS),
            bytes: Counter::default(),
            under_way: Gauge::default(),
        }
    }

    pub(crate) fn begin(&self) -> Counted {
        self.under_way.inc();
        Counted { figures: self.clone(), begun: Instant::now() }
    }
}

impl Counted {
    pub(crate) fn end(self, outcome: &Outcome) {
        let figures = &self.figures;
        figures.fills.get_or_create(&[("outcome", name(outcome))]).inc();
        figures.seconds.observe(self.begun.elapsed().as_secs_f64());
        if let Ok(block) = outcome {
            figures.bytes.inc_by(block.bytes().len() as u64);
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.figures.under_way.dec();
    }
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Ok(_) => "done",
        Err(FillError::NotFound) => "not-found",
        Err(FillError::TimedOut(_)) => "timed-out",
        Err(FillError::Overloaded { .. }) => "overloaded",
        Err(FillError::Corrupt) => "corrupt",
        Err(FillError::Refused(_)) => "refused",
        Err(FillError::Resting { .. }) => "resting",
        Err(_) => "failed",
    }
}

impl Cache {
    /// Adds what is counted here to what the process counts.
    pub fn register(&self, registry: &mut Registry) {
        let figures = &self.0.figures;
        let cache = registry.sub_registry_with_prefix("cache");
        cache.register(
            "fills",
            "Reads of a block from the origin, by outcome",
            figures.fills.clone(),
        );
        let took = "What a read of a block took, its wait for a turn included";
        cache.register_with_unit("fill", took, Unit::Seconds, figures.seconds.clone());
        let filled = "Bytes that reads of blocks brought";
        cache.register_with_unit("filled", filled, Unit::Bytes, figures.bytes.clone());
        cache.register(
            "fills_under_way",
            "Reads of blocks that wait or are under way",
            figures.under_way.clone(),
        );
        cache.register_collector(Box::new(Held(self.clone())));
    }
}

/// What is held now: asked for when somebody looks.
#[derive(Debug)]
struct Held(Cache);

impl Collector for Held {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let (blocks, bytes) = self.0.held();
        for (name, help, unit, value) in [
            ("held_blocks", "Blocks in memory", None, blocks),
            ("held", "Memory that blocks take, their tables included", Some(&Unit::Bytes), bytes),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let encoder = encoder.encode_descriptor(name, help, unit, gauge.metric_type())?;
            gauge.encode(encoder)?;
        }
        Ok(())
    }
}
