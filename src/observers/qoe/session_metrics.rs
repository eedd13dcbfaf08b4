//! Prometheus series of single sessions, if they are asked for.

use super::{analytics::Analytics, figures::rebuffer_count, record::SessionRecord};
use crate::{
    event::SessionTag,
    observers::{
        exposition::Exposition, families, families::Family, family_lines::FamilyLines,
        openmetrics::Escaped,
    },
};
use std::{fmt::Display, sync::Arc};

#[cfg(test)]
mod tests;

/// About the bytes of one session's series.
const BYTES: usize = 600;

/// What is shown of one session. The values are those of its record, so nothing is counted twice.
struct Row {
    session: Arc<SessionTag>,
    profile: Arc<str>,
    /// The id as it is written.
    id: String,
    requests: u64,
    delivered: u64,
    link_rate: Option<f64>,
    buffer: Option<f64>,
    rungs: Vec<(&'static str, u16)>,
    rebuffers: u64,
    up: u64,
    down: u64,
}

/// The sessions of one scrape in the order of their ids, and the text about them.
struct SessionText {
    format: Exposition,
    rows: Vec<Row>,
    text: String,
}

impl Analytics {
    /// The series of the `most` oldest sessions that have not ended, as text in this format. They have a label
    /// `session`, so their number must be bounded. Families and samples have the order that the library gives to all
    /// others: by name, and by the values of labels in the order of the labels' names.
    #[must_use]
    pub fn render_metrics(&self, most: usize, format: Exposition) -> String {
        let mut rows = Vec::with_capacity(most);
        self.with_live_records(most, |record| rows.push(Row::of(record)));
        rows.sort_unstable_by(|one, other| one.session.id.cmp(&other.session.id));
        let text = String::with_capacity(rows.len() * BYTES);
        let mut all = SessionText { format, rows, text };
        all.write(&families::SESSION_BUFFER, |row| row.buffer);
        all.write(&families::SESSION_DELIVERED_BYTES, |row| Some(row.delivered));
        all.write_info();
        all.write(&families::SESSION_LINK_RATE, |row| row.link_rate);
        all.write(&families::SESSION_REBUFFERS, |row| Some(row.rebuffers));
        all.write(&families::SESSION_REQUESTS, |row| Some(row.requests));
        all.write_rungs();
        all.write_switches();
        all.text
    }
}

impl SessionText {
    /// A family with one sample for each session that has a value.
    fn write<T: Display>(&mut self, family: &Family, value: impl Fn(&Row) -> Option<T>) {
        let mut lines = FamilyLines::new(self.format, family, &mut self.text);
        for row in &self.rows {
            if let Some(value) = value(row) {
                lines.sample(&[("session", &row.id)], value);
            }
        }
    }

    fn write_info(&mut self) {
        let mut rows: Vec<_> = self.rows.iter().map(|row| (row.label(), row)).collect();
        // Those with the same label and profile stay in the order of their ids.
        rows.sort_by(|(label, row), (other_label, other)| {
            (label, &row.profile).cmp(&(other_label, &other.profile))
        });
        let mut lines = FamilyLines::new(self.format, &families::SESSION_INFO, &mut self.text);
        for (label, row) in rows {
            let (label, profile) = (Escaped(label).to_string(), Escaped(&row.profile).to_string());
            lines.sample(&[("label", &label), ("profile", &profile), ("session", &row.id)], 1);
        }
    }

    fn write_rungs(&mut self) {
        let rungs = self.rows.iter().flat_map(|row| row.rungs.iter().map(move |rung| (rung, row)));
        let mut rungs: Vec<_> = rungs.collect();
        rungs.sort_by_key(|((media, _), _)| *media);
        let mut lines = FamilyLines::new(self.format, &families::SESSION_RUNG, &mut self.text);
        for ((media, rung), row) in rungs {
            lines.sample(&[("media", *media), ("session", &row.id)], rung);
        }
    }

    fn write_switches(&mut self) {
        let mut lines = FamilyLines::new(self.format, &families::SESSION_SWITCHES, &mut self.text);
        for row in &self.rows {
            lines.sample(&[("direction", "down"), ("session", &row.id)], row.down);
        }
        for row in &self.rows {
            lines.sample(&[("direction", "up"), ("session", &row.id)], row.up);
        }
    }
}

impl Row {
    fn of(record: &SessionRecord) -> Self {
        let buffer = record.points.reported_buffer().or_else(|| record.playback.buffer());
        let count = |of: fn(&super::switches::Switches) -> u64| {
            record.renditions.switches.iter().map(of).sum()
        };
        Self {
            session: Arc::clone(&record.session),
            profile: Arc::clone(&record.profile),
            id: Escaped(&record.session.id).to_string(),
            requests: record.totals.requests,
            delivered: record.bins.delivered().max(record.totals.bytes),
            link_rate: record.bins.last_granted_rate(),
            buffer: buffer.map(|buffer| buffer.as_secs_f64()),
            rungs: record.renditions.rungs().collect(),
            rebuffers: rebuffer_count(record),
            up: count(|one| one.up),
            down: count(|one| one.down),
        }
    }

    fn label(&self) -> &str {
        self.session.label.as_deref().unwrap_or_default()
    }
}
