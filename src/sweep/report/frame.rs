//! Axes of a picture, and the way from values to coordinates.

use super::text::{at, escape, short};
use std::fmt::Write as _;

/// About this many ticks on an axis.
const TICKS: f64 = 5.0;

/// A plot's place, and the values at its edges.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: (f64, f64),
    pub(super) y: (f64, f64),
}

impl Frame {
    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + share(self.x, value) * self.width
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.top + (1.0 - share(self.y, value)) * self.height
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Grid, ticks and labels; an empty label leaves the ticks' numbers out.
    pub(super) fn axes(&self, x_label: &str, y_label: &str) -> String {
        let (mut grid, mut texts) = (String::new(), String::new());
        let (right, bottom) = (self.left + self.width, self.bottom());
        for tick in ticks(self.y) {
            let y = at(self.y(tick));
            // Writing to a String can't fail.
            let _ = write!(grid, "M{} {y}H{}", at(self.left), at(right));
            let _ = write!(
                texts,
                "<text x='{}' y='{y}' dy='.32em' text-anchor='end'>{}</text>",
                at(self.left - 6.0),
                short(tick)
            );
        }
        for tick in ticks(self.x) {
            let x = at(self.x(tick));
            let _ = write!(grid, "M{x} {}V{}", at(self.top), at(bottom));
            if !x_label.is_empty() {
                let y = at(bottom + 15.0);
                let _ = write!(
                    texts,
                    "<text x='{x}' y='{y}' text-anchor='middle'>{}</text>",
                    short(tick)
                );
            }
        }
        let (middle, label) = (at(self.left + self.width / 2.0), at(bottom + 31.0));
        let name = at(self.top - 7.0);
        format!(
            "<path class='grid' d='{grid}'/>{texts}\
             <text x='{middle}' y='{label}' text-anchor='middle'>{}</text>\
             <text class='axis' x='{}' y='{name}'>{}</text>",
            escape(x_label),
            at(self.left - 40.0),
            escape(y_label)
        )
    }

    /// The coordinates of a line through points.
    pub(super) fn path(&self, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (x, y) in points {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{} {}", at(self.x(x)), at(self.y(y)));
        }
        path
    }

    /// The coordinates of a staircase: each value holds until the next one.
    pub(super) fn stairs(&self, points: impl IntoIterator<Item = (f64, f64)>, end: f64) -> String {
        let mut path = String::new();
        for (x, y) in points {
            let (x, y) = (at(self.x(x)), at(self.y(y)));
            let _ =
                if path.is_empty() { write!(path, "M{x} {y}") } else { write!(path, "H{x}V{y}") };
        }
        if !path.is_empty() {
            let _ = write!(path, "H{}", at(self.x(end)));
        }
        path
    }
}

/// From 0 at the low end of a range to 1 at the high end.
fn share((low, high): (f64, f64), value: f64) -> f64 {
    if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
}

/// Round numbers within a range.
fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) {
        return vec![low];
    }
    let raw = span / TICKS;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].iter().map(|step| step * power).find(|step| *step >= raw);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|tick| tick as f64 * step).collect()
}

/// A range that holds all of `values` and `and`, with some room at the top.
pub(super) fn range(values: impl Iterator<Item = f64>, and: f64) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) =
        finite.fold((and, and), |(low, high), value| (low.min(value), high.max(value)));
    if high > low { (low, high + 0.05 * (high - low)) } else { (low, low + 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks((0.0, 10.0)), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks((-1.0, 1.0)), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(ticks((3.0, 3.0)), [3.0]);
        assert_eq!(range([2.0, 12.0].into_iter(), 2.0), (2.0, 12.5));
    }
}
