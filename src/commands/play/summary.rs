//! The result in words.

use super::report::Report;
use crate::player::Qoe;
use std::fmt::Write as _;

/// The summary.
pub(super) fn summary(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{} with {}", report.url, report.abr);
    if report.players.len() > 1 {
        let mut endings: Vec<_> = report.players.iter().map(|player| &*player.ended).collect();
        endings.sort_unstable();
        let of = |ended: &&str| endings.iter().filter(|other| *other == ended).count();
        let mut kinds = endings.clone();
        kinds.dedup();
        let kinds: Vec<_> = kinds.iter().map(|ended| format!("{} {ended}", of(ended))).collect();
        let _ = writeln!(text, "  players       {} ({})", report.players.len(), kinds.join(", "));
    } else if let Some(player) = report.players.first() {
        let _ = writeln!(text, "  ended         {}", player.ended);
    }
    figures(&mut text, &report.together);
    for checked in &report.assertions {
        let result = if checked.passed { "passed" } else { "FAILED" };
        let _ = write!(text, "  {result}        {}", checked.assertion);
        let _ = match &checked.problem {
            Some(problem) => writeln!(text, ": {problem}"),
            None => writeln!(text),
        };
    }
    text
}

fn figures(text: &mut String, qoe: &Qoe) {
    let seconds =
        |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3} s"));
    let ratio =
        qoe.rebuffer_ratio.map_or("-".to_owned(), |ratio| format!("{:.2} %", ratio * 100.0));
    let bitrate = qoe.mean_bitrate_bps;
    let bitrate = bitrate.map_or("-".to_owned(), |rate| format!("{:.0} kbit/s", rate / 1000.0));
    let _ = writeln!(text, "  startup       {}", seconds(qoe.startup_seconds));
    let _ = writeln!(
        text,
        "  rebuffering   {} times, {}, {ratio}",
        qoe.rebuffer_count,
        seconds(Some(qoe.rebuffer_seconds))
    );
    let _ = writeln!(text, "  mean bitrate  {bitrate}");
    let _ = writeln!(
        text,
        "  switches      {} ({} up, {} down)",
        qoe.switches, qoe.switches_up, qoe.switches_down
    );
    let _ = writeln!(
        text,
        "  played        {} in {}",
        seconds(Some(qoe.played_seconds)),
        seconds(Some(qoe.wall_seconds))
    );
    let _ = writeln!(
        text,
        "  downloaded    {} segments, {:.1} MB, {} errors, {} retries",
        qoe.segments,
        qoe.bytes as f64 / 1e6,
        qoe.errors,
        qoe.retries
    );
    if let Some(latency) = qoe.live_latency_seconds {
        let _ = writeln!(text, "  live latency  {latency:.3} s");
    }
    if let Some(linear) = qoe.qoe_linear {
        let _ = writeln!(text, "  QoE linear    {linear:.3}");
    }
}
