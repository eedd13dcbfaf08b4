//! The rate rule that fits a player's choices best: an estimate of the rate, and the shares of it that a rung may
//! need to be switched to, and to be kept.

use super::Sighting;
use serde::Serialize;

/// Half-lives in seconds of the estimates that are tried: averages of throughput that forget exponentially, with
/// downloads weighted by their time. Of two, the lower one counts. `(0, 0)` is the last download alone.
const ESTIMATES: &[(f64, f64)] = &[
    (0.0, 0.0),
    (1.0, 1.0),
    (2.0, 2.0),
    (3.0, 3.0),
    (4.0, 4.0),
    (5.0, 5.0),
    (6.0, 6.0),
    (8.0, 8.0),
    (10.0, 10.0),
    (12.0, 12.0),
    (16.0, 16.0),
    (20.0, 20.0),
    (2.0, 5.0),
    (2.0, 8.0),
    (3.0, 8.0),
    (3.0, 9.0),
    (4.0, 12.0),
];
/// The first choices are about starting, not about an estimate.
const STARTUP: usize = 2;

/// The rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RateRule {
    /// The half-life of the estimate in seconds, the shorter one of two; 0 = the last download alone.
    pub half_life_s: f64,
    /// The longer one; the same if there is one only.
    pub slow_half_life_s: f64,
    /// A rung is switched up to when it needs at most this share of the estimate.
    pub up: Option<Threshold>,
    /// A rung is kept while it needs at most this share of the estimate.
    pub down: Option<Threshold>,
    /// The share of the bounds that hold.
    pub explained: f64,
    /// How many choices there were.
    pub choices: usize,
}

/// A share of the estimate, between two observed choices.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Threshold {
    /// The middle.
    pub share: f64,
    /// Anything from here …
    pub from: f64,
    /// … to here fits as well.
    pub to: f64,
}

/// Shares that a threshold is at least or above, and shares that it is below.
#[derive(Default)]
struct Bounds {
    at_least: Vec<f64>,
    below: Vec<f64>,
}

impl RateRule {
    /// The rule that fits `sessions`, each in the order of its requests, on a ladder of `bitrates` in kbit/s. `None`
    /// without any switch.
    #[must_use]
    pub fn fit(sessions: &[&[Sighting]], bitrates: &[f64]) -> Option<Self> {
        let rules = ESTIMATES.iter().filter_map(|estimate| fit_with(*estimate, sessions, bitrates));
        // The first of those that explain the most: simple ones come first.
        rules.reduce(
            |best, other| {
                if other.explained > best.explained + 1e-9 { other } else { best }
            },
        )
    }
}

fn fit_with(
    half_lives: (f64, f64),
    sessions: &[&[Sighting]],
    bitrates: &[f64],
) -> Option<RateRule> {
    let (mut up, mut down) = (Bounds::default(), Bounds::default());
    let mut choices = 0;
    for session in sessions {
        let mut last: Option<usize> = None;
        for (number, choice) in session.iter().filter(|seen| seen.is_video()).enumerate() {
            let (Some(rung), before) = (choice.rung, last) else { continue };
            last = Some(rung);
            let (Some(before), true) = (before, number >= STARTUP) else { continue };
            let Some(estimate) = estimate(half_lives, session, choice.start) else { continue };
            let share = |rung: usize| bitrates.get(rung).map(|bitrate| bitrate / estimate);
            choices += 1;
            match rung.cmp(&before) {
                std::cmp::Ordering::Greater => up.at_least.extend(share(rung)),
                std::cmp::Ordering::Equal => {
                    up.below.extend(share(rung + 1));
                    // The lowest rung is kept whatever it needs.
                    down.at_least.extend(share(rung).filter(|_| rung > 0));
                }
                std::cmp::Ordering::Less => down.below.extend(share(before)),
            }
        }
    }
    if up.at_least.is_empty() && down.below.is_empty() {
        return None;
    }
    let total = up.len() + down.len();
    let ((up, up_broken), (down, down_broken)) = (up.threshold(), down.threshold());
    let explained = 1.0 - (up_broken + down_broken) as f64 / total.max(1) as f64;
    let (half_life_s, slow_half_life_s) = half_lives;
    Some(RateRule { half_life_s, slow_half_life_s, up, down, explained, choices })
}

/// The estimate in kbit/s at `now`, of the video downloads that were over by then.
fn estimate((fast, slow): (f64, f64), session: &[Sighting], now: f64) -> Option<f64> {
    let known = session.iter().filter(|seen| {
        seen.is_video() && seen.end <= now && seen.ending == super::Ending::Complete
    });
    let mut samples: Vec<&Sighting> = known.collect();
    samples.sort_by(|one, other| one.end.total_cmp(&other.end));
    if fast == 0.0 {
        return samples.last().map(|seen| seen.throughput());
    }
    let average = |half_life: f64| {
        let (mut value, mut weight) = (0.0, 0.0);
        for seen in &samples {
            let keep = 0.5f64.powf((seen.end - seen.start).max(1e-3) / half_life);
            value = keep * value + (1.0 - keep) * seen.throughput();
            weight = keep * weight + (1.0 - keep);
        }
        (weight > 0.0).then(|| value / weight)
    };
    Some(average(fast)?.min(average(slow)?))
}

impl Bounds {
    const fn len(&self) -> usize {
        self.at_least.len() + self.below.len()
    }

    /// Where the fewest bounds are broken, and how many that are. Without bounds on one of the sides there is no
    /// threshold to be known.
    fn threshold(&self) -> (Option<Threshold>, usize) {
        let mut marks: Vec<f64> = self.at_least.iter().chain(&self.below).copied().collect();
        marks.sort_by(f64::total_cmp);
        // A threshold at a mark satisfies "at least" there, and breaks "below".
        let broken = |at: f64| {
            self.at_least.iter().filter(|bound| **bound > at).count()
                + self.below.iter().filter(|bound| **bound <= at).count()
        };
        let Some(fewest) = marks.iter().map(|mark| broken(*mark)).min() else { return (None, 0) };
        if self.at_least.is_empty() || self.below.is_empty() {
            return (None, 0);
        }
        let best = marks.iter().position(|mark| broken(*mark) == fewest);
        let threshold = best.map(|first| {
            // As far as nothing more is broken, until the next mark.
            let mut last = first;
            while marks.get(last + 1).is_some_and(|mark| broken(*mark) == fewest) {
                last += 1;
            }
            let from = marks[first];
            let to = marks.get(last + 1).copied().unwrap_or(marks[last]);
            Threshold { share: f64::midpoint(from, to), from, to }
        });
        (threshold, fewest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_lies_between_what_was_taken_and_what_was_not() {
        let bounds = Bounds { at_least: vec![0.5, 0.68], below: vec![0.72, 0.9, 1.2] };
        let (threshold, broken) = bounds.threshold();
        let threshold = threshold.unwrap();
        assert_eq!((threshold.from, threshold.to, broken), (0.68, 0.72, 0));
        assert!((threshold.share - 0.7).abs() < 1e-12);
    }

    #[test]
    fn one_choice_against_the_rule_does_not_move_it() {
        let bounds = Bounds { at_least: vec![0.5, 0.6, 0.68], below: vec![0.55, 0.72, 0.74, 0.9] };
        let (threshold, broken) = bounds.threshold();
        assert_eq!(broken, 1);
        let threshold = threshold.unwrap();
        assert_eq!((threshold.from, threshold.to), (0.68, 0.72));
    }

    #[test]
    fn nothing_is_known_of_one_side_alone() {
        let bounds = Bounds { at_least: vec![0.5], below: Vec::new() };
        assert_eq!(bounds.threshold(), (None, 0));
        assert_eq!(RateRule::fit(&[&[]], &[300.0, 900.0]), None);
    }
}
