//! Bitrate against rebuffering: what an algorithm pays for what it shows.

use super::{
    frame::{Frame, range},
    key,
    text::{at, escape},
};
use crate::sweep::matrix::{Cell, Metric, Results, Sample};
use std::fmt::Write as _;

/// A picture for each profile: a mark for each algorithm, with the confidence intervals of both means.
pub(super) fn trade_offs(results: &Results) -> String {
    let (Some(bitrate), Some(ratio)) =
        (Metric::named("bitrate_kbps"), Metric::named("rebuffer_ratio"))
    else {
        return String::new();
    };
    let cells = results.cells();
    let groups = cells.chunk_by(|one, other| one.profile == other.profile);
    groups.map(|group| trade_off(results, group, bitrate, ratio)).collect()
}

/// A mean and its interval.
struct Interval {
    mean: f64,
    low: f64,
    high: f64,
}

fn interval(cell: &Cell<'_>, metric: &Metric) -> Option<Interval> {
    let sample = Sample::new(cell.values(metric.of))?;
    let mean = sample.mean() * metric.scale();
    let half = sample.half_width().unwrap_or(0.0) * metric.scale();
    Some(Interval { mean, low: (mean - half).max(0.0), high: mean + half })
}

fn trade_off(results: &Results, group: &[Cell<'_>], bitrate: &Metric, ratio: &Metric) -> String {
    let Some(profile) = group.first().map(|cell| cell.profile) else { return String::new() };
    let point = |cell: &Cell<'_>| {
        let index = results.algorithms.iter().position(|name| name == cell.abr)?;
        Some((index, interval(cell, ratio)?, interval(cell, bitrate)?))
    };
    let points: Vec<_> = group.iter().filter_map(point).collect();
    let x = range(points.iter().map(|(_, ratio, _)| ratio.mean * 1.2), 0.0);
    let y = range(points.iter().map(|(_, _, bitrate)| bitrate.high), 0.0);
    let frame = Frame { left: 48.0, top: 26.0, width: 340.0, height: 200.0, x, y };
    let mut svg = frame.axes("rebuffering in % (left is better)", "bitrate in kbit/s");
    for (index, ratio, bitrate) in &points {
        let (cx, cy) = (frame.x(ratio.mean), frame.y(bitrate.mean));
        // Writing to a String can't fail.
        let _ = write!(
            svg,
            "<path class='{} whisker' d='M{} {}H{}M{} {}V{}'/>{}",
            key::class(*index),
            at(frame.x(ratio.low)),
            at(cy),
            at(frame.x(ratio.high)),
            at(cx),
            at(frame.y(bitrate.low)),
            at(frame.y(bitrate.high)),
            key::mark(*index, cx, cy)
        );
    }
    let profile = escape(profile);
    format!(
        "<figure><figcaption>{profile}</figcaption><svg viewBox='0 0 400 270' role='img' \
         aria-label='Bitrate against rebuffering on {profile}'>{svg}</svg></figure>"
    )
}
