//! One session of a cell: rate, buffer and rung on one time axis.

use super::{
    frame::{Frame, range},
    text::{at, escape},
};
use crate::sweep::matrix::{Plan, Trace};
use std::fmt::Write as _;

const LEFT: f64 = 56.0;
const WIDTH: f64 = 820.0;

/// The picture of a session.
pub(super) fn session(plan: &Plan, trace: &Trace, title: &str) -> String {
    let end = trace.end.max(1.0);
    let frame = |top, height, y| Frame { left: LEFT, top, width: WIDTH, height, x: (0.0, end), y };
    let bitrates = plan.presentation.bitrates();
    let top = bitrates.last().copied().unwrap_or(1.0);
    let rates = trace.rates.iter().map(|(_, rate)| *rate);
    let highest = rates.fold(top, f64::max).min(4.0 * top);
    let rate = frame(24.0, 120.0, range([highest].into_iter(), 0.0));
    let buffer = frame(176.0, 80.0, range(trace.buffer.iter().map(|point| point.buffer), 0.0));
    let rung = frame(288.0, 80.0, (0.0, bitrates.len() as f64));
    let mut svg = stalls(trace, &[rate, buffer, rung]);
    svg.push_str(&rate.axes("", "rate in kbit/s: link (area), downloads (bars)"));
    svg.push_str(&buffer.axes("", "buffer in s"));
    svg.push_str(&rung.axes("seconds since the first request", "rung shown (1 = lowest)"));
    // Writing to a String can't fail.
    if !trace.rates.is_empty() {
        let line = rate.stairs(trace.rates.iter().copied(), end);
        let (left, right, bottom) = (at(LEFT), at(LEFT + WIDTH), at(rate.bottom()));
        let _ = write!(svg, "<path class='link' d='{line}V{bottom}H{left}z'/>");
        let _ = write!(svg, "<path class='base' d='M{left} {bottom}H{right}'/>");
    }
    let mut bars = String::new();
    for (_, first, last, throughput) in &trace.downloads {
        let _ = write!(
            bars,
            "M{} {}H{}",
            at(rate.x(*first)),
            at(rate.y(*throughput)),
            at(rate.x(*last).max(rate.x(*first) + 1.0))
        );
    }
    let _ = write!(svg, "<path class='download' d='{bars}'/>");
    let levels = trace.buffer.iter().map(|point| (point.at, point.buffer));
    let _ = write!(svg, "<path class='level' d='{}'/>", buffer.path(levels));
    let shown = trace.rungs.iter().map(|(at, rung)| (*at, (rung + 1) as f64));
    let _ = write!(svg, "<path class='rung' d='{}'/>", rung.stairs(shown, end));
    let title = escape(title);
    format!("<svg viewBox='0 0 890 408' role='img' aria-label='{title}'>{svg}</svg>")
}

/// Where nothing was shown: the startup and each time the buffer was empty.
fn stalls(trace: &Trace, frames: &[Frame]) -> String {
    let mut text = String::new();
    for (from, to) in &trace.stalls {
        for frame in frames {
            let (x, right) = (frame.x(*from), frame.x(*to));
            let _ = write!(
                text,
                "<rect class='stall' x='{}' y='{}' width='{}' height='{}'/>",
                at(x),
                at(frame.top),
                at((right - x).max(0.6)),
                at(frame.height)
            );
        }
    }
    text
}
