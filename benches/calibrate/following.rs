//! How closely the rate follows a recorded trace, in tenths of a second, and steps.

use crate::{
    clock,
    download::download,
    effort::Effort,
    figure::Figure,
    report::{Report, Table, Target},
    rig::Rig,
    trace::Trace,
};
use anyhow::Context as _;
use std::{fmt::Write as _, fs, time::Duration};

const WINDOW: Duration = Duration::from_millis(100);
const ENDLESS: u64 = 1 << 50;
/// A step is judged from so long after it, for so long.
const GRACE: Duration = Duration::from_millis(20);
const JUDGED: Duration = Duration::from_millis(200);
/// Mbit/s, for a third of the download each.
const STEPS: [f64; 3] = [8.0, 1.0, 4.0];

pub(crate) fn measure(rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    eprintln!("following: a trace");
    let runs = (0..effort.runs).map(|_| trace(rig, effort));
    let runs = runs.collect::<anyhow::Result<Vec<(f64, f64)>>>()?;
    let correlation = Figure::new(runs.iter().map(|run| run.0));
    let whole = Figure::new(runs.iter().map(|run| run.1));
    let mut table = Table::new(
        "Following a trace",
        "One download under a recording of ten rates a second, 0.5 to 12 Mbit/s: the correlation \
         of bytes delivered per 100 ms with the recording, and all of the former over the latter.",
        &["correlation", "delivered/recorded"],
    );
    table.rows.push(vec![format!("{correlation:.5}"), format!("{whole:.4}")]);
    report.table(table);
    report.check(("following", "trace"), "correlation", Target::AtLeast(0.99), (&correlation, 5));
    steps(rig, effort, report)
}

/// The rates of a recording, in kbit/s: a walk that a small generator takes, ever the same.
fn recording(count: usize) -> Vec<f64> {
    let (mut state, mut rate) = (1_u64, 4000.0_f64);
    let step = |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = (state >> 33) as f64 / f64::from(1_u32 << 31);
        rate = (rate + 4000.0 * (uniform - 0.5)).clamp(500.0, 12_000.0).round();
        rate
    };
    (0..count).map(step).collect()
}

fn trace(rig: &Rig, effort: &Effort) -> anyhow::Result<(f64, f64)> {
    let rates = recording(600);
    let mut text = "time_ms,kbps\n".to_owned();
    for (number, rate) in rates.iter().enumerate() {
        writeln!(text, "{},{rate}", number * 100)?;
    }
    fs::write(rig.folder.join("recording.csv"), text).context("recording.csv")?;
    let proxy = rig.proxy("[downlink]\ntrace = \"recording.csv\"")?;
    rig.patience.wait_for_quiet();
    let path = proxy.session()?.path(ENDLESS);
    // The session's own time zero, to within a millisecond.
    let zero = clock::now();
    let trace = download(proxy.listen, &path, zero, effort.download)?;
    let first = 1 + (trace.first().as_nanos() / WINDOW.as_nanos()) as u32;
    let windows = first..(trace.last().as_nanos() / WINDOW.as_nanos()) as u32;
    let bits = |n: u32| trace.between(WINDOW * n, WINDOW * (n + 1));
    let delivered: Vec<f64> = windows.clone().map(bits).collect();
    let recorded: Vec<f64> = windows.map(|n| rates[n as usize] * 1e3).collect();
    let whole = delivered.iter().sum::<f64>() / recorded.iter().sum::<f64>();
    Ok((correlation(&delivered, &recorded), whole))
}

/// Pearson's.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
    let (of_a, of_b) = (mean(a), mean(b));
    let product: f64 = a.iter().zip(b).map(|(x, y)| (x - of_a) * (y - of_b)).sum();
    let spread = |list: &[f64], mean: f64| list.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    product / (spread(a, of_a) * spread(b, of_b)).sqrt()
}

fn steps(rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    eprintln!("following: steps");
    let mut table = Table::new(
        "Steps of a schedule",
        "One download over 8, 1 and 4 Mbit/s: its rate from 20 to 220 ms after each step, over the \
         new one, and the longest gap in those 220 ms.",
        &["step", "rate/new rate", "longest gap ms"],
    );
    let lasts = effort.download / 3;
    let list = STEPS.map(|megabits| {
        format!("{{ for = \"{} ms\", rate = \"{megabits} Mbit/s\" }}", lasts.as_millis())
    });
    let link = format!("[downlink]\nschedule = [{}]", list.join(", "));
    let mut runs: Vec<Trace> = Vec::new();
    for _ in 0..effort.runs {
        let proxy = rig.proxy(&link)?;
        rig.patience.wait_for_quiet();
        let path = proxy.session()?.path(ENDLESS);
        runs.push(download(proxy.listen, &path, clock::now(), 3 * lasts)?);
    }
    for (number, pair) in (1..).zip(STEPS.windows(2)) {
        let at = lasts * number;
        let after = |run: &Trace| run.between(at + GRACE, at + GRACE + JUDGED) / (pair[1] * 1e6);
        let rate = Figure::new(runs.iter().map(after));
        let gap = |run: &Trace| run.gap_within(at, at + GRACE + JUDGED).as_secs_f64() * 1e3;
        let gap = Figure::new(runs.iter().map(gap));
        let case = format!("{} → {} Mbit/s", pair[0], pair[1]);
        table.rows.push(vec![case.clone(), format!("{rate:.3}"), format!("{gap:.1}")]);
        report.check(("following", &case), "rate after 20 ms", Target::Within(0.1), (&rate, 3));
    }
    report.table(table);
    Ok(())
}
