//! The same downloads through the kernel's shaper and through the proxy's, in turn.

use crate::{
    clock,
    download::download,
    effort::Effort,
    figure::Figure,
    machine::Watch,
    report::{Report, Table, Target},
    rig::Rig,
    trace::Trace,
    veth::{Veth, congestion_controls},
};
use anyhow::anyhow;
use std::{net::SocketAddr, thread, time::Duration};

const MEGABITS: [f64; 5] = [25.0, 1.0, 5.0, 100.0, 1000.0];
const PARALLEL: usize = 4;
const ENDLESS: u64 = 1 << 50;
const SETTLING: Duration = Duration::from_secs(1);
/// Rates nearer to each other than this are the same: what a pause of some milliseconds does to the slope.
const RESOLUTION: f64 = 2e-5;
/// `tbf` counts Ethernet frames, 1514 bytes for 1448 of payload; ours counts the payload.
const FRAME: f64 = 1448.0 / 1514.0;

/// What one download gave.
struct Run {
    /// Goodput over the rate, corrected for what the shaper counts.
    goodput: f64,
    variation: f64,
    gap_ms: f64,
    foreign: f64,
}

pub(crate) fn measure(rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    let veth = match Veth::start() {
        Ok(veth) => veth,
        Err(problem) => {
            eprintln!("kernel: skipped, as this machine does not allow it: {problem:#}");
            report.skip("kernel", &format!("{problem:#}"));
            return Ok(());
        }
    };
    rates(rig, &veth, effort, report)?;
    sharing(rig, &veth, effort, report)
}

fn rates(rig: &Rig, veth: &Veth, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    let mut table = Table::new(
        "Beside the kernel's token bucket filter",
        "One download, through vsps and through `tc tbf` on a veth pair, in turn. Goodput after \
         the first second (the slope of bytes over time, by least squares), over the rate, \
         corrected for what each counts (tbf: 1514 bytes for 1448 of payload). CV: coefficient of variation of bytes per 10 ms.",
        &["Mbit/s", "shaper", "goodput/rate", "CV 10 ms", "longest gap ms", "foreign"],
    );
    let mut rates = effort.of(&MEGABITS).to_vec();
    rates.sort_by(f64::total_cmp);
    for megabits in rates {
        eprintln!("kernel: {megabits} Mbit/s");
        let mut ours = Vec::new();
        let mut theirs: Vec<_> = congestion_controls().into_iter().map(|c| (c, vec![])).collect();
        for _ in 0..effort.runs {
            ours.push(through_us(rig, effort, megabits)?);
            for (congestion, runs) in &mut theirs {
                veth.shape(megabits, congestion)?;
                rig.patience.wait_for_quiet();
                runs.push(one(veth.origin, &format!("/{ENDLESS}"), effort, megabits * FRAME)?);
            }
        }
        table.rows.push(row(megabits, "vsps", &ours));
        for (congestion, runs) in &theirs {
            table.rows.push(row(megabits, &format!("tbf, {congestion}"), runs));
        }
        judge(megabits, &ours, &theirs, report);
    }
    report.table(table);
    Ok(())
}

fn through_us(rig: &Rig, effort: &Effort, megabits: f64) -> anyhow::Result<Run> {
    let proxy = rig.proxy_at(megabits)?;
    let path = proxy.session()?.path(ENDLESS);
    rig.patience.wait_for_quiet();
    let watch = Watch::start(&proxy.process);
    let run = one(proxy.listen, &path, effort, megabits)?;
    Ok(Run { foreign: watch.foreign(&proxy.process), ..run })
}

fn one(address: SocketAddr, path: &str, effort: &Effort, megabits: f64) -> anyhow::Result<Run> {
    let trace = download(address, path, clock::now(), effort.download)?;
    let settled = trace.first() + SETTLING.min(effort.download / 5);
    Ok(Run {
        goodput: trace.slope(settled) / (megabits * 1e6),
        variation: trace.variation(settled, Duration::from_millis(10)),
        gap_ms: trace.longest_gap(settled).as_secs_f64() * 1e3,
        foreign: 0.0,
    })
}

fn row(megabits: f64, shaper: &str, runs: &[Run]) -> Vec<String> {
    let of = |get: fn(&Run) -> f64| Figure::new(runs.iter().map(get));
    vec![
        megabits.to_string(),
        shaper.to_owned(),
        format!("{:.5}", of(|run| run.goodput)),
        format!("{:.3}", of(|run| run.variation)),
        format!("{:.1}", of(|run| run.gap_ms)),
        format!("{:.2}", of(|run| run.foreign)),
    ]
}

/// Closer to the rate than any of theirs, and no less smooth than the default one's.
fn judge(megabits: f64, ours: &[Run], theirs: &[(String, Vec<Run>)], report: &mut Report) {
    let off = |runs: &[Run]| Figure::new(runs.iter().map(|run| (run.goodput - 1.0).abs()));
    let variation = |runs: &[Run]| Figure::new(runs.iter().map(|run| run.variation));
    for (congestion, runs) in theirs {
        let case = format!("{megabits} Mbit/s, tbf with {congestion}");
        let most = Target::AtMost(round(off(runs).median()).max(RESOLUTION));
        report.check(("kernel", &case), "goodput off by", most, (&off(ours), 5));
        let most = Target::AtMost(round(variation(runs).median()));
        report.check(("kernel", &case), "CV 10 ms", most, (&variation(ours), 3));
    }
}

/// To five places, as it is printed.
fn round(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

fn sharing(rig: &Rig, veth: &Veth, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    let megabits = MEGABITS[0];
    let mut table = Table::new(
        "Four downloads at once, beside the kernel's filter",
        "Four downloads share 25 Mbit/s. Jain's index is 1 where all get the same.",
        &["shaper", "Jain"],
    );
    eprintln!("kernel: {PARALLEL} downloads");
    let mut ours = Vec::new();
    let mut theirs: Vec<_> = congestion_controls().into_iter().map(|c| (c, vec![])).collect();
    for _ in 0..effort.runs {
        let proxy = rig.proxy_at(megabits)?;
        let path = proxy.session()?.path(ENDLESS);
        ours.push(jain(proxy.listen, &path, effort)?);
        for (congestion, runs) in &mut theirs {
            veth.shape(megabits, congestion)?;
            runs.push(jain(veth.origin, &format!("/{ENDLESS}"), effort)?);
        }
    }
    let ours = Figure::new(ours);
    table.rows.push(vec!["vsps".to_owned(), format!("{ours:.4}")]);
    for (congestion, runs) in theirs {
        table.rows.push(vec![format!("tbf, {congestion}"), format!("{:.4}", Figure::new(runs))]);
    }
    report.check(("kernel", "4 downloads"), "Jain's index", Target::AtLeast(0.99), (&ours, 5));
    report.table(table);
    Ok(())
}

fn jain(address: SocketAddr, path: &str, effort: &Effort) -> anyhow::Result<f64> {
    let zero = clock::now();
    let traces = thread::scope(|scope| {
        let start = |_| scope.spawn(|| download(address, path, zero, effort.download));
        let running: Vec<_> = (0..PARALLEL).map(start).collect();
        let join = |running: thread::ScopedJoinHandle<'_, anyhow::Result<Trace>>| {
            running.join().map_err(|_| anyhow!("a download panicked"))?
        };
        running.into_iter().map(join).collect::<anyhow::Result<Vec<Trace>>>()
    })?;
    let from = traces.iter().map(Trace::first).max().unwrap_or_default() + SETTLING;
    let to = traces.iter().map(Trace::last).min().unwrap_or_default();
    let rates: Vec<f64> = traces.iter().map(|trace| trace.between(from, to)).collect();
    let (sum, squares): (f64, f64) = (rates.iter().sum(), rates.iter().map(|r| r * r).sum());
    Ok(sum * sum / (PARALLEL as f64 * squares))
}
