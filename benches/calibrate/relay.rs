//! The cost of relaying without changes, compared with other proxies in alternating rounds.

use crate::{
    effort::Effort,
    figure::Figure,
    load,
    machine::{MOST_FOREIGN, Watch},
    peers::{self, Relay},
    report::{Report, Table, Target},
    rig::Rig,
    wrk,
};
use std::time::Duration;

const CONNECTIONS: usize = 64;

/// A body, and what our relay may cost more than the bare one.
struct Case {
    name: &'static str,
    bytes: u64,
    most: f64,
}

const CASES: [Case; 3] = [
    Case { name: "64 KiB", bytes: 65_536, most: 1.25 },
    Case { name: "1 MiB", bytes: 1_048_576, most: 1.2 },
    Case { name: "1 KiB", bytes: 1024, most: 1.25 },
];

/// What one relay gave in one round.
#[derive(Clone, Copy)]
struct Turn {
    requests_per_second: f64,
    /// Of the relay, per request.
    cpu_micros: f64,
    foreign: f64,
}

pub(crate) fn measure(rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
    let relays = peers::start(rig, !effort.smoke)?;
    let client = if wrk::is_installed() { "wrk, one thread" } else { "threads of our own" };
    let mut table = Table::new(
        "Relay",
        &format!(
            "Profile `unlimited`, {CONNECTIONS} connections, keep-alive; load by {client}; the \
             relays take turns in each round. CPU of the relay alone. × bare: the ratio within a \
             round. Rounds in which others burnt more than {:.0} % of the machine are done again, as long as there is patience.",
            MOST_FOREIGN * 100.0
        ),
        &["body", "relay", "requests/s", "GB/s", "CPU µs/request", "CPU s/GB", "× bare", "foreign"],
    );
    for case in effort.of(&CASES) {
        let rounds = rounds(rig, &relays, effort, case)?;
        rows(&mut table, case, &relays, &rounds);
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
        match foreign <= MOST_FOREIGN {
            true => rounds.push(turns),
            false => disturbed.push((foreign, turns)),
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

fn turn(relay: &Relay, case: &Case, seconds: u64) -> anyhow::Result<Turn> {
    let path = format!("/{}", case.bytes);
    let watch = Watch::start(&relay.process);
    let cpu = relay.process.cpu();
    let load = if wrk::is_installed() { wrk::load } else { load::load };
    let requests = load(relay.address, &path, CONNECTIONS, seconds)? as f64;
    let cpu = relay.process.cpu() - cpu;
    Ok(Turn {
        requests_per_second: requests / seconds as f64,
        cpu_micros: cpu.as_secs_f64() * 1e6 / requests,
        foreign: watch.foreign(&relay.process),
    })
}

fn rows(table: &mut Table, case: &Case, relays: &[Relay], rounds: &[Vec<Turn>]) {
    for (index, relay) in relays.iter().enumerate() {
        let of =
            |get: &dyn Fn(&Turn) -> f64| Figure::new(rounds.iter().map(|turns| get(&turns[index])));
        let gigabytes = case.bytes as f64 / 1e9;
        table.rows.push(vec![
            case.name.to_owned(),
            relay.name.to_owned(),
            format!("{:.0}", of(&|turn| turn.requests_per_second)),
            format!("{:.2}", of(&|turn| turn.requests_per_second * gigabytes)),
            format!("{:.1}", of(&|turn| turn.cpu_micros)),
            format!("{:.3}", of(&|turn| turn.cpu_micros / 1e6 / gigabytes)),
            format!("{:.3}", ratio(rounds, index, 0)),
            format!("{:.2}", of(&|turn| turn.foreign)),
        ]);
    }
}

/// CPU per request of relay `a` over that of relay `b`, round by round.
fn ratio(rounds: &[Vec<Turn>], a: usize, b: usize) -> Figure {
    Figure::new(rounds.iter().map(|turns| turns[a].cpu_micros / turns[b].cpu_micros))
}

fn judge(report: &mut Report, case: &Case, relays: &[Relay], rounds: &[Vec<Turn>]) {
    let find = |name: &str| relays.iter().position(|relay| relay.name == name);
    let (Some(bare), Some(ours)) = (find("bare"), find("vsps")) else { return };
    let at = ("relay", case.name);
    report.check(at, "CPU × bare", Target::AtMost(case.most), (&ratio(rounds, ours, bare), 3));
    if let (Some(haproxy), 1_048_576) = (find("haproxy"), case.bytes) {
        let seen = ratio(rounds, ours, haproxy);
        report.check(at, "CPU × haproxy", Target::AtMost(1.0), (&seen, 3));
    }
}
