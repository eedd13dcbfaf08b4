//! A measured figure: its median, and what it varied between.

use serde::{Serialize, Serializer};
use std::fmt;

/// The same quantity from several runs; never empty in a report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figure(Vec<f64>);

impl Figure {
    /// Figures sorted, without what is no number.
    pub(crate) fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The median; not a number if nothing was measured, so that no target is met.
    pub(crate) fn median(&self) -> f64 {
        let n = self.0.len();
        match n {
            0 => f64::NAN,
            _ if n % 2 == 1 => self.0[n / 2],
            _ => (self.0[n / 2 - 1] + self.0[n / 2]) / 2.0,
        }
    }

    fn ends(&self) -> Option<(f64, f64)> {
        Some((*self.0.first()?, *self.0.last()?))
    }
}

/// `median (min–max)`, with the formatter's precision; the bare value of a single run.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(f, "{:.digits$}", self.median())?;
        match self.ends() {
            Some((min, max)) if self.0.len() > 1 => write!(f, " ({min:.digits$}–{max:.digits$})"),
            _ => Ok(()),
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}
