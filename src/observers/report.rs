//! The report: the summary of a run as plain data, printed as a table or serialised as JSON.

use super::{
    event_log::EventsLost,
    session_line::SessionLine,
    tally::{Counts, Tally},
    times::Times,
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// Sessions that are printed; the JSON form has more.
const LINES: usize = 20;

/// What a run was like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Sessions started.
    pub sessions: u64,
    /// Finished exchanges.
    pub requests: u64,
    /// Body bytes handed over.
    pub bytes: u64,
    /// Their number by outcome.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Time to first byte of requests with a response.
    pub ttfb: Quantiles,
    /// Time from request to last byte of complete segments and parts.
    pub segment_download: Quantiles,
    /// Injected freezes of the link that found bytes waiting.
    pub stalls: Stalls,
    /// How often viewers rebuffered, as players report it (CMCD).
    pub rebuffers: u64,
    /// Reports of players (CMCD); without any, it is not known whether viewers rebuffered.
    pub player_reports: u64,
    /// Dropped packets, by what that did.
    pub drops: BTreeMap<&'static str, u64>,
    /// Applied effects of rules.
    pub faults: BTreeMap<&'static str, u64>,
    /// Origin failures, by cause.
    pub upstream_errors: BTreeMap<&'static str, u64>,
    /// Switches to another rung, up and down.
    pub rendition_switches: BTreeMap<&'static str, u64>,
    /// Retried requests for media.
    pub retries: u64,
    /// Manifests that were not read in full.
    pub manifests_unread: u64,
    /// The first sessions, one by one.
    pub per_session: Vec<SessionLine>,
    /// What the event log could not write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_lost: Option<EventsLost>,
}

/// Quantiles of a time, in milliseconds, with an error of at most 0.1 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// The number of measurements. If it is 0, all quantiles are 0.
    pub count: u64,
    /// The median.
    pub p50_ms: f64,
    /// The 90th percentile.
    pub p90_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The exact maximum.
    pub max_ms: f64,
}

/// Number and total length of stalls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stalls {
    /// The number.
    pub count: u64,
    /// The total length.
    pub total_ms: f64,
}

impl Report {
    pub(super) fn of(tally: &Tally) -> Self {
        Self {
            sessions: tally.sessions,
            requests: tally.requests,
            bytes: tally.bytes,
            outcomes: tally.outcomes.clone(),
            ttfb: Quantiles::of(&tally.ttfb),
            segment_download: Quantiles::of(&tally.download),
            stalls: Stalls {
                count: tally.stalls,
                total_ms: tally.stalled.as_micros() as f64 / 1e3,
            },
            rebuffers: tally.rebuffers,
            player_reports: tally.player_reports,
            drops: tally.drops.clone(),
            faults: tally.faults.clone(),
            upstream_errors: tally.upstream_errors.clone(),
            rendition_switches: tally.switches.clone(),
            retries: tally.retries,
            manifests_unread: tally.manifests_unread,
            per_session: tally.lines.values().cloned().collect(),
            events_lost: None,
        }
    }
}

impl Quantiles {
    fn of(times: &Times) -> Self {
        Self {
            count: times.count(),
            p50_ms: times.quantile_ms(0.5),
            p90_ms: times.quantile_ms(0.9),
            p99_ms: times.quantile_ms(0.99),
            max_ms: times.longest_ms(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        row(f, "sessions", &self.sessions.to_string(), "")?;
        row(f, "requests", &self.requests.to_string(), &names(&self.outcomes))?;
        row(f, "body bytes", &size(self.bytes), "")?;
        let heads = ["count", "p50", "p90", "p99", "max"];
        writeln!(f, "\n{:<18}{}", "", heads.map(|head| format!("{head:>11}")).concat())?;
        quantiles(f, "time to first byte", &self.ttfb)?;
        quantiles(f, "segment download", &self.segment_download)?;
        writeln!(f)?;
        let stalled = match self.stalls.count {
            0 => String::new(),
            _ => format!("{} in all", time(self.stalls.total_ms)),
        };
        row(f, "link stalls", &self.stalls.count.to_string(), &stalled)?;
        let known = match self.player_reports {
            0 => "not known: no player reports (CMCD)",
            _ => "as players report (CMCD)",
        };
        row(f, "viewer rebuffers", &self.rebuffers.to_string(), known)?;
        for (what, counts) in [
            ("drops", &self.drops),
            ("faults", &self.faults),
            ("upstream errors", &self.upstream_errors),
            ("rendition switches", &self.rendition_switches),
        ] {
            row(f, what, &counts.values().sum::<u64>().to_string(), &names(counts))?;
        }
        row(f, "retries", &self.retries.to_string(), "")?;
        row(f, "manifests unread", &self.manifests_unread.to_string(), "")?;
        self.sessions_one_by_one(f)
    }
}

impl Report {
    fn sessions_one_by_one(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.per_session.is_empty() {
            return Ok(());
        }
        let heads = ["requests", "bytes", "link stalls", "rebuffers", "faults"];
        writeln!(f, "\n{:<18}{}", "session", heads.map(|head| format!("{head:>13}")).concat())?;
        for line in self.per_session.iter().take(LINES) {
            let cells = [
                line.requests.to_string(),
                size(line.bytes),
                line.link_stalls.to_string(),
                line.rebuffers.map_or_else(|| "-".to_owned(), |count| count.to_string()),
                line.faults.to_string(),
            ];
            let name = line.label.as_ref().unwrap_or(&line.id);
            let name: String = name.chars().take(17).collect();
            let cells = cells.map(|cell| format!("{cell:>13}")).concat();
            writeln!(f, "{name:<18}{cells}   {}", line.profile)?;
        }
        match (self.sessions as usize).saturating_sub(LINES) {
            0 => Ok(()),
            more => writeln!(f, "and {more} more"),
        }
    }
}

fn row(f: &mut fmt::Formatter<'_>, what: &str, value: &str, more: &str) -> fmt::Result {
    let line = format!("{what:<18}{value:>11}   {more}");
    writeln!(f, "{}", line.trim_end())
}

fn quantiles(f: &mut fmt::Formatter<'_>, what: &str, of: &Quantiles) -> fmt::Result {
    let cells = [of.p50_ms, of.p90_ms, of.p99_ms, of.max_ms].map(|ms| match of.count {
        0 => "-".to_owned(),
        _ => time(ms),
    });
    let [p50, p90, p99, max] = cells;
    writeln!(f, "{what:<18}{:>11}{p50:>11}{p90:>11}{p99:>11}{max:>11}", of.count)
}

fn names(counts: &Counts) -> String {
    let each: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    each.join(", ")
}

/// A time with about three digits: `0.42 ms`, `42.1 ms`, `420 ms`, `4.21 s`, `42.1 s`.
fn time(ms: f64) -> String {
    match ms {
        ..10.0 => format!("{ms:.2} ms"),
        ..100.0 => format!("{ms:.1} ms"),
        ..1000.0 => format!("{ms:.0} ms"),
        ..10_000.0 => format!("{:.2} s", ms / 1e3),
        _ => format!("{:.1} s", ms / 1e3),
    }
}

/// A size with decimal prefixes, as for rates.
fn size(bytes: u64) -> String {
    let real = bytes as f64;
    match real {
        ..1e3 => format!("{bytes} B"),
        ..1e6 => format!("{:.1} kB", real / 1e3),
        ..1e9 => format!("{:.1} MB", real / 1e6),
        _ => format!("{:.2} GB", real / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_keep_three_digits() {
        assert_eq!(
            [0.0, 0.42, 42.13, 420.4, 4213.0, 42_130.0].map(time),
            ["0.00 ms", "0.42 ms", "42.1 ms", "420 ms", "4.21 s", "42.1 s"]
        );
        assert_eq!([0, 999, 65_536, 12_345_678].map(size), ["0 B", "999 B", "65.5 kB", "12.3 MB"]);
    }
}
