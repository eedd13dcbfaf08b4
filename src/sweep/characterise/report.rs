//! The findings as a text.

use super::{
    FaultOutcome, FaultReaction, Findings, OutageReaction, RateRule, ScenarioFindings,
    StepReaction, Threshold,
};
use std::fmt::Write as _;

/// Below this share of explained choices, something else than the rate decides.
const RULE: f64 = 0.9;
/// This many back-offs are listed.
const LISTED: usize = 6;

/// A text for a terminal.
#[must_use]
pub fn report(findings: &Findings) -> String {
    let mut text = format!("{}\n\n", findings.player);
    // Writing to a String can't fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<14} {value}");
    };
    if let Some(rung) = findings.first_rung {
        line("first rung", format!("{} of {}", rung + 1, findings.ladder_kbps.len()));
    }
    if let Some(buffer) = findings.buffer {
        let goal = if buffer.reached { "asks for more below" } else { "no pause seen up to" };
        line("buffer", format!("{goal} about {:.0} s ahead", buffer.asks_below_s));
    }
    match findings.rate_rule {
        Some(rule) => rate_rule(&rule, &mut line),
        None => line("rate rule", "no switch was seen".to_owned()),
    }
    text.push('\n');
    for scenario in &findings.scenarios {
        let _ = writeln!(text, "{:<14} {}", scenario.name, scenario.summary);
        let _ = writeln!(text, "{:<14}   {}", "", told(scenario));
    }
    text
}

fn rate_rule(rule: &RateRule, line: &mut dyn FnMut(&str, String)) {
    let estimate = if rule.half_life_s == 0.0 {
        "the last download".to_owned()
    } else if rule.half_life_s == rule.slow_half_life_s {
        format!("moving average, half-life {} s", rule.half_life_s)
    } else {
        let (fast, slow) = (rule.half_life_s, rule.slow_half_life_s);
        format!("the lower of two moving averages, half-lives {fast} s and {slow} s")
    };
    line("estimate", estimate);
    let share = |threshold: Option<Threshold>| match threshold {
        Some(Threshold { share, from, to }) => format!("{share:.2} ({from:.2} to {to:.2})"),
        None => "not seen".to_owned(),
    };
    line("switches up", format!("to what needs at most {} of the estimate", share(rule.up)));
    line(
        "switches down",
        format!("from what needs more than {} of the estimate", share(rule.down)),
    );
    let percent = 100.0 * rule.explained;
    let doubt = if rule.explained < RULE { ": not a rule of the rate alone" } else { "" };
    line("explained", format!("{percent:.0} % of the bounds of {} choices{doubt}", rule.choices));
}

fn told(scenario: &ScenarioFindings) -> String {
    if scenario.requests == 0 {
        return "the player did not come".to_owned();
    }
    let mut parts = vec![format!("{} requests", scenario.requests)];
    parts.extend(scenario.step_down.map(|step| format!("down: {}", step_told(&step))));
    parts.extend(scenario.step_up.map(|step| format!("up: {}", step_told(&step))));
    parts.extend(scenario.outage.map(|outage| outage_told(&outage)));
    parts.extend(scenario.fault.as_ref().map(fault_told));
    parts.join("; ")
}

fn step_told(step: &StepReaction) -> String {
    let StepReaction { from_rung, to_rung, first_switch_s, settled_s, given_up, .. } = step;
    let after = |seconds: &Option<f64>| match seconds {
        Some(seconds) => format!("{seconds:.1} s"),
        None => "never".to_owned(),
    };
    format!(
        "rung {} to {}, first switch after {}, last after {}, {given_up} downloads given up",
        from_rung + 1,
        to_rung + 1,
        after(first_switch_s),
        after(settled_s)
    )
}

fn outage_told(outage: &OutageReaction) -> String {
    let OutageReaction { first_segment_s, former_rung_s, rung_before, lowest_rung, given_up } =
        outage;
    let after = |seconds: &Option<f64>| match seconds {
        Some(seconds) => format!("after {seconds:.1} s"),
        None => "never".to_owned(),
    };
    format!(
        "first segment {}, rung {} again {}, lowest rung {}, {given_up} downloads given up",
        after(first_segment_s),
        rung_before + 1,
        after(former_rung_s),
        lowest_rung + 1
    )
}

fn fault_told(fault: &FaultReaction) -> String {
    let outcome = match fault.outcome {
        FaultOutcome::NotMet => "no request failed",
        FaultOutcome::PlaysOn => "plays on",
        FaultOutcome::Skips => "goes on without it",
        FaultOutcome::GivesUp => "gives up",
        FaultOutcome::KeepsTrying => "was still trying at the end",
    };
    let mut parts = vec![outcome.to_owned()];
    if fault.outcome != FaultOutcome::NotMet {
        parts.push(format!("{} retries", fault.retries));
    }
    if !fault.back_offs_s.is_empty() {
        let shown = fault.back_offs_s.iter().take(LISTED).map(|wait| format!("{wait:.1}"));
        let shown: Vec<String> = shown.collect();
        let more = if fault.back_offs_s.len() > LISTED { ", …" } else { "" };
        parts.push(format!("back-off {}{more} s", shown.join(", ")));
    }
    parts.extend(fault.time_out_s.map(|time| format!("time-out {time:.1} s")));
    parts.extend(fault.recovery_s.map(|time| format!("recovered in {time:.1} s")));
    if fault.rungs.len() > 1 {
        let rungs: Vec<String> = fault.rungs.iter().map(|rung| (rung + 1).to_string()).collect();
        parts.push(format!("rungs {}", rungs.join(", ")));
    }
    parts.join(", ")
}
