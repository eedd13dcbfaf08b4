//! The unit of the numbers in a schedule: rates, or shares of a rate. Rates may be relative to a ladder.

use crate::{
    document::{Scope, Text},
    model::RelativeRate,
    units::BitRate,
};

/// The unit of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// `5 Mbit/s`
    Rate,
    /// `50 %`
    Share,
}

/// The largest share: 100 times.
const MOST: f64 = 100.0;

impl Unit {
    /// An example for the error of a missing number.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Self::Rate => "rate = \"1200 kbit/s\"",
            Self::Share => "rate = \"50 %\"",
        }
    }

    /// Reads a rate or share; a share as millionths.
    pub(super) fn plain(
        self,
        key: &str,
        written: Option<&Text>,
        scope: &Scope<'_>,
    ) -> Option<BitRate> {
        if self == Self::Rate {
            return scope.read(key, written);
        }
        let text = written?.as_str();
        let share = millionths(text);
        if share.is_none() {
            let hint = "write a percentage, as in `\"50 %\"`, or a number from 0 to 100";
            scope.at(key).fault(format!("`{text}` is not a share"), hint);
        }
        share.map(BitRate::from_bits_per_second)
    }

    /// The same, or a share of a rung: `120 % of rung 3`.
    pub(super) fn relative(
        self,
        key: &str,
        written: Option<&Text>,
        scope: &Scope<'_>,
    ) -> Option<RelativeRate> {
        let of_rung = written.and_then(|text| text.as_str().split_once("of rung"));
        let (Some((share, rung)), Self::Rate) = (of_rung, self) else {
            return self.plain(key, written, scope).map(RelativeRate::Fixed);
        };
        let rung = rung.trim().parse().ok().filter(|rung| *rung > 0);
        let (Some(share), Some(rung)) = (millionths(share.trim()), rung) else {
            let hint = "write a percentage and a rung, counted from 1 = lowest: `120 % of rung 3`";
            scope.at(key).fault("is not a share of a rung", hint);
            return None;
        };
        Some(RelativeRate::OfRung { share, rung })
    }
}

fn millionths(text: &str) -> Option<u64> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim(), 0.01),
        None => (text, 1.0),
    };
    let share = number.parse::<f64>().ok()? * scale;
    (0.0..=MOST).contains(&share).then(|| (share * 1e6).round() as u64)
}
