//! Prometheus series of single sessions, if they are asked for.

use super::{analytics::Analytics, figures::figures, record::SessionRecord};
use crate::observers::{exposition::Exposition, families, families::Family};
use prometheus::{CounterVec, GaugeVec, Opts, Registry};

/// The series of one scrape. The values are those of the records, so nothing is counted twice.
struct SessionSeries {
    registry: Registry,
    info: GaugeVec,
    requests: CounterVec,
    delivered: CounterVec,
    link_rate: GaugeVec,
    buffer: GaugeVec,
    rung: GaugeVec,
    rebuffers: CounterVec,
    switches: CounterVec,
}

impl Analytics {
    /// The series of the `most` oldest sessions that have not ended, as text in this format. They have a label
    /// `session`, so their number must be bounded.
    #[must_use]
    pub fn render_metrics(&self, most: usize, format: Exposition) -> String {
        if most == 0 {
            return String::new();
        }
        match SessionSeries::new() {
            Ok(series) => {
                self.with_live_records(most, |record| series.add(record));
                format.render(&series.registry, None)
            }
            Err(cause) => {
                tracing::error!(%cause, "the metrics of sessions are missing");
                String::new()
            }
        }
    }
}

impl SessionSeries {
    fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let gauge = |family: &Family| {
            let gauge = GaugeVec::new(Opts::new(family.name, family.help), family.labels)?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        let counter = |family: &Family| {
            let counter = CounterVec::new(Opts::new(family.name, family.help), family.labels)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        Ok(Self {
            info: gauge(&families::SESSION_INFO)?,
            requests: counter(&families::SESSION_REQUESTS)?,
            delivered: counter(&families::SESSION_DELIVERED_BYTES)?,
            link_rate: gauge(&families::SESSION_LINK_RATE)?,
            buffer: gauge(&families::SESSION_BUFFER)?,
            rung: gauge(&families::SESSION_RUNG)?,
            rebuffers: counter(&families::SESSION_REBUFFERS)?,
            switches: counter(&families::SESSION_SWITCHES)?,
            registry,
        })
    }

    fn add(&self, record: &SessionRecord) {
        let id = &*record.session.id;
        let label = record.session.label.as_deref().unwrap_or_default();
        self.info.with_label_values(&[id, label, &*record.profile]).set(1.0);
        self.requests.with_label_values(&[id]).inc_by(record.totals.requests as f64);
        let delivered = record.bins.delivered().max(record.totals.bytes);
        self.delivered.with_label_values(&[id]).inc_by(delivered as f64);
        if let Some(rate) = record.bins.last_granted_rate() {
            self.link_rate.with_label_values(&[id]).set(rate);
        }
        let buffer = record.points.reported_buffer().or_else(|| record.playback.buffer());
        if let Some(buffer) = buffer {
            self.buffer.with_label_values(&[id]).set(buffer.as_secs_f64());
        }
        for (media, rung) in record.renditions.rungs() {
            self.rung.with_label_values(&[id, media]).set(rung.into());
        }
        let rebuffers = figures(record).rebuffer_count;
        self.rebuffers.with_label_values(&[id]).inc_by(rebuffers as f64);
        let count = |of: fn(&super::switches::Switches) -> u64| {
            record.renditions.switches.iter().map(of).sum::<u64>() as f64
        };
        self.switches.with_label_values(&[id, "up"]).inc_by(count(|one| one.up));
        self.switches.with_label_values(&[id, "down"]).inc_by(count(|one| one.down));
    }
}

/// The labels of a profile and a session are texts that a client chooses; the encoder escapes them.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Timestamp,
        event::{Emitted, Event, Observer as _, SessionTag},
    };
    use std::sync::Arc;

    fn started(analytics: &Analytics, ordinal: u64, label: &str) {
        let id = format!("s{ordinal}").into();
        let session = Arc::new(SessionTag { id, ordinal, seed: 1, label: Some(label.into()) });
        let event = Event::SessionStarted { session, profile: "3g".into(), rate: None };
        analytics.observe(Emitted { at: Timestamp::default(), event: &event });
    }

    #[test]
    fn no_more_sessions_than_allowed_have_series() {
        let analytics = Analytics::default();
        (1..=10_000).for_each(|ordinal| started(&analytics, ordinal, "a\"b\n<c>"));
        assert_eq!(analytics.render_metrics(0, Exposition::Prometheus), "");
        let text = analytics.render_metrics(3, Exposition::Prometheus);
        let shown: Vec<_> =
            text.lines().filter(|line| line.starts_with("vsps_session_info")).collect();
        assert_eq!(shown.len(), 3, "{text}");
        assert!(shown[0].contains(r#"label="a\"b\n<c>""#) && shown[0].contains("s1"), "{text}");
    }
}
