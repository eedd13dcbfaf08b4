//! The counters, gauges and histograms, one per family, in their own registry.

use super::{
    error::MetricsError,
    exemplars::Exemplars,
    families::{self, Family, Shape},
};
use prometheus::{
    GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, core::Collector,
};

/// One instrument per family. Every `with_label_values` call must pass as many values as the family has labels; a test
/// covers all of them.
pub(super) struct Instruments {
    pub(super) registry: Registry,
    pub(super) exemplars: Exemplars,
    pub(super) sessions_active: IntGauge,
    pub(super) sessions_started: IntCounterVec,
    pub(super) link_rate: GaugeVec,
    pub(super) requests: IntCounterVec,
    pub(super) responses: IntCounterVec,
    pub(super) response_bytes: IntCounterVec,
    pub(super) request_duration: HistogramVec,
    pub(super) ttfb: HistogramVec,
    pub(super) upstream_ttfb: HistogramVec,
    pub(super) segment_download: HistogramVec,
    pub(super) segment_throughput: HistogramVec,
    pub(super) shaper_wait: HistogramVec,
    pub(super) stalls: HistogramVec,
    pub(super) drops: IntCounterVec,
    pub(super) faults: IntCounterVec,
    pub(super) script_errors: IntCounterVec,
    pub(super) commands: IntCounterVec,
    pub(super) switches: IntCounterVec,
    pub(super) retries: IntCounterVec,
    pub(super) player_buffer: HistogramVec,
    pub(super) player_starvation: IntCounterVec,
    pub(super) player_reports_ignored: IntCounterVec,
    pub(super) upstream_errors: IntCounterVec,
    pub(super) manifest_errors: IntCounterVec,
    pub(super) log_lines_dropped: IntCounter,
    pub(super) events_dropped: IntCounter,
    pub(super) memory_budget: IntGauge,
    pub(super) memory_used: IntGaugeVec,
    pub(super) memory_refusals: IntCounterVec,
    pub(super) manifests_forgotten: IntCounter,
    pub(super) streams_reset: IntCounterVec,
    pub(super) state_losses: IntCounter,
    pub(super) state_restored: IntCounter,
}

impl Instruments {
    /// Creates and registers all instruments.
    pub(super) fn new() -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let to = &registry;
        let build: GaugeVec = gauges(&families::BUILD_INFO, to)?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        let sessions = &families::SESSIONS_ACTIVE;
        Ok(Self {
            sessions_active: gauge(sessions, to)?,
            sessions_started: counters(&families::SESSIONS_STARTED, to)?,
            link_rate: gauges(&families::LINK_RATE, to)?,
            requests: counters(&families::REQUESTS, to)?,
            responses: counters(&families::RESPONSES, to)?,
            response_bytes: counters(&families::RESPONSE_BYTES, to)?,
            request_duration: histograms(&families::REQUEST_DURATION, to)?,
            ttfb: histograms(&families::TTFB, to)?,
            upstream_ttfb: histograms(&families::UPSTREAM_TTFB, to)?,
            segment_download: histograms(&families::SEGMENT_DOWNLOAD, to)?,
            segment_throughput: histograms(&families::SEGMENT_THROUGHPUT, to)?,
            shaper_wait: histograms(&families::SHAPER_WAIT, to)?,
            stalls: histograms(&families::STALLS, to)?,
            drops: counters(&families::DROPS, to)?,
            faults: counters(&families::FAULTS, to)?,
            script_errors: counters(&families::SCRIPT_ERRORS, to)?,
            commands: counters(&families::COMMANDS, to)?,
            switches: counters(&families::SWITCHES, to)?,
            retries: counters(&families::RETRIES, to)?,
            player_buffer: histograms(&families::PLAYER_BUFFER, to)?,
            player_starvation: counters(&families::PLAYER_STARVATION, to)?,
            player_reports_ignored: counters(&families::PLAYER_REPORTS_IGNORED, to)?,
            upstream_errors: counters(&families::UPSTREAM_ERRORS, to)?,
            manifest_errors: counters(&families::MANIFEST_ERRORS, to)?,
            log_lines_dropped: counter(&families::LOG_LINES_DROPPED, to)?,
            events_dropped: counter(&families::EVENTS_DROPPED, to)?,
            memory_budget: gauge(&families::MEMORY_BUDGET, to)?,
            memory_used: {
                let family = &families::MEMORY_USED;
                let options = Opts::new(family.name, family.help);
                register(family, IntGaugeVec::new(options, family.labels), to)?
            },
            memory_refusals: counters(&families::MEMORY_REFUSALS, to)?,
            manifests_forgotten: counter(&families::MANIFESTS_FORGOTTEN, to)?,
            streams_reset: counters(&families::STREAMS_RESET, to)?,
            state_losses: counter(&families::STATE_LOSSES, to)?,
            state_restored: counter(&families::STATE_RESTORED, to)?,
            registry,
            exemplars: Exemplars::default(),
        })
    }
}

fn counter(family: &Family, to: &Registry) -> Result<IntCounter, MetricsError> {
    register(family, IntCounter::new(family.name, family.help), to)
}

fn gauge(family: &Family, to: &Registry) -> Result<IntGauge, MetricsError> {
    register(family, IntGauge::new(family.name, family.help), to)
}

fn counters(family: &Family, to: &Registry) -> Result<IntCounterVec, MetricsError> {
    register(family, IntCounterVec::new(Opts::new(family.name, family.help), family.labels), to)
}

fn gauges(family: &Family, to: &Registry) -> Result<GaugeVec, MetricsError> {
    register(family, GaugeVec::new(Opts::new(family.name, family.help), family.labels), to)
}

fn histograms(family: &Family, to: &Registry) -> Result<HistogramVec, MetricsError> {
    let options = HistogramOpts::new(family.name, family.help);
    let options = match family.shape {
        Shape::Histogram(edges) => options.buckets(edges.to_vec()),
        Shape::Counter | Shape::Gauge => options,
    };
    register(family, HistogramVec::new(options, family.labels), to)
}

fn register<C: Collector + Clone + 'static>(
    family: &Family,
    built: prometheus::Result<C>,
    to: &Registry,
) -> Result<C, MetricsError> {
    let failed = |cause| MetricsError::Family { name: family.name, cause };
    let collector = built.map_err(failed)?;
    to.register(Box::new(collector.clone())).map_err(failed)?;
    Ok(collector)
}
