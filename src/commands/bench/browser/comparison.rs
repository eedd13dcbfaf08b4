//! Real players beside their re-creations.

use super::run::PREFIX;
use crate::sweep::matrix::{Cell, Figures, Results, Sample};
use std::fmt::Write as _;

/// Differences above these are marked: of the mean bitrate, as a share, and of the rebuffer ratio.
const MOST_BITRATE: f64 = 0.1;
const MOST_RATIO: f64 = 0.02;

/// A table: means over seeds of each real player and of the algorithm with its name. Empty without any.
pub(in super::super) fn comparison(results: &Results) -> String {
    let cells = results.cells();
    let mut rows = String::new();
    for real in cells.iter().filter(|cell| cell.abr.starts_with(PREFIX)) {
        let name = real.abr.trim_start_matches(PREFIX);
        let same = |cell: &&Cell<'_>| (cell.profile, cell.abr) == (real.profile, name);
        let Some(virtual_one) = cells.iter().find(same) else { continue };
        let mean = |cell: &Cell<'_>, of: fn(&Figures) -> f64| {
            Sample::new(cell.values(of)).map(|sample| sample.mean())
        };
        let pair = |of| Some((mean(virtual_one, of)?, mean(real, of)?));
        let Some((bitrate, ratio)) = pair(|f| f.bitrate_kbps).zip(pair(|f| f.rebuffer_ratio))
        else {
            continue;
        };
        let change = if bitrate.0 > 0.0 { bitrate.1 / bitrate.0 - 1.0 } else { 0.0 };
        let points = ratio.1 - ratio.0;
        let far = change.abs() > MOST_BITRATE || points.abs() > MOST_RATIO;
        let startup = pair(|f| f.startup_s).unwrap_or_default();
        let switches = pair(|f| f.switches).unwrap_or_default();
        // Writing to a String can't fail.
        let _ = writeln!(
            rows,
            "{:<22} {name:<8} {:>7.0} {:>7.0} {:>+6.1} %  {:>6.2} {:>6.2} {:>+6.2} pp  {:>5.1} {:>5.1}  {:>4.1} {:>4.1}{}",
            real.profile,
            bitrate.0,
            bitrate.1,
            100.0 * change,
            100.0 * ratio.0,
            100.0 * ratio.1,
            100.0 * points,
            startup.0,
            startup.1,
            switches.0,
            switches.1,
            if far { "  *" } else { "" }
        );
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "\nRe-creation (virtual time), then browser (real time); * = over 10 % in bitrate or 2 pp in rebuffering\n\
         {:<22} {:<8} {:>24}  {:>23}  {:>11}  {:>9}\n{rows}",
        "profile", "player", "bitrate kbit/s", "rebuffering %", "startup s", "switches"
    )
}
