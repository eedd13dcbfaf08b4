//! The profile of an estimate, with what stands behind each figure as comments.

use super::{
    latency_estimate::LatencyEstimate,
    rate_estimate::{Evidence, RateStep},
};
use crate::units::{BitRate, span};
use std::{fmt::Write as _, time::Duration};

/// The text of a profile. `summary` and `source` are its first lines.
pub(super) fn profile(
    summary: &str,
    source: &str,
    latency: Option<&LatencyEstimate>,
    steps: &[RateStep],
) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut text = format!("summary = {}\nsource = {}\n\n", quoted(summary), quoted(source));
    if let Some(latency) = latency {
        write_latency(&mut text, latency);
    }
    match steps {
        [] => text.push_str("# Too few bytes to tell a rate: the link has no limit.\n"),
        steps => write_rate(&mut text, steps),
    }
    text
}

fn write_latency(text: &mut String, latency: &LatencyEstimate) {
    let LatencyEstimate { waits, base_ms, median_ms, p90_ms, jitter_ms, apart, connect_ms } =
        latency;
    let of = if *apart { "as the proxy applied it" } else { "with the origin's own time" };
    let count = if *waits == 1 { "1 wait".to_owned() } else { format!("{waits} waits") };
    // Writing to a String can't fail.
    let _ = writeln!(
        text,
        "# {count} for a first byte, {of}: median {median_ms} ms, 90 % below {p90_ms} ms."
    );
    if let Some(connect) = connect_ms {
        let _ = writeln!(
            text,
            "# Connecting took {connect} ms (median): about a round trip, two or more with TLS."
        );
    }
    let _ = writeln!(text, "[latency]\nrtt = \"{base_ms} ms\"");
    if !jitter_ms.is_empty() {
        let table: Vec<_> = jitter_ms.iter().map(|ms| format!("\"{ms} ms\"")).collect();
        let table = table.join(", ");
        let _ = writeln!(text, "jitter = {{ distribution = \"empirical\", table = [{table}] }}");
    }
    text.push('\n');
}

fn write_rate(text: &mut String, steps: &[RateStep]) {
    text.push_str(
        "# Behind each rate: bytes that arrived, and the share of its time in which any were under way.\n[downlink]\n",
    );
    if let [only] = steps {
        let _ = writeln!(text, "rate = \"{}\" # {}", rate(only), behind(only));
        return;
    }
    text.push_str("schedule = [\n");
    for step in steps {
        let lasts = span::print(Duration::from_millis((step.lasts_s * 1e3).round() as u64));
        let _ = writeln!(
            text,
            "    {{ for = \"{lasts}\", rate = \"{}\" }}, # {}",
            rate(step),
            behind(step)
        );
    }
    text.push_str("]\n");
}

fn rate(step: &RateStep) -> String {
    let rate = BitRate::from_bits_per_second(step.rate_bps);
    let text = rate.to_string();
    // A rounded text would not be the same rate.
    if text.parse() == Ok(rate) { text } else { format!("{} bit/s", step.rate_bps) }
}

/// What stands behind a step.
fn behind(step: &RateStep) -> String {
    match step.evidence {
        Evidence::Interpolated => "no evidence: nothing was under way".to_owned(),
        Evidence::Silent => "silence: nothing arrived".to_owned(),
        Evidence::Measured => {
            format!("{} in {:.0} % of the time", size(step.bytes), step.share * 100.0)
        }
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
