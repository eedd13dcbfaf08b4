//! From `[downlink]` to a rate over time.

use super::{
    distribution::sound,
    file::{DownlinkTable, MarkovTable, StateTable, StepTable},
};
use crate::{
    model::{Markov, QueueSize, RateSpec, State, Step, Steps, TransportSpec},
    rules::{Scope, Text},
    units::{BitRate, ByteSize, Ratio, span},
};
use std::sync::Arc;

/// Less than this at a time, and a link would wake for every few bytes.
const PACKET: ByteSize = ByteSize::from_bytes(1500);

/// Validates the rate over time; `scope` is `[downlink]`.
pub(super) fn rate(table: &DownlinkTable, scope: &Scope<'_>) -> Option<RateSpec> {
    let DownlinkTable { rate, schedule, repeat, markov, .. } = table;
    let written =
        [("rate", rate.is_some()), ("schedule", schedule.is_some()), ("markov", markov.is_some())];
    let mut given = written.iter().filter(|(_, is)| *is).map(|(key, _)| *key);
    let first = given.next();
    if let (Some(first), Some(second)) = (first, given.next()) {
        let hint = "write one of `rate`, `schedule` and `markov`";
        scope.at(second).fault(format!("can't go with `{first}`"), hint);
        return None;
    }
    if repeat.is_some() && schedule.is_none() {
        scope.at("repeat").fault("has no `schedule` to repeat", "leave it out");
    }
    match (rate, schedule, markov) {
        (Some(_), ..) => constant(rate.as_ref(), scope),
        (_, Some(steps), _) => steps_of(steps, repeat.unwrap_or(true), scope),
        (.., Some(table)) => chain(table, scope),
        _ => Some(RateSpec::Unlimited),
    }
}

/// Validates the burst; `scope` is `[downlink]`.
pub(super) fn burst(table: &DownlinkTable, scope: &Scope<'_>) -> Option<ByteSize> {
    let burst = scope.read("burst", table.burst.as_ref())?;
    let at = scope.at("burst");
    if burst < PACKET {
        at.fault("is less than a packet", format!("write at least `{PACKET}`, or leave it out"));
    }
    if table.rate.is_none() && table.schedule.is_none() && table.markov.is_none() {
        at.fault("has no rate to go beyond", "write a `rate` too, or leave it out");
    }
    Some(burst)
}

/// Validates what carries the responses; `scope` is `[downlink]`.
pub(super) fn transport(table: &DownlinkTable, scope: &Scope<'_>) -> Option<TransportSpec> {
    let names = [TransportSpec::None, TransportSpec::Tcp].map(|kind| (kind.as_str(), kind));
    scope.at("transport").choose("a transport", table.transport.as_ref()?, &names)
}

/// Validates the bottleneck's queue: bytes, or time at the highest rate; `scope` is `[downlink]`.
pub(super) fn queue(table: &DownlinkTable, scope: &Scope<'_>) -> Option<QueueSize> {
    let written = table.queue.as_ref()?;
    let at = scope.at("queue");
    let size = match span::parse(written.as_str()) {
        Ok(time) => QueueSize::Time(time),
        Err(_) => QueueSize::Bytes(scope.read("queue", Some(written))?),
    };
    if matches!(size, QueueSize::Bytes(bytes) if bytes < PACKET)
        || matches!(size, QueueSize::Time(time) if time.is_zero())
    {
        at.fault("holds no packet", format!("write at least `{PACKET}`, or leave it out"));
    }
    if table.transport.as_ref().is_none_or(|kind| kind.as_str() != "tcp") {
        at.fault("has no transport to fill it", "write `transport = \"tcp\"` too, or leave it out");
    }
    if table.rate.is_none() && table.schedule.is_none() && table.markov.is_none() {
        at.fault("has no rate to wait for", "write a `rate` too, or leave it out");
    }
    Some(size)
}

fn constant(written: Option<&Text>, scope: &Scope<'_>) -> Option<RateSpec> {
    let rate = scope.read("rate", written)?;
    if rate == BitRate::ZERO {
        let hint = "write a rate above zero, or a `schedule` with a step of silence";
        scope.at("rate").fault("never carries a byte", hint);
    }
    Some(RateSpec::Constant(rate))
}

fn steps_of(tables: &[StepTable], repeat: bool, scope: &Scope<'_>) -> Option<RateSpec> {
    let list = scope.at("schedule");
    let step = |(i, table): (usize, &StepTable)| {
        let at = list.item(i);
        let lasts = at.need("for", table.lasts.as_ref(), "for = \"30 s\"");
        let rate = at.need("rate", table.rate.as_ref(), "rate = \"1200 kbit/s\"");
        let (lasts, rate) = (at.span("for", lasts), at.read("rate", rate));
        Some(Step { lasts: lasts?, rate: rate? })
    };
    // Collected in two goes, so that the faults of all steps are found.
    let steps: Vec<_> = tables.iter().enumerate().map(step).collect();
    let steps = steps.into_iter().collect::<Option<Vec<Step>>>()?;
    sound(Steps::new(steps, repeat), scope).map(|steps| RateSpec::Steps(Arc::new(steps)))
}

fn chain(table: &MarkovTable, scope: &Scope<'_>) -> Option<RateSpec> {
    let at = scope.at("markov");
    let step = at.span("step", at.need("step", table.step.as_ref(), "step = \"1 s\""));
    if table.states.is_none() {
        at.missing("states", "write `states = [ { rate = \"2 Mbit/s\", spread = 0.2 } ]`");
    }
    if table.transitions.is_none() {
        at.missing(
            "transitions",
            "write a row of probabilities for each state: `[[0.9, 0.1], ..]`",
        );
    }
    let states: Vec<_> = table.states.iter().flatten().enumerate().collect();
    let list = at.at("states");
    let states: Vec<_> = states.into_iter().map(|(i, table)| state(table, &list.item(i))).collect();
    let rows = rows(table.transitions.as_deref()?, &at.at("transitions"));
    let states = states.into_iter().collect::<Option<Vec<State>>>();
    table.states.as_ref()?;
    let chain = Markov::new(states?, step?, rows?);
    sound(chain, scope).map(|chain| RateSpec::Markov(Arc::new(chain)))
}

fn state(table: &StateTable, scope: &Scope<'_>) -> Option<State> {
    let rate = scope.need("rate", table.rate.as_ref(), "rate = \"2 Mbit/s\"");
    let mean = scope.read("rate", rate);
    let spread: Option<Ratio> = scope.read("spread", table.spread.as_ref());
    Some(State { mean: mean?, spread: spread.unwrap_or(Ratio::NONE) })
}

fn rows(rows: &[Vec<Text>], scope: &Scope<'_>) -> Option<Vec<Vec<f64>>> {
    let cell = |(i, text): (usize, &Text), row: &Scope<'_>| {
        let cell = row.item(i);
        let ratio = text.as_str().parse::<Ratio>();
        ratio
            .map(Ratio::get)
            .map_err(|e| cell.fault(format!("`{text}` is not {}", e.wanted), e.hint))
    };
    let row = |(i, row): (usize, &Vec<Text>)| {
        let at = scope.item(i);
        let cells: Vec<_> = row.iter().enumerate().map(|entry| cell(entry, &at).ok()).collect();
        cells.into_iter().collect::<Option<Vec<f64>>>()
    };
    let rows: Vec<_> = rows.iter().enumerate().map(row).collect();
    rows.into_iter().collect()
}
