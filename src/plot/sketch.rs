//! Draws a simulation in a terminal, with block characters.

use super::{
    scale::{ceiling, rate, short},
    simulation::Simulation,
};
use crate::units::LinkTime;
use std::{fmt::Write as _, time::Duration};

const WIDTH: usize = 72;
const HEIGHT: usize = 8;
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws `course`, `span` long, as lines of text: rate over time, and below it the stalls.
#[must_use]
pub fn sketch(course: &Simulation, span: Duration) -> String {
    let mut text = String::new();
    // Writing to a String can't fail.
    if course.rates.is_empty() {
        text.push_str("no rate limit\n");
    } else {
        let columns = columns(course, span);
        let top = ceiling(columns.iter().copied().fold(0.0, f64::max));
        for row in (0..HEIGHT).rev() {
            let label = match row {
                _ if row + 1 == HEIGHT => rate(top),
                _ if row == HEIGHT / 2 => rate(top / 2.0),
                _ => String::new(),
            };
            let bars: String = columns.iter().map(|bits| block(bits / top, row)).collect();
            let _ = writeln!(text, "{label:>6} │{}", bars.trim_end());
        }
    }
    let _ = writeln!(text, "       └{}", "─".repeat(WIDTH));
    if !course.stalls.is_empty() {
        let _ = writeln!(text, "stalls  {}", stalls(course, span).trim_end());
    }
    let end = format!("{} s", short(span.as_secs_f64()));
    let _ = writeln!(text, "        0{end:>width$}", width = WIDTH - 1);
    text
}

/// The mean rate of each column.
fn columns(course: &Simulation, span: Duration) -> Vec<f64> {
    let mut sums = vec![(0.0, 0u32); WIDTH];
    for &(at, bits) in &course.rates {
        let column = (at.as_secs_f64() / span.as_secs_f64() * WIDTH as f64) as usize;
        if let Some((sum, count)) = sums.get_mut(column.min(WIDTH - 1)) {
            *sum += bits;
            *count += 1;
        }
    }
    sums.into_iter().map(|(sum, count)| sum / f64::from(count.max(1))).collect()
}

/// The part of a bar of height `share` (0 to 1) in `row`, counted from below.
fn block(share: f64, row: usize) -> char {
    let eighths = (share * (HEIGHT * 8) as f64).round() - (row * 8) as f64;
    EIGHTHS[eighths.clamp(0.0, 8.0) as usize]
}

fn stalls(course: &Simulation, span: Duration) -> String {
    let column = |at: LinkTime| at.since_zero().as_secs_f64() / span.as_secs_f64() * WIDTH as f64;
    let stalled = |n: usize| {
        let (from, to) = (n as f64, n as f64 + 1.0);
        course.stalls.iter().any(|stall| column(stall.at) < to && column(stall.end()) > from)
    };
    (0..WIDTH).map(|n| if stalled(n) { '×' } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profiles::Catalog, seed::Seed};

    #[test]
    fn a_ramp_and_a_stall() {
        let span = Duration::from_secs(80);
        let ramp = Catalog::new().named("abr-ramp").unwrap();
        insta::assert_snapshot!(sketch(&Simulation::run(&ramp, Seed::new(1), span), span));
        let flaky = Catalog::new().named("flaky-wifi").unwrap();
        insta::assert_snapshot!(sketch(&Simulation::run(&flaky, Seed::new(1), span), span));
        let free = Catalog::new().named("unlimited").unwrap();
        insta::assert_snapshot!(sketch(&Simulation::run(&free, Seed::new(1), span), span));
    }
}
