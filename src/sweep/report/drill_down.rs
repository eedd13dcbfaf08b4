//! The sessions of a report on the console's own timeline, where scripts run. The pictures stay for all others.

use super::policy::data;
use crate::{console::bundle, sweep::matrix::Trace};
use serde_json::{Value, json};

/// The module of the console that puts timelines into the report.
const ENTRY: &str = "export/bench.js";

/// The text of the script for all sessions.
pub(super) fn timelines() -> String {
    bundle(ENTRY)
}

/// The data of one session: times in ms, rates in bit/s, the buffer in seconds, rungs from 1.
pub(super) fn session_data(trace: &Trace) -> String {
    let downloads = trace.downloads.iter().filter(|(_, _, _, throughput)| throughput.is_finite());
    data(&json!({
        "end": ms(trace.end),
        "link": pairs(trace.rates.iter().map(|(at, rate)| (*at, bits(*rate)))),
        "downloads": Value::Array(
            downloads.map(|(_, first, last, rate)| json!([ms(*first), ms(*last), bits(*rate)])).collect()
        ),
        "buffer": pairs(trace.buffer.iter().map(|point| (point.at, hundredths(point.buffer)))),
        "rungs": pairs(trace.rungs.iter().map(|(at, rung)| (*at, json!(rung + 1)))),
        "stalls": pairs(trace.stalls.iter().map(|(from, to)| (*from, json!(ms(*to))))),
    }))
}

fn pairs(points: impl Iterator<Item = (f64, Value)>) -> Value {
    Value::Array(points.map(|(at, value)| json!([ms(at), value])).collect())
}

/// Seconds as whole milliseconds.
fn ms(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// kbit/s as whole bit/s.
fn bits(kilobits: f64) -> Value {
    json!((kilobits * 1000.0).round() as i64)
}

fn hundredths(seconds: f64) -> Value {
    json!((seconds * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::matrix::Point;

    #[test]
    fn the_data_of_a_session_are_whole_numbers_in_the_units_of_the_timeline() {
        let trace = Trace {
            buffer: vec![Point { at: 0.5, buffer: 3.987_654 }],
            rungs: vec![(0.4999, 0), (4.0, 2)],
            downloads: vec![(0.0, 0.1, 0.5, 1234.5678), (0.5, 0.5, 0.5, f64::INFINITY)],
            stalls: vec![(0.0, 0.5)],
            rates: vec![(0.0, 1500.0)],
            end: 8.0,
            error: None,
        };
        assert_eq!(
            session_data(&trace),
            "<script type='application/json'>{\"buffer\":[[500,3.99]],\"downloads\":[[100,500,1234568]],\
             \"end\":8000,\"link\":[[0,1500000]],\"rungs\":[[500,1],[4000,3]],\"stalls\":[[0,500]]}</script>"
        );
    }
}
