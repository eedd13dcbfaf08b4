//! A condition about the change of a figure.

use crate::sweep::matrix::{METRICS, Metric, Sample};
use std::{fmt, str::FromStr};

/// A condition that two results are held against.
#[derive(Debug, Clone)]
pub struct Condition {
    text: String,
    statistic: Statistic,
    metric: &'static Metric,
    operator: Operator,
    bound: Bound,
}

/// A condition that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{condition}': {problem}")]
pub struct ConditionError {
    condition: String,
    problem: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Statistic {
    Mean,
    Quantile(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    More,
    AtLeast,
    Less,
    AtMost,
}

/// What a change is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    /// In the metric's unit.
    By(f64),
    /// As a share of the old value.
    Relative(f64),
}

impl Condition {
    /// The statistic before and after, and whether the condition holds for their change.
    #[must_use]
    pub fn check(&self, old: &Sample, new: &Sample) -> (f64, f64, bool) {
        let of = |sample: &Sample| match self.statistic {
            Statistic::Mean => sample.mean(),
            Statistic::Quantile(share) => sample.quantile(share),
        };
        let (old, new) = (of(old), of(new));
        let bound = match self.bound {
            Bound::By(change) => change,
            Bound::Relative(share) => share * old.abs(),
        };
        let change = new - old;
        let holds = match self.operator {
            Operator::More => change > bound,
            Operator::AtLeast => change >= bound,
            Operator::Less => change < bound,
            Operator::AtMost => change <= bound,
        };
        (old, new, holds)
    }

    /// The figure that it is about.
    #[must_use]
    pub const fn metric(&self) -> &'static Metric {
        self.metric
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let wrong = |problem: String| ConditionError { condition: text.to_owned(), problem };
        let form = "write it as in p95(rebuffer_ratio) > +0.5pp";
        let (statistic, rest) = text
            .split_once('(')
            .ok_or_else(|| wrong(format!("there is no `(` after the statistic; {form}")))?;
        let (metric, rest) = rest
            .split_once(')')
            .ok_or_else(|| wrong(format!("there is no `)` after the figure; {form}")))?;
        let statistic = statistic_named(statistic.trim()).map_err(wrong)?;
        let metric = metric_named(metric.trim()).map_err(wrong)?;
        let rest = rest.trim();
        let (operator, change) = operator(rest)
            .ok_or_else(|| wrong(format!("'{rest}' does not start with >, >=, < or <=; {form}")))?;
        let bound = bound(change.trim(), metric).map_err(wrong)?;
        Ok(Self { text: text.trim().to_owned(), statistic, metric, operator, bound })
    }
}

fn statistic_named(name: &str) -> Result<Statistic, String> {
    let percentile = |name: &str| -> Option<f64> {
        let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
        (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
    };
    match name {
        "mean" => Ok(Statistic::Mean),
        "median" => Ok(Statistic::Quantile(0.5)),
        "min" => Ok(Statistic::Quantile(0.0)),
        "max" => Ok(Statistic::Quantile(1.0)),
        name => percentile(name).map(Statistic::Quantile).ok_or_else(|| {
            format!("there is no statistic '{name}'; write mean, median, min, max, or a percentile as p95")
        }),
    }
}

fn metric_named(name: &str) -> Result<&'static Metric, String> {
    Metric::named(name).ok_or_else(|| {
        let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
        format!("there is no figure '{name}'; write one of {}", names.join(", "))
    })
}

fn operator(text: &str) -> Option<(Operator, &str)> {
    [
        (">=", Operator::AtLeast),
        (">", Operator::More),
        ("<=", Operator::AtMost),
        ("<", Operator::Less),
    ]
    .into_iter()
    .find_map(|(sign, operator)| Some((operator, text.strip_prefix(sign)?)))
}

/// Reads a change: a sign, a number, a unit.
fn bound(text: &str, metric: &Metric) -> Result<Bound, String> {
    if !text.starts_with(['+', '-']) {
        return Err(format!("'{text}' is a change and needs its sign; write +{text} or -{text}"));
    }
    let split = text.find(|c: char| !(c.is_ascii_digit() || "+-.".contains(c)));
    let (number, unit) = text.split_at(split.unwrap_or(text.len()));
    let number: f64 =
        number.parse().map_err(|_| format!("'{number}' is not a number; write it as +0.5"))?;
    let share = metric.unit == "%";
    match unit.trim() {
        "%" => Ok(Bound::Relative(number / 100.0)),
        "pp" if share => Ok(Bound::By(number / 100.0)),
        "" => Ok(Bound::By(number)),
        "ms" if metric.unit == "s" => Ok(Bound::By(number / 1000.0)),
        "kbps" | "kbit/s" if metric.unit == "kbit/s" => Ok(Bound::By(number)),
        unit if unit == metric.unit && !share => Ok(Bound::By(number)),
        unit => {
            let own = match metric.unit {
                "" => "no unit".to_owned(),
                "%" => "pp".to_owned(),
                own => own.to_owned(),
            };
            Err(format!(
                "'{unit}' is not a unit of {}; write {own}, or % of the old value",
                metric.name
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(condition: &str, old: &[f64], new: &[f64]) -> bool {
        let sample = |values: &[f64]| Sample::new(values.to_vec()).unwrap();
        condition.parse::<Condition>().unwrap().check(&sample(old), &sample(new)).2
    }

    #[test]
    fn conditions_are_about_changes() {
        let (old, new) = ([0.010, 0.020], [0.010, 0.027]);
        assert!(holds("max(rebuffer_ratio) > +0.5pp", &old, &new));
        assert!(!holds("max(rebuffer_ratio) > +0.8pp", &old, &new));
        assert!(holds(" mean( rebuffer_ratio )>=+20% ", &old, &new));
        assert!(holds("max(rebuffer_ratio) > +0.005", &old, &new));
        assert!(holds("p50(bitrate_kbps) < -5%", &[1000.0], &[940.0]));
        assert!(!holds("p50(bitrate_kbps) < -5%", &[1000.0], &[960.0]));
        assert!(holds("median(bitrate_kbps) <= -40kbps", &[1000.0], &[960.0]));
        assert!(holds("min(startup_s) > +50 ms", &[1.0], &[1.06]));
        // Nothing changed: no condition with a sign of its own holds.
        assert!(!holds("p95(rebuffer_ratio) > +0pp", &old, &old));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (condition, problem) in [
            ("rebuffer_ratio > +1pp", "no `(`"),
            ("p95(rebuffer_ratio > +1pp", "no `)`"),
            ("p101(rebuffer_ratio) > +1pp", "no statistic 'p101'"),
            ("avg(rebuffer_ratio) > +1pp", "no statistic 'avg'"),
            ("p95(rebuffer) > +1pp", "no figure 'rebuffer'; write one of bitrate_kbps"),
            ("p95(rebuffer_ratio) = +1pp", "does not start with"),
            ("p95(rebuffer_ratio) > 1pp", "write +1pp or -1pp"),
            ("p95(rebuffer_ratio) > +1s", "'s' is not a unit of rebuffer_ratio; write pp"),
            ("p95(startup_s) > +1pp", "'pp' is not a unit of startup_s; write s"),
            ("p95(startup_s) > +.s", "'+.' is not a number"),
        ] {
            let error = condition.parse::<Condition>().unwrap_err().to_string();
            assert!(error.contains(problem), "{condition}: {error}");
        }
    }
}
