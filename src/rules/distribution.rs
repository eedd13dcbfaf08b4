//! Reads a `{ distribution = ... }` table.

use crate::{
    document::{Scope, Several, Text, tables},
    model::{Distribution, SpecError},
    units::ByteSize,
};
use std::time::Duration;

tables! {
    /// A distribution of durations (or of sizes), as written.
    DistributionTable "a table, as in { distribution = \"exponential\", mean = \"12 s\" }" {
        distribution: Text,
        value: Text,
        mean: Text,
        sd: Text,
        min: Text,
        max: Text,
        shape: Text,
        table: Vec<Several>,
        file: Text,
    }
}

/// The distributions, each with its keys (all required).
const LAWS: [(&str, &[&str]); 9] = [
    ("constant", &["value"]),
    ("exponential", &["mean"]),
    ("normal", &["mean", "sd"]),
    ("lognormal", &["mean", "sd"]),
    ("uniform", &["min", "max"]),
    ("gamma", &["mean", "sd"]),
    ("weibull", &["mean", "shape"]),
    ("pareto", &["mean", "shape"]),
    ("empirical", &[]),
];

/// Records an error of a model at the field that it is about; `scope` is the table around it.
pub(crate) fn valid<T>(made: Result<T, SpecError>, scope: &Scope<'_>) -> Option<T> {
    made.map_err(|fault| scope.at(fault.field).fault(fault.problem, fault.hint)).ok()
}

/// Whether a distribution is written in sizes (`512 KiB`) instead of durations.
pub(crate) fn counts_bytes(table: &DistributionTable) -> bool {
    let written = [&table.value, &table.mean, &table.max];
    let listed = table.table.iter().flatten().filter_map(|row| row.as_slice().first());
    written.into_iter().flatten().chain(listed).any(|text| text.as_str().ends_with('B'))
}

/// Validates a distribution of sizes; one byte is represented as one nanosecond.
pub(crate) fn distribution_of_bytes(
    table: &DistributionTable,
    scope: &Scope<'_>,
) -> Option<Distribution> {
    law(table, scope, &|key, text| {
        scope.read::<ByteSize>(key, text).map(|size| Duration::from_nanos(size.bytes()))
    })
}

/// Validates a distribution; `scope` is its table.
pub(crate) fn distribution(table: &DistributionTable, scope: &Scope<'_>) -> Option<Distribution> {
    law(table, scope, &|key, text| scope.span(key, text))
}

/// Validates a distribution; `read` parses its quantities.
fn law(
    table: &DistributionTable,
    scope: &Scope<'_>,
    read: &dyn Fn(&str, Option<&Text>) -> Option<Duration>,
) -> Option<Distribution> {
    let Some(name) = &table.distribution else {
        let hint = "write `distribution = \"constant\"`, or exponential, normal, lognormal, \
                    uniform, gamma, weibull, pareto, empirical";
        scope.missing("distribution", hint);
        return None;
    };
    let names = LAWS.map(|law| (law.0, law));
    let (law, keys) = scope.at("distribution").choose("a distribution", name, &names)?;
    if !takes(law, keys, table, scope) {
        return None;
    }
    if law != "empirical" && table.table.is_some() {
        let hint = "leave it out, or write `distribution = \"empirical\"`";
        scope.at("table").fault(format!("is not a key of {law}"), hint);
        return None;
    }
    if table.file.is_some() {
        let hint = "write the values themselves, as in `table = [\"10 ms\", \"12 ms\"]`";
        scope.at("file").fault("can't be read here", hint);
        return None;
    }
    let span = |key, text: &Option<Text>| read(key, text.as_ref());
    let mean = || span("mean", &table.mean);
    let sd = || span("sd", &table.sd);
    let made = match law {
        "constant" => Ok(Distribution::constant(span("value", &table.value)?)),
        "exponential" => Distribution::exponential(mean()?),
        "normal" => Distribution::normal(mean()?, sd()?),
        "lognormal" => Distribution::lognormal(mean()?, sd()?),
        "uniform" => Distribution::uniform(span("min", &table.min)?, span("max", &table.max)?),
        "gamma" => Distribution::gamma(mean()?, sd()?),
        "weibull" => Distribution::weibull(mean()?, shape(table, scope)?),
        "empirical" => Distribution::empirical(&values(table, scope, read)?),
        _ => Distribution::pareto(mean()?, shape(table, scope)?),
    };
    valid(made, scope)
}

/// The values of an empirical table, each with its weight: `"10 ms"`, or `["10 ms", 3]`.
fn values(
    table: &DistributionTable,
    scope: &Scope<'_>,
    read: &dyn Fn(&str, Option<&Text>) -> Option<Duration>,
) -> Option<Vec<(Duration, f64)>> {
    const HINT: &str = "write values, as in [\"10 ms\", \"12 ms\"], or pairs of value and weight, \
                        as in [[\"10 ms\", 3], [\"12 ms\", 1]]";
    let Some(rows) = &table.table else {
        scope.missing("table", &format!("empirical needs it: {HINT}"));
        return None;
    };
    let list = scope.at("table");
    let row = |(i, row): (usize, &Several)| {
        let (value, weight) = match row.as_slice() {
            [value] => (value, 1.0),
            [value, weight] => (value, weight.as_str().parse().unwrap_or(f64::NAN)),
            _ => {
                list.item(i).fault("is neither a value nor a pair", HINT);
                return None;
            }
        };
        if !(weight > 0.0 && weight <= 1e9) {
            list.item(i).fault("has no weight above zero (at most 1e9)", HINT);
            return None;
        }
        Some((read("table", Some(value))?, weight))
    };
    let rows: Vec<_> = rows.iter().enumerate().map(row).collect();
    rows.into_iter().collect()
}

/// Whether the table has exactly the keys of its distribution.
fn takes(law: &str, keys: &[&str], table: &DistributionTable, scope: &Scope<'_>) -> bool {
    let mut fits = true;
    for (key, written) in parameters(table) {
        match (keys.contains(&key), written) {
            (true, None) => {
                let example = if key == "shape" { "1.5" } else { "\"10 ms\"" };
                scope.missing(key, &format!("{law} needs it: write `{key} = {example}`"));
                fits = false;
            }
            (false, Some(_)) => {
                let keys = if keys.is_empty() { &["table"] } else { keys };
                let list = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>();
                let hint = format!("leave it out; {law} takes {}", list.join(" and "));
                scope.at(key).fault(format!("is not a key of {law}"), hint);
                fits = false;
            }
            _ => {}
        }
    }
    fits
}

/// All parameters a table may hold, with their keys.
pub(crate) fn parameters(table: &DistributionTable) -> [(&'static str, Option<&Text>); 6] {
    [
        ("value", table.value.as_ref()),
        ("mean", table.mean.as_ref()),
        ("sd", table.sd.as_ref()),
        ("min", table.min.as_ref()),
        ("max", table.max.as_ref()),
        ("shape", table.shape.as_ref()),
    ]
}

fn shape(table: &DistributionTable, scope: &Scope<'_>) -> Option<f64> {
    let written = table.shape.as_ref()?;
    let shape = written.as_str().parse::<f64>();
    if shape.is_err() {
        scope.at("shape").fault(format!("`{written}` is not a number"), "write one, as in `1.5`");
    }
    shape.ok()
}

/// The distribution as text: `12 s` for a constant, else `lognormal, mean 8 ms, sd 12 ms`.
pub(crate) fn describe(table: &DistributionTable) -> String {
    if let Some(value) = &table.value {
        return value.to_string();
    }
    if let Some(rows) = &table.table {
        return format!("empirical, {} values", rows.len());
    }
    let law = table.distribution.iter().chain(&table.file).map(ToString::to_string);
    let parameters = parameters(table);
    let written = parameters.iter().filter_map(|(key, text)| Some(format!("{key} {}", (*text)?)));
    law.chain(written).collect::<Vec<_>>().join(", ")
}

/// Its mean; zero for `None`.
pub(crate) fn mean(law: Option<&Distribution>) -> Duration {
    law.map(Distribution::mean).unwrap_or_default()
}
