//! What `-v` prints while a run goes on.

use super::reaction::Reaction;
use crate::player::{CapacityChange, Observer, SessionReport, WaitCause};
use std::{collections::VecDeque, fmt::Write as _};

/// Watches the reaction, and writes Sabre's lines with `-v`.
pub(super) struct Watch {
    pub(super) reaction: Reaction,
    pub(super) verbose: bool,
    bitrates: Vec<f64>,
    pub(super) lines: String,
    /// A replacement came too late since the last line.
    late: bool,
}

impl Watch {
    pub(super) const fn new(reaction: Reaction, verbose: bool, bitrates: Vec<f64>) -> Self {
        Self { reaction, verbose, bitrates, lines: String::new(), late: false }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        if self.verbose {
            let _ = writeln!(self.lines, "{line}");
        }
    }

    /// The line of a download, which ended at session time `end`.
    pub(super) fn download(&mut self, report: &SessionReport, end: f64, levels: [f64; 3]) {
        let p = &report.download.progress;
        let (segment, rung) = (report.segment, report.rung);
        let (size, received) = (whole(p.size), whole(p.received));
        let (time, first, rest) =
            (whole(p.time), whole(p.first_byte), whole(p.time - p.first_byte));
        let [request, after, added] = levels.map(whole);
        if report.download.abandoned {
            let to = report.abandoned_to.map_or("-1".to_owned(), |rung| rung.to_string());
            self.line(format_args!("{segment} abandoning {rung}->{to}"));
            self.line(format_args!("{received}/{size} {time}({first})"));
        }
        let times = format!("[{}-{}]", rounded(report.at), rounded(end));
        let head =
            format!("{times}  {segment}: q={rung} s={received}/{size} t={time}={first}+{rest} ");
        let state = match (report.replaced, report.download.abandoned) {
            (false, false) => format!("bl={request}"),
            (true, false) => format!(" REPLACEMENT  bl={request}"),
            (true, true) => {
                format!(" REPLACMENT ABANDONED after {time}={first}+{rest} ttfb+ttdl  bl={request}")
            }
            (false, true) => {
                let to = report.abandoned_to.unwrap_or_default();
                let bits = format!("{received}/{size} bits in {time}={first}+{rest} ttfb+ttdl");
                format!(" ABANDONED to {to} - {bits}  bl={request}")
            }
        };
        // Sabre prints the warning in the middle of the line.
        let warning = if std::mem::take(&mut self.late) { TOO_LATE } else { "" };
        self.line(format_args!("{head}{state}->{after}{warning}->{added}"));
    }
}

/// Printed without `-v`, too.
const TOO_LATE: &str = "WARNING: too late to replace\n";

/// As `%d` prints a float.
pub(super) fn whole(value: f64) -> f64 {
    value.trunc() + 0.0
}

/// As Python's `round` does.
fn rounded(value: f64) -> f64 {
    value.round_ties_even() + 0.0
}

impl Observer for Watch {
    fn segment_shown(&mut self, rung: usize, shown: f64) {
        self.reaction.segment_shown(rung, shown);
    }

    fn advanced(&mut self, shown: f64) {
        self.reaction.advanced(shown);
    }

    fn capacity_changed(&mut self, change: &CapacityChange, buffer: &VecDeque<usize>) {
        self.reaction.capacity_changed(change, buffer);
        let rung = self.reaction.sustainable().unwrap_or_default();
        let bitrate = self.bitrates.get(rung).copied().unwrap_or_default();
        let (bandwidth, latency) = (whole(change.bandwidth), whole(change.latency));
        let at = rounded(change.at);
        let bitrate = whole(bitrate);
        self.line(format_args!(
            "[{at}] Network: {bandwidth},{latency}  (q={rung}: bitrate={bitrate})"
        ));
    }

    fn sought(&mut self, shown: f64) {
        self.reaction.restart(shown);
    }

    fn replacement_late(&mut self) {
        self.late = true;
        if !self.verbose {
            self.lines.push_str(TOO_LATE);
        }
    }

    fn waited(&mut self, cause: WaitCause, time: f64, level: f64) {
        let cause = match cause {
            WaitCause::FullBuffer => "full buffer",
            WaitCause::Algorithm => "abr",
        };
        self.line(format_args!("{cause} delay {} bl={}", whole(time), whole(level)));
    }
}
