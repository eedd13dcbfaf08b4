//! Whether parallel downloads of a session share its link fairly, and use all of it.

use crate::{
    clock,
    download::download,
    effort::Effort,
    figure::Figure,
    machine::Watch,
    report::{Report, Table, Target},
    rig::Rig,
    trace::Trace,
};
use anyhow::anyhow;
use std::{thread, time::Duration};

const MEGABITS: f64 = 25.0;
const DOWNLOADS: [usize; 3] = [2, 4, 6];
const ENDLESS: u64 = 1 << 50;
/// From the last download's first byte to where counting starts.
const SETTLING: Duration = Duration::from_millis(200);

/// What one run gave.
struct Run {
    jain: f64,
    sum: f64,
    smallest: f64,
    largest: f64,
    foreign: f64,
}

pub(crate) fn measure(rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    let mut table = Table::new(
        "Sharing",
        "Parallel downloads of one session at 25 Mbit/s, over the time that all of them ran. \
         Jain's index is 1 where all get the same; shares are of the fair one.",
        &["downloads", "Jain", "sum/rate", "smallest share", "largest share", "foreign"],
    );
    for &downloads in effort.of(&DOWNLOADS) {
        eprintln!("sharing: {downloads} downloads");
        let runs = (0..effort.runs).map(|_| run(rig, effort, downloads));
        let runs = runs.collect::<anyhow::Result<Vec<Run>>>()?;
        let of = |get: fn(&Run) -> f64| Figure::new(runs.iter().map(get));
        let (jain, sum) = (of(|run| run.jain), of(|run| run.sum));
        table.rows.push(vec![
            downloads.to_string(),
            format!("{jain:.5}"),
            format!("{sum:.5}"),
            format!("{:.4}", of(|run| run.smallest)),
            format!("{:.4}", of(|run| run.largest)),
            format!("{:.2}", of(|run| run.foreign)),
        ]);
        let case = format!("{downloads} downloads");
        report.check(("sharing", &case), "Jain's index", Target::AtLeast(0.99), (&jain, 5));
        report.check(("sharing", &case), "sum/rate", Target::Within(0.01), (&sum, 5));
    }
    report.table(table);
    Ok(())
}

fn run(rig: &Rig, effort: &Effort, downloads: usize) -> anyhow::Result<Run> {
    rig.patience.wait_for_quiet();
    let proxy = rig.proxy_at(MEGABITS)?;
    let path = proxy.session()?.path(ENDLESS);
    let watch = Watch::start(&proxy.process);
    let zero = clock::now();
    let traces = thread::scope(|scope| {
        let start = |_| scope.spawn(|| download(proxy.listen, &path, zero, effort.download));
        let running: Vec<_> = (0..downloads).map(start).collect();
        let join = |running: thread::ScopedJoinHandle<'_, anyhow::Result<Trace>>| {
            running.join().map_err(|_| anyhow!("a download panicked"))?
        };
        running.into_iter().map(join).collect::<anyhow::Result<Vec<Trace>>>()
    })?;
    let foreign = watch.foreign(&proxy.process);
    let from = traces.iter().map(Trace::first).max().unwrap_or_default() + SETTLING;
    let to = traces.iter().map(Trace::last).min().unwrap_or_default();
    let rates: Vec<f64> = traces.iter().map(|trace| trace.between(from, to)).collect();
    let sum: f64 = rates.iter().sum();
    let squares: f64 = rates.iter().map(|rate| rate * rate).sum();
    let fair = MEGABITS * 1e6 / downloads as f64;
    Ok(Run {
        jain: sum * sum / (downloads as f64 * squares),
        sum: sum / (MEGABITS * 1e6),
        smallest: rates.iter().copied().fold(f64::INFINITY, f64::min) / fair,
        largest: rates.iter().copied().fold(0.0, f64::max) / fair,
        foreign,
    })
}
