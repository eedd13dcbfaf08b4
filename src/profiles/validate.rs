//! From the mirror of a profile file to a profile that can run, with every fault on the way.

use super::{
    distribution::{distribution, sound},
    file::{
        DownlinkTable, GilbertElliottTable, LatencyTable, LossTable, MarkovTable, ProfileFile,
        StallTable, StateTable, StepTable,
    },
    profile::Profile,
};
use crate::{
    model::{
        Latency, LinkSpec, LossModel, LossSpec, Markov, OnDrop, RateSpec, StallSpec, State, Step,
        Steps,
    },
    rules::{Diagnostics, Document, Scope, Text, rule_set},
    units::{BitRate, Ratio},
};
use std::sync::Arc;

impl Profile {
    /// Reads a profile from TOML. `name` is the profile's, `file` is named in the faults.
    ///
    /// # Errors
    /// All faults of the first stage (keys, types), or else all of the second (values).
    pub fn from_toml(name: &str, file: &str, text: &str) -> Result<Self, Diagnostics> {
        Document::toml(file, text)?.read(|file: ProfileFile, scope| profile(name, file, scope))
    }
}

fn profile(name: &str, file: ProfileFile, scope: &Scope<'_>) -> Option<Profile> {
    let say = "write what it imitates, as in `summary = \"Home Wi-Fi at the edge of range\"`";
    let cite = "write where the numbers come from; for made-up ones `source = \"synthetic\"`";
    let summary = line("summary", file.summary.as_ref(), say, scope);
    let source = line("source", file.source.as_ref(), cite, scope);
    let link = link(&file, scope);
    let rules = rule_set(file.rule.clone().unwrap_or_default(), &scope.at("rule"));
    Some(Profile {
        name: name.into(),
        summary: summary?,
        source: source?,
        link: link?,
        rules,
        file,
    })
}

/// A text that must be there; line breaks within it count as spaces.
fn line(key: &str, written: Option<&Text>, hint: &str, scope: &Scope<'_>) -> Option<String> {
    let words: Vec<&str> = written.map_or("", Text::as_str).split_whitespace().collect();
    if words.is_empty() {
        scope.missing(key, hint);
        return None;
    }
    Some(words.join(" "))
}

fn link(file: &ProfileFile, scope: &Scope<'_>) -> Option<LinkSpec> {
    let downlink = file.downlink.as_ref();
    let at = scope.at("downlink");
    let latency = file.latency.as_ref().map(|table| latency(table, &scope.at("latency")));
    let rate = downlink.map(|table| rate(table, &at));
    let burst = downlink.and_then(|table| at.read("burst", table.burst.as_ref()));
    let stall = file.stall.as_ref().map(|table| stall(table, &scope.at("stall")));
    let loss = file.loss.as_ref().map(|table| loss(table, &scope.at("loss")));
    Some(LinkSpec {
        latency: latency.unwrap_or_default(),
        rate: rate.unwrap_or(Some(RateSpec::Unlimited))?,
        burst,
        // A table that was written must be whole: `Some(None)` is at fault, `None` is absent.
        stall: stall.map_or(Some(None), |stall| stall.map(Some))?,
        loss: loss.map_or(Some(None), |loss| loss.map(Some))?,
    })
}

fn latency(table: &LatencyTable, scope: &Scope<'_>) -> Latency {
    if table.rtt.is_some() && table.delay.is_some() {
        let hint = "write `rtt` (a round trip) or `delay` (one way, half of it)";
        scope.at("delay").fault("can't go with `rtt`", hint);
    }
    let delay = scope.span("delay", table.delay.as_ref());
    let rtt = scope.span("rtt", table.rtt.as_ref()).or(delay.map(|delay| 2 * delay));
    let jitter = table.jitter.as_ref().and_then(|law| distribution(law, &scope.at("jitter")));
    Latency { rtt: rtt.unwrap_or_default(), jitter }
}

fn rate(table: &DownlinkTable, scope: &Scope<'_>) -> Option<RateSpec> {
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
        let lasts = need("for", table.lasts.as_ref(), "for = \"30 s\"", &at);
        let rate = need("rate", table.rate.as_ref(), "rate = \"1200 kbit/s\"", &at);
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
    let step = at.span("step", need("step", table.step.as_ref(), "step = \"1 s\"", &at));
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
    let rate = need("rate", table.rate.as_ref(), "rate = \"2 Mbit/s\"", scope);
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

fn stall(table: &StallTable, scope: &Scope<'_>) -> Option<StallSpec> {
    let read = |key, table: Option<&_>| {
        let Some(table) = table else {
            let example = format!("{key} = {{ distribution = \"constant\", value = \"1 s\" }}");
            scope.missing(key, &format!("write `{example}`"));
            return None;
        };
        distribution(table, &scope.at(key))
    };
    let (every, lasts) = (read("every", table.every.as_ref()), read("for", table.lasts.as_ref()));
    sound(StallSpec::new(every?, lasts?), scope)
}

fn loss(table: &LossTable, scope: &Scope<'_>) -> Option<LossSpec> {
    let actions = [OnDrop::Retransmit, OnDrop::Truncate, OnDrop::Reset].map(|a| (a.as_str(), a));
    let written = table.on_drop.as_ref();
    let action = written.map(|name| scope.at("on-drop").choose("an action", name, &actions));
    let hint = "write `model = { bernoulli = 0.01 }` or \
                `model = { gilbert-elliott = { p = 0.002, r = 0.2 } }`";
    let Some(model) = &table.model else {
        scope.missing("model", hint);
        return None;
    };
    let at = scope.at("model");
    let model = match (&model.bernoulli, &model.gilbert_elliott) {
        (Some(share), None) => at.read("bernoulli", Some(share)).map(LossModel::Bernoulli),
        (None, Some(table)) => gilbert_elliott(table, &at.at("gilbert-elliott")),
        _ => {
            at.fault("is not one model", hint);
            None
        }
    };
    Some(LossSpec { model: model?, on_drop: action.unwrap_or(Some(OnDrop::default()))? })
}

fn gilbert_elliott(table: &GilbertElliottTable, scope: &Scope<'_>) -> Option<LossModel> {
    let required = |key, text, example| scope.read(key, need(key, text, example, scope));
    let (p, r) =
        (required("p", table.p.as_ref(), "p = 0.002"), required("r", table.r.as_ref(), "r = 0.2"));
    let optional = |key, written: &Option<Text>, absent| {
        written.as_ref().map_or(Some(absent), |text| scope.read(key, Some(text)))
    };
    let loss_bad = optional("loss-bad", &table.loss_bad, Ratio::ALL);
    let loss_good = optional("loss-good", &table.loss_good, Ratio::NONE);
    Some(LossModel::GilbertElliott { p: p?, r: r?, loss_bad: loss_bad?, loss_good: loss_good? })
}

/// What was written under a key that must be there.
fn need<'t>(
    key: &str,
    text: Option<&'t Text>,
    example: &str,
    scope: &Scope<'_>,
) -> Option<&'t Text> {
    if text.is_none() {
        scope.missing(key, &format!("write `{example}`"));
    }
    text
}
