//! Reads values that several effects and budgets use: points in a body, durations above zero, silences.

use crate::{
    document::{Scope, Text},
    rules::effect::{Hang, POINT_HINT, Point},
    units::{UnitError, span},
};
use std::time::Duration;

/// Reads a point in a body.
pub(super) fn point(key: &str, written: Option<&Text>, scope: &Scope<'_>) -> Option<Point> {
    scope.parsed(key, written, "a point in a body", POINT_HINT, Point::parse)
}

/// Reads how long nothing is sent: a duration, or `forever`.
pub(super) fn silence(key: &str, written: Option<&Text>, scope: &Scope<'_>) -> Option<Hang> {
    let written = written?.as_str();
    if written == "forever" {
        return Some(Hang::Forever);
    }
    let faulty = |error: UnitError| {
        let problem = format!("`{written}` is not {}", error.wanted);
        scope.at(key).fault(problem, error.hint + ", or `forever`");
    };
    span::parse(written).map_err(faulty).ok().map(Hang::For)
}

/// Reads a duration above zero.
pub(super) fn positive(key: &str, written: Option<&Text>, scope: &Scope<'_>) -> Option<Duration> {
    let span = scope.span(key, written)?;
    if span.is_zero() {
        scope.at(key).fault("is zero", "write a duration above zero, or leave it out");
        return None;
    }
    Some(span)
}
