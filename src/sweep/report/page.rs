//! The page: what was run, how, and what came of it.

use super::{
    cdf::cdf,
    drill_down::{session_data, timelines},
    heat_map::heat_map,
    key::key,
    means::means,
    pairs::pairs,
    policy::{policy, script},
    session::session,
    text::escape,
    trade_off::trade_offs,
};
use crate::sweep::matrix::{Metric, Plan, Results, Run, Sample, Trace, trace};
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");
const DISTRIBUTIONS: [&str; 4] = ["bitrate_kbps", "rebuffer_ratio", "startup_s", "qoe_pensieve"];
const HEAT_MAPS: [&str; 2] = ["qoe_pensieve", "rebuffer_ratio"];
/// The most cells whose sessions are drawn: each session takes some 20 kB.
const MOST_SESSIONS: usize = 120;

/// A session of a real player, to be drawn.
#[derive(Debug, Clone)]
pub struct RealSession {
    /// Its title: player, profile and seed.
    pub title: String,
    /// What was measured.
    pub trace: Trace,
}

/// The report on the results of a plan.
#[must_use]
pub fn report(plan: &Plan, results: &Results) -> String {
    report_with(plan, results, &[])
}

/// The report on the results of a plan, and on sessions of `real` players that were played beside it.
#[must_use]
pub fn report_with(plan: &Plan, results: &Results, real: &[RealSession]) -> String {
    let (profiles, algorithms) = (results.profiles.join(", "), results.algorithms.join(", "));
    let timelines = timelines();
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>{}\
         <meta name='viewport' content='width=device-width,initial-scale=1'>\
         <title>ABR benchmark: {} on {}</title><style>{STYLE}</style></head><body>\
         <h1>ABR benchmark</h1><p>{} on {}.</p>{}",
        policy(STYLE, &timelines),
        escape(&algorithms),
        escape(&profiles),
        escape(&algorithms),
        escape(&profiles),
        how(results)
    );
    section(
        &mut page,
        "Means",
        "Means over seeds, ± half of the 95 % confidence interval (Student's t); the best of each \
         profile in bold. Rebuffering is the share of rebuffering in rebuffering and playback; the \
         startup is no part of it.",
        &means(results),
    );
    if let Some(pairs) = pairs(results) {
        let first = results.algorithms.first().map(String::as_str).unwrap_or_default();
        let text = format!(
            "Each algorithm minus {} on the same seeds, ± half of the 95 % confidence interval of \
             the mean difference. p is that of a sign-flip test, adjusted for all tests of this table \
             (Holm); bold where it is below 0.05.",
            escape(first)
        );
        section(&mut page, "Differences, paired by seed", &text, &pairs);
    }
    let named = |name: &&str| Metric::named(name);
    let maps: String =
        HEAT_MAPS.iter().filter_map(named).map(|metric| heat_map(results, metric)).collect();
    section(&mut page, "Profile × algorithm", "", &maps);
    let key = key(&results.algorithms);
    section(
        &mut page,
        "Bitrate against rebuffering",
        "Up and to the left is better. Lines through the marks are 95 % confidence intervals.",
        &format!("{key}<div class='grid2'>{}</div>", trade_offs(results)),
    );
    let plots: String =
        DISTRIBUTIONS.iter().filter_map(named).map(|metric| cdf(results, metric)).collect();
    section(
        &mut page,
        "Distributions",
        "Over all profiles and seeds.",
        &format!("{key}<div class='grid2'>{plots}</div>"),
    );
    section(
        &mut page,
        "Sessions",
        "One session of each cell: per profile the seed with the median QoE (Pensieve) of the first \
         algorithm. Shaded times are those in which nothing was shown: the startup, and rebuffering. \
         Where scripts run, a session is a timeline: the pointer shows values, Ctrl and the wheel or + \
         and − zoom, Shift and a drag move, 0 shows everything.",
        &format!("{}{}", sessions(plan, results), real_sessions(plan, real)),
    );
    page.push_str(&script(&timelines));
    page + "</body></html>\n"
}

fn section(page: &mut String, title: &str, text: &str, content: &str) {
    // Writing to a String can't fail.
    let _ = write!(page, "<section><h2>{title}</h2>");
    if !text.is_empty() {
        let _ = write!(page, "<p class='soft'>{text}</p>");
    }
    let _ = writeln!(page, "{content}</section>");
}

/// What was run, and the command that repeats it.
fn how(results: &Results) -> String {
    let ladder = &results.ladder;
    let bitrates: Vec<String> = ladder.bitrates_kbps.iter().map(f64::to_string).collect();
    format!(
        "<p>{} runs with seeds {} to {}, in virtual time by vsps {}. Ladder {}: {} kbit/s, {} \
         segments of {} s.</p><pre>{}</pre>",
        results.runs.len(),
        results.seeds.first,
        results.seeds.last,
        escape(&results.version),
        escape(&ladder.name),
        bitrates.join(", "),
        ladder.segments,
        ladder.segment_s,
        escape(&results.command)
    )
}

fn real_sessions(plan: &Plan, real: &[RealSession]) -> String {
    let mut text = String::new();
    for RealSession { title, trace } in real.iter().take(MOST_SESSIONS) {
        let _ = write!(
            text,
            "<details class='session'><summary>{}</summary>{}{}</details>",
            escape(title),
            session(plan, trace, title),
            session_data(trace)
        );
    }
    text
}

fn sessions(plan: &Plan, results: &Results) -> String {
    let mut text = String::new();
    let mut drawn = 0;
    for (index, net) in plan.nets.iter().enumerate() {
        let seed = median_seed(results, &net.name);
        for player in &plan.players {
            if drawn == MOST_SESSIONS {
                let _ = write!(
                    text,
                    "<p>Only the first {MOST_SESSIONS} cells are drawn; run the others alone.</p>"
                );
                return text;
            }
            let trace = trace(Run { plan, net, player, seed });
            let of = if results.players.get() > 1 {
                let number = if plan.options.mixed { drawn % plan.players.len() + 1 } else { 1 };
                format!(", player {number} of {}", results.players)
            } else {
                String::new()
            };
            let title = format!("{} on {}, seed {seed}{of}", player.name, net.name);
            let error = trace.error.as_ref().map_or_else(String::new, |error| {
                format!("<p>It did not end: {}.</p>", escape(error))
            });
            let open = if index == 0 { " open" } else { "" };
            let _ = write!(
                text,
                "<details class='session'{open}><summary>{}</summary>{error}{}{}<pre>{}</pre></details>",
                escape(&title),
                session(plan, &trace, &title),
                session_data(&trace),
                escape(&plan.cell_command(index, &player.name, seed))
            );
            drawn += 1;
        }
    }
    text
}

/// The seed whose QoE with the first algorithm is nearest to the median.
fn median_seed(results: &Results, profile: &str) -> u64 {
    let cells = results.cells();
    let cell = cells.iter().find(|cell| cell.profile == profile);
    let metric = Metric::named("qoe_pensieve");
    let nearest = cell.zip(metric).and_then(|(cell, metric)| {
        let median = Sample::new(cell.values(metric.of))?.quantile(0.5);
        let distance = |run: &crate::sweep::matrix::RunResult| {
            run.figures().map(|figures| ((metric.of)(figures) - median).abs())
        };
        let runs = cell.runs.iter().filter_map(|run| Some((distance(run)?, run.seed)));
        runs.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, seed)| seed)
    });
    nearest.unwrap_or(results.seeds.first)
}
