//! From the catalogue to registered metrics. Counters are resolved here, once, for every value of
//! their label; nothing later looks a label up.

use prometheus::core::Collector;
use prometheus::{
    Counter, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};

use super::catalogue::{Kind, Metric, PREFIX};

/// Counters of a metric with one label, at 0, in the order of the label's values.
pub(super) fn counters<'v>(
    registry: &Registry,
    metric: &Metric,
    values: impl IntoIterator<Item = &'v str>,
) -> Vec<IntCounter> {
    let family = counter_family(registry, metric);
    values.into_iter().map(|value| family.with_label_values(&[value])).collect()
}

/// The family of a counter.
pub(super) fn counter_family(registry: &Registry, metric: &Metric) -> IntCounterVec {
    register(registry, metric, IntCounterVec::new(opts(metric), metric.labels))
}

/// A counter without labels, at 0.
pub(super) fn counter(registry: &Registry, metric: &Metric) -> IntCounter {
    register(registry, metric, IntCounter::with_opts(opts(metric)))
}

/// A counter of seconds without labels, at 0.
pub(super) fn seconds_counter(registry: &Registry, metric: &Metric) -> Counter {
    register(registry, metric, Counter::with_opts(opts(metric)))
}

/// The family of a gauge.
pub(super) fn gauges(registry: &Registry, metric: &Metric) -> GaugeVec {
    register(registry, metric, GaugeVec::new(opts(metric), metric.labels))
}

/// A histogram without labels.
pub(super) fn histogram(registry: &Registry, metric: &Metric) -> Histogram {
    register(registry, metric, Histogram::with_opts(histogram_opts(metric)))
}

/// Histograms of a metric with one label, in the order of the label's values.
pub(super) fn histograms<'v>(
    registry: &Registry,
    metric: &Metric,
    values: impl IntoIterator<Item = &'v str>,
) -> Vec<Histogram> {
    let family = register(registry, metric, HistogramVec::new(histogram_opts(metric), metric.labels));
    values.into_iter().map(|value| family.with_label_values(&[value])).collect()
}

fn opts(metric: &Metric) -> Opts {
    Opts::new(format!("{PREFIX}{}", metric.name), metric.help)
}

fn histogram_opts(metric: &Metric) -> HistogramOpts {
    let opts = HistogramOpts::from(opts(metric));
    match metric.kind {
        Kind::Histogram(bounds) => opts.buckets(bounds.to_vec()),
        Kind::Counter | Kind::Gauge => opts,
    }
}

/// The catalogue is fixed, and a test registers all of it: a refusal cannot happen at run time.
fn register<C: Collector + Clone + 'static>(
    registry: &Registry,
    metric: &Metric,
    made: prometheus::Result<C>,
) -> C {
    let registered = made.and_then(|made| registry.register(Box::new(made.clone())).map(|()| made));
    registered.unwrap_or_else(|error| panic!("metric {} of the catalogue: {error}", metric.name))
}
