//! How many concurrent downloads, each in its own session, and the cost of each.

use crate::{
    clock,
    crowd::{self, WINDOW, Windows},
    effort::Effort,
    figure::Figure,
    machine::Watch,
    report::{Report, Table, Target},
    rig::Rig,
    stutter::Stutter,
};
use anyhow::anyhow;
use std::{thread, time::Duration};

const MEGABITS: f64 = 1.0;
const CROWDS: [usize; 4] = [100, 1000, 2000, 4000];
/// The crowd for which there are targets.
const GOAL: usize = 2000;
const ENDLESS: u64 = 1 << 50;
const RAMP: Duration = Duration::from_secs(2);
/// From the last start to where counting begins.
const SETTLING: Duration = Duration::from_secs(1);

/// What one run gave.
struct Run {
    /// The share of downloads within 1 % of their rate.
    true_share: f64,
    slowest: f64,
    fastest: f64,
    variation: f64,
    worst_variation: f64,
    /// Cores the proxy used.
    cores: f64,
    /// KiB of memory that each download added to the proxy.
    kibibytes: f64,
    foreign: f64,
    /// How late the machine woke up a thread that had nothing to do with all this, in milliseconds.
    late: f64,
}

pub(crate) fn measure(rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    let mut table = Table::new(
        "Scale",
        "Downloads at once at 1 Mbit/s, each a session and a connection of its own. Rates are of \
         the one asked for; CV is of bytes per 100 ms, the median download's and the worst one's; \
         memory is what the proxy's resident set grew by for each, kernel's buffers aside. Client \
         and origin share the machine's cores with the proxy. Machine late: how long, at the worst, \
         threads that had nothing to do with all this slept too long.",
        &[
            "downloads",
            "within 1 %",
            "slowest",
            "fastest",
            "CV 100 ms",
            "worst CV",
            "cores",
            "KiB each",
            "foreign",
            "machine late ms",
        ],
    );
    for &downloads in effort.of(&CROWDS) {
        eprintln!("scale: {downloads} downloads");
        let runs = (0..effort.runs).map(|_| run(rig, effort, downloads));
        let runs = runs.collect::<anyhow::Result<Vec<Run>>>()?;
        let of = |get: fn(&Run) -> f64| Figure::new(runs.iter().map(get));
        let (true_share, variation) = (of(|run| run.true_share), of(|run| run.variation));
        let (cores, kibibytes) = (of(|run| run.cores), of(|run| run.kibibytes));
        table.rows.push(vec![
            downloads.to_string(),
            format!("{true_share:.4}"),
            format!("{:.4}", of(|run| run.slowest)),
            format!("{:.4}", of(|run| run.fastest)),
            format!("{variation:.3}"),
            format!("{:.3}", of(|run| run.worst_variation)),
            format!("{cores:.2}"),
            format!("{kibibytes:.1}"),
            format!("{:.2}", of(|run| run.foreign)),
            format!("{:.0}", of(|run| run.late)),
        ]);
        if downloads == GOAL {
            let case = format!("{downloads} downloads");
            let mut check = |what, target, figure| {
                report.check(("scale", &case), what, target, (figure, 3));
            };
            check("share within 1 %", Target::AtLeast(1.0), &true_share);
            check("CV per 100 ms", Target::AtMost(0.15), &variation);
            check("cores", Target::AtMost(1.0), &cores);
            check("KiB a download", Target::AtMost(40.0), &kibibytes);
        }
    }
    report.table(table);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "it has a thread of its own, and waits for another")]
fn run(rig: &Rig, effort: &Effort, downloads: usize) -> anyhow::Result<Run> {
    rig.patience.wait_for_quiet();
    let proxy = rig.proxy_at(MEGABITS)?;
    let sessions = (0..downloads).map(|_| Ok(proxy.session()?.path(ENDLESS)));
    let paths = sessions.collect::<anyhow::Result<Vec<String>>>()?;
    let before = proxy.process.memory();
    let watch = Watch::start(&proxy.process);
    let stutter = Stutter::watch();
    let zero = clock::now();
    let from = RAMP + SETTLING;
    let end = from + effort.download;
    let (all, used) = thread::scope(|scope| {
        let crowd = scope.spawn(|| crowd::downloads(proxy.listen, paths, zero, (RAMP, end)));
        thread::sleep(from.saturating_sub(zero.elapsed()));
        let (cpu, start) = (proxy.process.cpu(), clock::now());
        // The crowd ends at `end`, and the connections with it.
        thread::sleep((end - Duration::from_millis(50)).saturating_sub(zero.elapsed()));
        let cores = (proxy.process.cpu() - cpu).as_secs_f64() / start.elapsed().as_secs_f64();
        let memory = proxy.process.memory();
        let all = crowd.join().map_err(|_| anyhow!("the crowd panicked"))??;
        anyhow::Ok((all, (cores, memory)))
    })?;
    let (foreign, late) = (watch.foreign(&proxy.process), stutter.latest_ms());
    let first = (from.as_nanos() / WINDOW.as_nanos()) as usize;
    let counted: Vec<&[u32]> = all.iter().map(|windows: &Windows| &windows[first..]).collect();
    let mut rates: Vec<f64> = counted.iter().map(|windows| rate(windows)).collect();
    let mut variations: Vec<f64> = counted.iter().map(|windows| variation(windows)).collect();
    rates.sort_by(f64::total_cmp);
    variations.sort_by(f64::total_cmp);
    let within = rates.iter().filter(|rate| (*rate - 1.0).abs() <= 0.01).count();
    Ok(Run {
        true_share: within as f64 / downloads as f64,
        slowest: rates[0],
        fastest: rates[downloads - 1],
        variation: variations[downloads / 2],
        worst_variation: variations[downloads - 1],
        cores: used.0,
        kibibytes: (used.1.saturating_sub(before)) as f64 / 1024.0 / downloads as f64,
        foreign,
        late,
    })
}

/// Of the one asked for.
fn rate(windows: &[u32]) -> f64 {
    let bytes: f64 = windows.iter().map(|bytes| f64::from(*bytes)).sum();
    bytes * 8.0 / (windows.len() as f64 * WINDOW.as_secs_f64()) / (MEGABITS * 1e6)
}

/// The coefficient of variation of bytes per window.
fn variation(windows: &[u32]) -> f64 {
    let count = windows.len() as f64;
    let mean = windows.iter().map(|bytes| f64::from(*bytes)).sum::<f64>() / count;
    let square = |bytes: &u32| (f64::from(*bytes) - mean).powi(2);
    (windows.iter().map(square).sum::<f64>() / count).sqrt() / mean
}
