//! How algorithms differ in drawings: by colour, dash and mark at once, so that one of them is enough.

use super::text::{at, escape};
use std::fmt::Write as _;

const DASHES: [&str; 4] = ["", "7 3", "2 3", "9 3 2 3"];
const COLOURS: usize = 8;

/// The class that carries the colour of algorithm number `index`.
pub(super) fn class(index: usize) -> String {
    format!("c{}", index % COLOURS)
}

/// The dashes of its lines.
pub(super) const fn dash(index: usize) -> &'static str {
    DASHES[index % DASHES.len()]
}

/// Its mark, about (`x`, `y`).
pub(super) fn mark(index: usize, x: f64, y: f64) -> String {
    let class = class(index);
    let filled = if (index / COLOURS).is_multiple_of(2) { "mark" } else { "mark hollow" };
    let (x0, y0) = (at(x), at(y));
    let path = match index % 6 {
        0 => return format!("<circle class='{class} {filled}' cx='{x0}' cy='{y0}' r='4.5'/>"),
        1 => "m-4.5 4l4.5-8.5 4.5 8.5z",
        2 => "m-4-4h8v8h-8z",
        3 => "m0-5.5l5.5 5.5-5.5 5.5-5.5-5.5z",
        4 => "m-4.5-4l4.5 8.5 4.5-8.5z",
        _ => "m-1.5-5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z",
    };
    format!("<path class='{class} {filled}' d='M{x0} {y0}{path}'/>")
}

/// The key of all algorithms.
pub(super) fn key(algorithms: &[String]) -> String {
    let mut text = String::from("<ul class='key'>");
    for (index, name) in algorithms.iter().enumerate() {
        // Writing to a String can't fail.
        let _ = write!(
            text,
            "<li><svg width='44' height='14' aria-hidden='true'><path class='{} line' \
             stroke-dasharray='{}' d='M0 7H44'/>{}</svg> {}</li>",
            class(index),
            dash(index),
            mark(index, 22.0, 7.0),
            escape(name)
        );
    }
    text + "</ul>"
}
