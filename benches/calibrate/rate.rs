//! How accurately and how smoothly the rate is kept.

use crate::{
    clock,
    download::download,
    effort::Effort,
    figure::Figure,
    machine::{MOST_FOREIGN, Watch},
    report::{Report, Table, Target},
    rig::Rig,
};
use std::time::Duration;

/// A run that others disturb is done again, at most so often.
const TRIES: usize = 3;
/// Smoothness is judged after the start.
const SETTLING: Duration = Duration::from_secs(1);
const ENDLESS: u64 = 1 << 50;

/// A rate, and what is asked of it.
struct Case {
    megabits: f64,
    /// Goodput over rate, off from 1 by at most this.
    within: f64,
    /// The coefficient of variation of bytes per 10 ms.
    variation: Option<f64>,
}

const CASES: [Case; 6] = [
    Case { megabits: 25.0, within: 0.002, variation: Some(0.12) },
    Case { megabits: 0.1, within: 0.002, variation: None },
    Case { megabits: 1.0, within: 0.002, variation: Some(0.50) },
    Case { megabits: 5.0, within: 0.002, variation: Some(0.27) },
    Case { megabits: 100.0, within: 0.002, variation: Some(0.15) },
    Case { megabits: 1000.0, within: 0.005, variation: Some(0.10) },
];

/// What one run gave.
struct Run {
    goodput: f64,
    whole: f64,
    variation_10: f64,
    variation_100: f64,
    gap_ms: f64,
    reads: f64,
    wake_ups: f64,
    cpu: f64,
    cpu_per_gigabyte: f64,
    foreign: f64,
}

pub(crate) fn measure(rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    let mut table = Table::new(
        "Rate and smoothness",
        "One download. Goodput: bytes after the first read, over the time from first to last \
         read; whole: all bytes since the request. CV: coefficient of variation of bytes per \
         window, after the first second. Reads are the client's; wake-ups the proxy's voluntary \
         context switches; both per second. CPU of the proxy. Foreign: the share of the machine \
         burnt by others meanwhile.",
        &[
            "Mbit/s",
            "goodput/rate",
            "whole/rate",
            "CV 10 ms",
            "CV 100 ms",
            "longest gap ms",
            "reads/s",
            "wake-ups/s",
            "CPU s",
            "CPU s/GB",
            "foreign",
        ],
    );
    let mut cases: Vec<&Case> = effort.of(&CASES).iter().collect();
    cases.sort_by(|a, b| a.megabits.total_cmp(&b.megabits));
    for case in cases {
        eprintln!("rate: {} Mbit/s", case.megabits);
        let runs = (0..effort.runs).map(|_| quiet_run(rig, effort, case.megabits));
        let runs = runs.collect::<anyhow::Result<Vec<Run>>>()?;
        table.rows.push(row(case, &runs));
        judge(case, &runs, report);
    }
    report.table(table);
    Ok(())
}

/// The first run that others leave alone, or the least disturbed.
fn quiet_run(rig: &Rig, effort: &Effort, megabits: f64) -> anyhow::Result<Run> {
    rig.patience.wait_for_quiet();
    let mut best = run(rig, effort, megabits)?;
    for _ in 1..TRIES {
        if best.foreign <= MOST_FOREIGN || !rig.patience.spend(effort.download) {
            break;
        }
        eprintln!("  others burnt {:.0} % of the machine: again", best.foreign * 100.0);
        rig.patience.wait_for_quiet();
        let next = run(rig, effort, megabits)?;
        if next.foreign < best.foreign {
            best = next;
        }
    }
    Ok(best)
}

fn run(rig: &Rig, effort: &Effort, megabits: f64) -> anyhow::Result<Run> {
    let proxy = rig.proxy_at(megabits)?;
    let path = proxy.session()?.path(ENDLESS);
    let process = &proxy.process;
    let watch = Watch::start(process);
    let (cpu, wake_ups) = (process.cpu(), process.wake_ups());
    let trace = download(proxy.listen, &path, clock::now(), effort.download)?;
    let (cpu, wake_ups) = (process.cpu() - cpu, process.wake_ups() - wake_ups);
    let foreign = watch.foreign(process);
    let settled = trace.first() + SETTLING.min(effort.download / 5);
    let rate = megabits * 1e6;
    Ok(Run {
        goodput: trace.goodput() / rate,
        whole: trace.whole() / rate,
        variation_10: trace.variation(settled, Duration::from_millis(10)),
        variation_100: trace.variation(settled, Duration::from_millis(100)),
        gap_ms: trace.longest_gap(settled).as_secs_f64() * 1e3,
        reads: trace.reads_per_second(),
        wake_ups: wake_ups as f64 / effort.download.as_secs_f64(),
        cpu: cpu.as_secs_f64(),
        cpu_per_gigabyte: cpu.as_secs_f64() / trace.bytes() as f64 * 1e9,
        foreign,
    })
}

fn row(case: &Case, runs: &[Run]) -> Vec<String> {
    let of = |get: fn(&Run) -> f64| Figure::new(runs.iter().map(get));
    vec![
        case.megabits.to_string(),
        format!("{:.5}", of(|run| run.goodput)),
        format!("{:.5}", of(|run| run.whole)),
        format!("{:.3}", of(|run| run.variation_10)),
        format!("{:.3}", of(|run| run.variation_100)),
        format!("{:.1}", of(|run| run.gap_ms)),
        format!("{:.0}", of(|run| run.reads)),
        format!("{:.0}", of(|run| run.wake_ups)),
        format!("{:.2}", of(|run| run.cpu)),
        format!("{:.2}", of(|run| run.cpu_per_gigabyte)),
        format!("{:.2}", of(|run| run.foreign)),
    ]
}

fn judge(case: &Case, runs: &[Run], report: &mut Report) {
    let of = |get: fn(&Run) -> f64| Figure::new(runs.iter().map(get));
    let name = format!("{} Mbit/s", case.megabits);
    let goodput = of(|run| run.goodput);
    report.check(("rate", &name), "goodput/rate", Target::Within(case.within), (&goodput, 5));
    if let Some(most) = case.variation {
        let seen = of(|run| run.variation_10);
        report.check(("smoothness", &name), "CV 10 ms", Target::AtMost(most), (&seen, 3));
    }
    // The longest of all runs: a promise of "no gap" is not kept by a median.
    let gap = runs.iter().map(|run| run.gap_ms).fold(0.0, f64::max);
    let gap = Figure::new([gap]);
    report.check(("smoothness", &name), "longest gap ms, any run", Target::AtMost(30.0), (&gap, 1));
}
