//! How soon a new rate applies to a running download.

use crate::{
    clock,
    download::download,
    effort::Effort,
    figure::Figure,
    proxy::{Proxy, Session},
    report::{Report, Table},
    rig::Rig,
    trace::Trace,
};
use anyhow::anyhow;
use std::{
    thread,
    time::{Duration, Instant},
};

const START: f64 = 8.0;
const CHANGES: [f64; 2] = [1.0, 4.0];
const ENDLESS: u64 = 1 << 50;
const WINDOW: Duration = Duration::from_millis(100);
const STEP: Duration = Duration::from_millis(1);
/// The window counts when the second after its start is within reach of the rate as well.
const STAYS: Duration = Duration::from_secs(1);

/// The result of one change.
struct Run {
    ms_to_follow: f64,
    steady: f64,
    gap_ms: f64,
}

pub(crate) fn measure(rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    let mut table = Table::new(
        "Live change",
        "PATCHes of the rate during one download. To follow: from sending the PATCH to the first \
         window of 100 ms with goodput within 10 % of the new rate, where the second from there \
         on is within 10 % too. Steady: goodput over the new rate, from then to the next change.",
        &["Mbit/s", "ms to follow", "steady/rate", "longest gap after, ms"],
    );
    eprintln!("change");
    let runs = (0..effort.runs).map(|_| run(rig, effort));
    let runs = runs.collect::<anyhow::Result<Vec<Vec<Run>>>>()?;
    let mut before = START;
    for (index, rate) in CHANGES.iter().enumerate() {
        let of = |get: fn(&Run) -> f64| Figure::new(runs.iter().map(|run| get(&run[index])));
        table.rows.push(vec![
            format!("{before} → {rate}"),
            format!("{:.0}", of(|run| run.ms_to_follow)),
            format!("{:.4}", of(|run| run.steady)),
            format!("{:.1}", of(|run| run.gap_ms)),
        ]);
        before = *rate;
    }
    report.table(table);
    Ok(())
}

fn run(rig: &Rig, effort: &Effort) -> anyhow::Result<Vec<Run>> {
    rig.patience.wait_for_quiet();
    let proxy = rig.proxy_at(START)?;
    let session = proxy.session()?;
    // Each rate for half a download's time, but long enough to judge.
    let each = (effort.download / 2).max(STAYS * 2);
    let zero = clock::now();
    let (trace, sent) = thread::scope(|scope| {
        let path = session.path(ENDLESS);
        let whole = each * (CHANGES.len() as u32 + 1);
        let running = scope.spawn(move || download(proxy.listen, &path, zero, whole));
        let sent = change(&proxy, &session, zero, each);
        let trace = running.join().map_err(|_| anyhow!("the download panicked"))??;
        anyhow::Ok((trace, sent?))
    })?;
    let ends = sent.iter().skip(1).copied().chain([trace.last()]);
    let judged = CHANGES.iter().zip(sent.iter().zip(ends));
    Ok(judged.map(|(rate, (from, to))| judge(&trace, rate * 1e6, *from, to)).collect())
}

/// Sends the PATCH requests; returns when.
fn change(
    proxy: &Proxy,
    session: &Session,
    zero: Instant,
    each: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let mut sent = Vec::new();
    for (rate, n) in CHANGES.iter().zip(1..) {
        clock::sleep_until(zero + each * n);
        sent.push(clock::now() - zero);
        proxy.set_rate(session, *rate)?;
    }
    Ok(sent)
}

fn judge(trace: &Trace, rate: f64, from: Duration, to: Duration) -> Run {
    let near = |start: Duration, lasts: Duration| {
        (trace.between(start, start + lasts) / rate - 1.0).abs() <= 0.1
    };
    let mut start = from;
    while start + STAYS < to && !(near(start, WINDOW) && near(start, STAYS)) {
        start += STEP;
    }
    let followed = start + STAYS < to;
    Run {
        ms_to_follow: if followed { (start - from).as_secs_f64() * 1e3 } else { f64::NAN },
        steady: trace.between(start, to) / rate,
        gap_ms: trace.longest_gap(from).as_secs_f64() * 1e3,
    }
}
