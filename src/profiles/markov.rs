//! Validates `markov`: a Markov chain of rates.

use super::{
    file::{MarkovTable, StateTable},
    unit::Unit,
};
use crate::{
    document::{Scope, Text},
    model::{Markov, RateSpec, State},
    rules::distribution::valid,
    units::Ratio,
};
use std::sync::Arc;

/// Validates a chain; `scope` is the table around `markov`.
pub(super) fn chain(table: &MarkovTable, scope: &Scope<'_>, unit: Unit) -> Option<RateSpec> {
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
    let states: Vec<_> =
        states.into_iter().map(|(i, table)| state(table, &list.item(i), unit)).collect();
    let rows = rows(table.transitions.as_deref()?, &at.at("transitions"));
    let states = states.into_iter().collect::<Option<Vec<State>>>();
    table.states.as_ref()?;
    let chain = Markov::new(states?, step?, rows?);
    valid(chain, scope).map(|chain| RateSpec::Markov(Arc::new(chain)))
}

fn state(table: &StateTable, scope: &Scope<'_>, unit: Unit) -> Option<State> {
    let rate = scope.need("rate", table.rate.as_ref(), unit.example());
    let mean = unit.plain("rate", rate, scope);
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
