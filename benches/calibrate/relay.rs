//! The cost of relaying without changes, compared with other proxies in alternating rounds.

use crate::{
    effort::Effort,
    figure::Figure,
    load,
    machine::{MOST_FOREIGN, Watch},
    peers::{self, Relay},
    report::{Report, Table, Target},
    rig::Rig,
    system_calls,
    usual_origin::UsualOrigin,
    wrk,
};
use std::time::Duration;

/// A body, the number of connections, and what our relay may cost more than the bare one.
struct Case {
    name: &'static str,
    bytes: u64,
    connections: usize,
    most: f64,
}

const CASES: [Case; 6] = [
    Case { name: "1 KiB, 1 connection", bytes: 1024, connections: 1, most: 1.25 },
    Case { name: "1 KiB, 64 connections", bytes: 1024, connections: 64, most: 1.25 },
    Case { name: "64 KiB, 1 connection", bytes: 65_536, connections: 1, most: 1.25 },
    Case { name: "64 KiB, 64 connections", bytes: 65_536, connections: 64, most: 1.25 },
    Case { name: "1 MiB, 1 connection", bytes: 1_048_576, connections: 1, most: 1.2 },
    Case { name: "1 MiB, 64 connections", bytes: 1_048_576, connections: 64, most: 1.2 },
];

/// What the median latency of our relay on one connection may be, over that of haproxy.
const MOST_LATENCY: f64 = 1.05;

/// What one relay gave in one round.
#[derive(Clone, Copy)]
struct Turn {
    requests_per_second: f64,
    /// Of the relay, per request.
    cpu_micros: f64,
    /// Context switches of the relay, per request.
    switches: f64,
    /// Latencies in milliseconds; not a number if the client does not measure them.
    median: f64,
    p99: f64,
    foreign: f64,
}

pub(crate) fn measure(rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    let origin = UsualOrigin::start(rig, CASES.iter().map(|case| case.bytes))?;
    let relays = peers::start(rig, origin.address, !effort.smoke)?;
    let client = if wrk::is_installed() { "wrk, one thread" } else { "threads of our own" };
    let mut table = Table::new(
        "Relay",
        &format!(
            "Profile `unlimited`, keep-alive; origin: {}; load by {client}; the relays take turns in \
             each round. CPU, context switches and system calls of the relay alone, per request; system \
             calls by strace, in a load of their own. × bare and × haproxy: the ratio of CPU within a \
             round. Rounds in which others burnt more than {:.0} % of the machine are done again, as \
             long as there is patience.",
            origin.name(),
            MOST_FOREIGN * 100.0
        ),
        &[
            "case",
            "relay",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "CPU µs",
            "× bare",
            "× haproxy",
            "switches",
            "calls",
            "foreign",
        ],
    );
    for case in effort.of(&CASES) {
        let rounds = rounds(rig, &relays, effort, case)?;
        rows(&mut table, (rig, case), &relays, &rounds)?;
        judge(report, case, &relays, &rounds);
    }
    report.table(table);
    Ok(())
}

/// The requested number of rounds; disturbed ones only where there are too few quiet ones.
fn rounds(
    rig: &Rig,
    relays: &[Relay],
    effort: &Effort,
    case: &Case,
) -> anyhow::Result<Vec<Vec<Turn>>> {
    for relay in relays {
        // Fills pools and buffers.
        turn(relay, case, 1)?;
    }
    let round_time = Duration::from_secs(effort.load_seconds) * relays.len() as u32;
    let (mut rounds, mut disturbed) = (Vec::new(), Vec::new());
    while rounds.len() < effort.rounds {
        rig.patience.wait_for_quiet();
        let turns = relays.iter().map(|relay| turn(relay, case, effort.load_seconds));
        let turns = turns.collect::<anyhow::Result<Vec<Turn>>>()?;
        let foreign = turns.iter().map(|turn| turn.foreign).fold(0.0, f64::max);
        let done = rounds.len() + disturbed.len() + 1;
        eprintln!("relay: {}, round {done}, foreign CPU {:.0} %", case.name, foreign * 100.0);
        if foreign <= MOST_FOREIGN {
            rounds.push(turns);
        } else {
            disturbed.push((foreign, turns));
        }
        let enough = rounds.len() >= effort.rounds;
        if !enough && done >= effort.rounds && !rig.patience.spend(round_time) {
            break;
        }
    }
    // What is missing is made up for by the least disturbed.
    disturbed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let missing = effort.rounds.saturating_sub(rounds.len());
    rounds.extend(disturbed.into_iter().map(|(_, turns)| turns).take(missing));
    Ok(rounds)
}

fn load(relay: &Relay, case: &Case, seconds: u64) -> anyhow::Result<load::Loaded> {
    let load = if wrk::is_installed() { wrk::load } else { load::load };
    load(relay.address, &format!("/{}", case.bytes), case.connections, seconds)
}

fn turn(relay: &Relay, case: &Case, seconds: u64) -> anyhow::Result<Turn> {
    let watch = Watch::start(&relay.process);
    let (cpu, switches) = (relay.process.cpu(), relay.process.switches());
    let loaded = load(relay, case, seconds)?;
    let (cpu, switches) = (relay.process.cpu() - cpu, relay.process.switches() - switches);
    let requests = loaded.requests as f64;
    Ok(Turn {
        requests_per_second: requests / seconds as f64,
        cpu_micros: cpu.as_secs_f64() * 1e6 / requests,
        switches: switches as f64 / requests,
        median: loaded.median.unwrap_or(f64::NAN),
        p99: loaded.p99.unwrap_or(f64::NAN),
        foreign: watch.foreign(&relay.process),
    })
}

fn rows(
    table: &mut Table,
    (rig, case): (&Rig, &Case),
    relays: &[Relay],
    rounds: &[Vec<Turn>],
) -> anyhow::Result<()> {
    for (index, relay) in relays.iter().enumerate() {
        let of =
            |get: &dyn Fn(&Turn) -> f64| Figure::new(rounds.iter().map(|turns| get(&turns[index])));
        let by = |name| match position(relays, name) {
            Some(other) => format!("{:.3}", ratio(rounds, index, other, |turn| turn.cpu_micros)),
            None => String::new(),
        };
        let calls = system_calls::per_request(&relay.process, &rig.folder, || {
            Ok(load(relay, case, 1)?.requests)
        })?;
        table.rows.push(vec![
            case.name.to_owned(),
            relay.name.to_owned(),
            format!("{:.0}", of(&|turn| turn.requests_per_second)),
            format!("{:.3}", of(&|turn| turn.median)),
            format!("{:.2}", of(&|turn| turn.p99)),
            format!("{:.1}", of(&|turn| turn.cpu_micros)),
            by("bare"),
            by("haproxy"),
            format!("{:.2}", of(&|turn| turn.switches)),
            calls.map_or_else(String::new, |calls| format!("{calls:.1}")),
            format!("{:.2}", of(&|turn| turn.foreign)),
        ]);
    }
    Ok(())
}

fn position(relays: &[Relay], name: &str) -> Option<usize> {
    relays.iter().position(|relay| relay.name == name)
}

/// A figure of relay `a` over that of relay `b`, round by round.
fn ratio(rounds: &[Vec<Turn>], a: usize, b: usize, of: impl Fn(&Turn) -> f64) -> Figure {
    Figure::new(rounds.iter().map(|turns| of(&turns[a]) / of(&turns[b])))
}

fn judge(report: &mut Report, case: &Case, relays: &[Relay], rounds: &[Vec<Turn>]) {
    let (Some(bare), Some(ours)) = (position(relays, "bare"), position(relays, "vsps")) else {
        return;
    };
    let at = ("relay", case.name);
    let cpu = |other| ratio(rounds, ours, other, |turn| turn.cpu_micros);
    report.check(at, "CPU × bare", Target::AtMost(case.most), (&cpu(bare), 3));
    let Some(haproxy) = position(relays, "haproxy") else { return };
    report.check(at, "CPU × haproxy", Target::AtMost(1.0), (&cpu(haproxy), 3));
    if case.connections == 1 && wrk::is_installed() {
        let seen = ratio(rounds, ours, haproxy, |turn| turn.median);
        report.check(at, "median latency × haproxy", Target::AtMost(MOST_LATENCY), (&seen, 3));
    }
}
