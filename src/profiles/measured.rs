//! An empirical distribution with its values in a separate file next to the profile.

use super::{sources::Sources, trace::read_values};
use crate::{
    document::Scope,
    model::Distribution,
    rules::{
        DistributionTable,
        distribution::{self, parameters, valid},
    },
};
use std::time::Duration;

/// Validates a distribution; `scope` is its table.
pub(super) fn distribution(
    table: &DistributionTable,
    scope: &Scope<'_>,
    sources: &Sources<'_>,
) -> Option<Distribution> {
    let Some(file) = &table.file else {
        return distribution::distribution(table, scope);
    };
    if table.distribution.as_ref().is_none_or(|law| law.as_str() != "empirical") {
        let hint = "leave it out, or write `distribution = \"empirical\"`";
        scope.at("file").fault("can be used only with the distribution `empirical`", hint);
        return None;
    }
    if table.table.is_some() {
        scope.at("table").fault("can't be combined with `file`", "write one of them");
    }
    for (key, _) in parameters(table).iter().filter(|(_, written)| written.is_some()) {
        if !["mean", "sd"].contains(key) {
            let hint = "leave it out; only a distribution file of netem takes `mean` and `sd`";
            scope.at(key).fault("is not a key of empirical", hint);
        }
    }
    let mean_and_sd = mean_and_sd(table, scope)?;
    let input = sources.find(file, scope)?;
    match read_values(input, file.as_str(), mean_and_sd) {
        Ok(values) => valid(Distribution::empirical(&values), scope),
        Err(error) => {
            let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
            scope.fault(format!("{}{line}: {}", error.file, error.problem), error.hint);
            None
        }
    }
}

/// The mean and standard deviation that scale netem's numbers, in seconds, if given. The outer `None` is
/// an error.
fn mean_and_sd(table: &DistributionTable, scope: &Scope<'_>) -> Option<Option<(f64, f64)>> {
    if table.mean.is_none() && table.sd.is_none() {
        return Some(None);
    }
    let hint =
        "write both for a distribution file of netem, as in `mean = \"30 ms\"`, `sd = \"10 ms\"`";
    let read = |key, written: &Option<_>| {
        if written.is_none() {
            scope.missing(key, hint);
        }
        scope.span(key, written.as_ref()).as_ref().map(Duration::as_secs_f64)
    };
    let (mean, sd) = (read("mean", &table.mean), read("sd", &table.sd));
    Some(Some((mean?, sd?)))
}
