//! `FIGURE OP NUMBER`: what a viewing must satisfy.

use super::playback::count;
use crate::qoe::Qoe;
use std::{fmt, str::FromStr};

/// An assertion on a figure of [`Qoe`].
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    text: String,
    over: Over,
    figure: &'static str,
    operator: Operator,
    value: f64,
}

/// Which viewings an assertion is about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Over {
    /// Each of them.
    Each,
    Mean,
    Min,
    Max,
    /// A percentile, from 0 to 100, by the nearest rank.
    Percentile(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Unequal,
}

const OPERATORS: [(&str, Operator); 6] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// An assertion that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; write `FIGURE OP NUMBER`, as in `rebuffer_ratio < 0.01`")]
pub struct AssertionError {
    problem: String,
}

/// An assertion that does not hold, or cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unmet(String);

impl Assertion {
    /// Whether the viewings satisfy it.
    ///
    /// # Errors
    /// When they do not; the text says what the figure is.
    pub fn check(&self, all: &[Qoe]) -> Result<(), Unmet> {
        let values = all.iter().map(|qoe| qoe.figure(self.figure).flatten());
        if self.over == Over::Each {
            let fails = |value: &Option<f64>| !value.is_some_and(|value| self.holds(value));
            let mut unmet = values.enumerate().filter(|(_, value)| fails(value)).peekable();
            let Some((first, value)) = unmet.next() else { return Ok(()) };
            let more = unmet.count();
            let found = self.found(value);
            return Err(Unmet(match (all.len(), more) {
                (1, _) => found,
                (_, 0) => format!("{found} (player {})", first + 1),
                _ => format!("{found} (player {}, and {more} more do not meet it)", first + 1),
            }));
        }
        let known: Vec<f64> = values.flatten().collect();
        let value = self.over.of(known);
        let holds = value.is_some_and(|value| self.holds(value));
        if holds { Ok(()) } else { Err(Unmet(self.found(value))) }
    }

    fn holds(&self, value: f64) -> bool {
        match self.operator {
            Operator::Less => value < self.value,
            Operator::AtMost => value <= self.value,
            Operator::Greater => value > self.value,
            Operator::AtLeast => value >= self.value,
            Operator::Equal => (value - self.value).abs() <= f64::EPSILON * value.abs(),
            Operator::Unequal => (value - self.value).abs() > f64::EPSILON * value.abs(),
        }
    }

    fn found(&self, value: Option<f64>) -> String {
        let name = match self.over {
            Over::Each => self.figure.to_owned(),
            over => format!("{over}({})", self.figure),
        };
        match value {
            Some(value) => format!("{name} is {}", rounded(value)),
            None => format!("{name} has no value: nothing was shown that it could be taken from"),
        }
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Each => f.write_str("each"),
            Self::Mean => f.write_str("mean"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::Percentile(rank) => write!(f, "p{rank}"),
        }
    }
}

impl Over {
    fn read(name: &str) -> Option<Self> {
        Some(match name {
            "mean" => Self::Mean,
            "min" => Self::Min,
            "max" => Self::Max,
            _ => {
                let rank: f64 = name.strip_prefix('p')?.parse().ok()?;
                (0.0..=100.0).contains(&rank).then_some(Self::Percentile(rank))?
            }
        })
    }

    fn of(self, mut values: Vec<f64>) -> Option<f64> {
        values.sort_by(f64::total_cmp);
        match self {
            Self::Mean => {
                let mean = values.iter().sum::<f64>() / count(values.len());
                (!values.is_empty()).then_some(mean)
            }
            Self::Each | Self::Min => values.first().copied(),
            Self::Max => values.last().copied(),
            Self::Percentile(rank) => {
                let at = (rank / 100.0 * count(values.len())).ceil().max(1.0);
                values.get(at as usize - 1).copied()
            }
        }
    }
}

impl FromStr for Assertion {
    type Err = AssertionError;

    fn from_str(text: &str) -> Result<Self, AssertionError> {
        let wrong = |problem: String| AssertionError { problem };
        let found = OPERATORS.iter().find_map(|(sign, operator)| {
            text.split_once(sign).map(|(left, right)| (left.trim(), *operator, right.trim()))
        });
        let (left, operator, right) = found
            .ok_or_else(|| wrong(format!("`{text}` has none of the operators < <= > >= == !=")))?;
        let (over, name) = match left.strip_suffix(')').and_then(|left| left.split_once('(')) {
            None => (Over::Each, left),
            Some((over, name)) => {
                let known = Over::read(over.trim()).ok_or_else(|| {
                    wrong(format!("`{}` is none of mean, min, max and p0 to p100", over.trim()))
                })?;
                (known, name.trim())
            }
        };
        let figure = Qoe::FIGURES.into_iter().find(|figure| *figure == name);
        let figure = figure.ok_or_else(|| wrong(unknown(name)))?;
        let value = number(right, figure).map_err(wrong)?;
        Ok(Self { text: text.trim().to_owned(), over, figure, operator, value })
    }
}

fn unknown(name: &str) -> String {
    let near = |figure: &&str| strsim::jaro_winkler(figure, name);
    let nearest = Qoe::FIGURES.into_iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    match nearest.filter(|nearest| near(nearest) > 0.75) {
        Some(nearest) => format!("there is no figure `{name}`; did you mean `{nearest}`?"),
        None => format!("there is no figure `{name}`; there are {}", Qoe::FIGURES.join(", ")),
    }
}

/// A number, with a unit that suits the figure.
fn number(text: &str, figure: &str) -> Result<f64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic() || matches!(c, '%' | '/'));
    // `1e6` ends in no letter; what follows the digits is the unit.
    let unit = text[digits.len()..].trim();
    let value: f64 = digits.trim().parse().map_err(|_| format!("`{text}` is no number"))?;
    if !value.is_finite() {
        return Err(format!("`{text}` is no finite number"));
    }
    let unit = unit.trim_end_matches("bit/s");
    let scale = match unit {
        "" => 1.0,
        "%" if figure.ends_with("_ratio") => 0.01,
        "s" if figure.ends_with("_seconds") => 1.0,
        "ms" if figure.ends_with("_seconds") => 1e-3,
        "k" if figure.ends_with("_bps") => 1e3,
        "M" if figure.ends_with("_bps") => 1e6,
        "G" if figure.ends_with("_bps") => 1e9,
        _ => return Err(format!("`{unit}` is no unit of {figure}")),
    };
    Ok(value * scale)
}

/// A figure as a person reads it: six significant digits.
fn rounded(value: f64) -> String {
    let digits = if value == 0.0 { 0.0 } else { value.abs().log10().floor() };
    let places = (5.0 - digits).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qoe(ratio: Option<f64>, count: u64) -> Qoe {
        Qoe {
            rebuffer_ratio: ratio,
            rebuffer_count: count,
            mean_bitrate_bps: Some(3_000_000.0),
            startup_seconds: Some(0.25),
            ..Qoe::default()
        }
    }

    fn check(text: &str, all: &[Qoe]) -> Result<(), String> {
        text.parse::<Assertion>().unwrap().check(all).map_err(|unmet| unmet.to_string())
    }

    #[test]
    fn operators_and_units() {
        let all = [qoe(Some(0.02), 1)];
        for text in [
            "rebuffer_ratio < 0.03",
            "rebuffer_ratio<=2%",
            "rebuffer_ratio > 1 %",
            "rebuffer_count == 1",
            "rebuffer_count != 2",
            "mean_bitrate_bps >= 3 Mbit/s",
            "mean_bitrate_bps > 2.9e6",
            "mean_bitrate_bps < 3001k",
            "startup_seconds < 300 ms",
        ] {
            assert_eq!(check(text, &all), Ok(()), "{text}");
        }
        assert_eq!(check("rebuffer_ratio < 0.01", &all).unwrap_err(), "rebuffer_ratio is 0.02");
        assert_eq!(
            check("mean_bitrate_bps > 4M", &all).unwrap_err(),
            "mean_bitrate_bps is 3000000"
        );
    }

    #[test]
    fn a_figure_without_a_value_is_not_met() {
        let text = check("rebuffer_ratio < 0.01", &[qoe(None, 0)]).unwrap_err();
        assert!(text.starts_with("rebuffer_ratio has no value"), "{text}");
    }

    #[test]
    fn several_players_each_or_together() {
        let all: Vec<_> = (0..4).map(|n| qoe(Some(0.01), n)).collect();
        assert_eq!(
            check("rebuffer_count < 2", &all).unwrap_err(),
            "rebuffer_count is 2 (player 3, and 1 more do not meet it)"
        );
        assert_eq!(check("mean(rebuffer_count) == 1.5", &all), Ok(()));
        assert_eq!(check("p50(rebuffer_count) == 1", &all), Ok(()));
        assert_eq!(check("max( rebuffer_count ) <= 3", &all), Ok(()));
        assert_eq!(check("p95(rebuffer_count) < 3", &all).unwrap_err(), "p95(rebuffer_count) is 3");
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| text.parse::<Assertion>().unwrap_err().problem;
        assert_eq!(
            error("rebuffer_ratio"),
            "`rebuffer_ratio` has none of the operators < <= > >= == !="
        );
        assert_eq!(
            error("rebufer_ratio < 1"),
            "there is no figure `rebufer_ratio`; did you mean `rebuffer_ratio`?"
        );
        assert_eq!(error("rebuffer_ratio < x"), "`x` is no number");
        assert_eq!(error("rebuffer_ratio < NaN"), "`NaN` is no number");
        assert_eq!(error("rebuffer_count < 1 %"), "`%` is no unit of rebuffer_count");
        assert_eq!(error("p101(bytes) < 1"), "`p101` is none of mean, min, max and p0 to p100");
    }
}
