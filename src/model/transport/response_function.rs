//! The response function of RFC 9438 §5, measured on a whole connection: the mean window at a rate
//! of losses that come at even distances.

use super::{Stream, Transport};
use crate::{
    model::{Link, LinkSpec, PACKET},
    seed::Seed,
    units::LinkTime,
};
use std::time::Duration;

/// The mean window in segments of a connection that loses one packet of every `distance`, less the first tenth:
/// the slow start before the first loss is not counted.
fn mean_window(rtt: Duration, seconds: u64, distance: u64) -> f64 {
    let mut link = Link::new(&LinkSpec::default(), Seed::new(1));
    let mut transport = Transport::new(rtt);
    let mut stream = Stream::default();
    let (mut now, end) = (LinkTime::ZERO, LinkTime::from_secs(seconds));
    let (mut sent, mut arrived, mut lost) = (0, 0, PACKET * (distance - 1));
    let (mut warm, mut before) = (LinkTime::new(end.since_zero() / 10), 0);
    while now < end {
        stream.advance(&mut link, &mut transport, now);
        loop {
            let losing = sent == lost;
            let want = if losing { PACKET } else { lost - sent };
            let Some(bytes) = stream.send(&mut link, &mut transport, now, want, losing) else {
                break;
            };
            sent += u64::from(bytes.get());
            if losing {
                lost += PACKET * distance;
            }
        }
        arrived += stream.take(&mut link, &mut transport, now) as u64;
        if now >= warm {
            (warm, before) = (LinkTime::new(Duration::MAX), arrived);
        }
        now = stream.wait(&mut link, &transport, now).unwrap().max(now + Duration::from_nanos(1));
    }
    let seconds = 0.9 * end.as_secs_f64();
    (arrived - before) as f64 / PACKET as f64 * rtt.as_secs_f64() / seconds
}

/// Round trip in ms, loss rate, the mean window of the RFC's tables 1 and 2, that of a sender
/// simulated packet by packet from the RFC's text, and seconds to measure.
///
/// The tables are the RFC's formula. Real senders are below it where windows are small: they send
/// whole segments, and do not grow for a round trip after a loss.
const RESPONSES: [(u64, f64, f64, f64, u64); 9] = [
    (100, 1e-2, 12.0, 10.53, 500),
    (100, 1e-3, 38.0, 37.74, 5_000),
    (100, 1e-4, 187.0, 179.2, 10_000),
    (100, 1e-5, 1054.0, 1015.0, 9_000),
    (10, 1e-2, 12.0, 10.53, 50),
    (10, 1e-3, 38.0, 36.87, 100),
    (10, 1e-4, 120.0, 120.8, 300),
    (10, 1e-5, 379.0, 385.3, 1_000),
    (10, 1e-6, 1200.0, 1252.0, 2_000),
];

#[test]
fn losses_at_even_distances_leave_the_window_of_the_rfc() {
    for (ms, p, table, simulated, seconds) in RESPONSES {
        let distance = (1.0 / p).round() as u64;
        let mean = mean_window(Duration::from_millis(ms), seconds, distance);
        let [off, beside] = [table, simulated].map(|other| (mean / other - 1.0) * 100.0);
        println!("rtt {ms} ms, p {p:e}: {mean:.1}, RFC {table} ({off:+.1} %), {beside:+.1} %");
        let whole_segments = if p < 0.005 { 5.0 } else { 13.0 };
        assert!(off.abs() < whole_segments, "rtt {ms} ms, p {p}: {mean}, not {table}");
        assert!(beside.abs() < 2.0, "rtt {ms} ms, p {p}: {mean}, not {simulated}");
    }
}
