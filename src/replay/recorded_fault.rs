//! A fault of a request, as the effect of a rule.

use super::toml_text::table;
use crate::units::span;
use std::time::Duration;
use toml::{Table, Value};

/// What was done to a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    /// The table `then` of a rule that does it again.
    pub(super) then: Table,
}

impl Fault {
    pub(super) fn new(key: &str, value: impl Into<Value>) -> Self {
        Self { then: table(key, value) }
    }

    /// A wait before the headers.
    pub(super) fn delay(time: Duration) -> Self {
        Self::new("delay", span::print(rounded(time)))
    }
}

/// To two digits of a second, or whole milliseconds below.
pub(super) fn rounded(time: Duration) -> Duration {
    let ms = time.as_millis();
    let unit = if ms >= 1000 { 10 } else { 1 };
    let ms = (ms + unit / 2) / unit * unit;
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX).max(1))
}
