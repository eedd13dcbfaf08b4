//! The scenarios: networks and faults, one in each playback.

/// What a scenario is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Purpose {
    /// Far more rate than the highest rung needs: how much is buffered.
    Buffer,
    /// Rates that change slowly: at which share of its estimate the player switches.
    Rates,
    /// The rate falls at the first time, in seconds, and rises at the second.
    Step(f64, f64),
    /// Nothing passes from the first time to the second, in seconds.
    Outage(f64, f64),
    /// A fault of the video segment with this index.
    Segment(u64),
    /// A fault of the manifest.
    Manifest,
    /// The first answers are late.
    SlowStart,
}

/// One scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What happens, in a few words.
    pub summary: &'static str,
    /// What it is for.
    pub purpose: Purpose,
    /// How long it is watched, in seconds.
    pub seconds: f64,
    /// The network: a profile file.
    pub profile: String,
    /// Rules in the short form; empty if there are none.
    pub rules: &'static str,
}

/// The segment that faults are about: late enough for a buffer to be there.
const FAULTY: u64 = 6;
/// The seconds that a step of a slow change lasts.
const STEP: f64 = 2.0;
const LAST: &str = "10 m";

/// A fault on a network without trouble: name, summary, purpose, seconds, rules.
type Fault = (&'static str, &'static str, Purpose, f64, &'static str);

const FAULTS: [Fault; 8] = [
    (
        "one-503",
        "one answer of 503",
        Purpose::Segment(FAULTY),
        45.0,
        "segment.video.index=6:status=503,times=1",
    ),
    (
        "always-503",
        "503 for one segment, for good",
        Purpose::Segment(FAULTY),
        90.0,
        "segment.video.index=6:status=503",
    ),
    (
        "always-404",
        "404 for one segment, for good",
        Purpose::Segment(FAULTY),
        90.0,
        "segment.video.index=6:status=404",
    ),
    (
        "reset",
        "the connection is reset in a segment, once",
        Purpose::Segment(FAULTY),
        45.0,
        "segment.video.index=6:cut.at=8KiB,cut.end=reset,times=1",
    ),
    (
        "no-answer",
        "a segment is not answered, once",
        Purpose::Segment(FAULTY),
        90.0,
        "segment.video.index=6:hang=forever,times=1",
    ),
    (
        "slow-start",
        "the first segments come 3 s late",
        Purpose::SlowStart,
        45.0,
        "segment.index=1:delay=3s",
    ),
    (
        "manifest-503",
        "503 for the manifest, twice",
        Purpose::Manifest,
        45.0,
        "manifest:status=503,times=2",
    ),
    (
        "no-manifest",
        "503 for the manifest, for good",
        Purpose::Manifest,
        45.0,
        "manifest:status=503",
    ),
];

/// All scenarios for a ladder of `bitrates` in kbit/s, lowest first.
#[must_use]
pub fn scenarios(bitrates: &[f64]) -> Vec<Scenario> {
    let at = |rung: usize| bitrates.get(rung).or(bitrates.last()).copied().unwrap_or(1000.0);
    let middle = bitrates.len() / 2;
    let (lowest, highest) = (at(0), at(bitrates.len().saturating_sub(1)));
    let comfortable = 2.0 * at(middle);
    let mut list = networks(lowest, highest, comfortable, 1.3 * at(middle.saturating_sub(2)));
    for (name, summary, purpose, seconds, rules) in FAULTS {
        let mut scenario = network(name, summary, purpose, seconds, &[(1.0, comfortable)]);
        scenario.rules = rules;
        list.push(scenario);
    }
    list
}

/// Those without faults, for a ladder from `lowest` to `highest` and two rates that differ by some rungs, in kbit/s.
fn networks(lowest: f64, highest: f64, comfortable: f64, slow: f64) -> Vec<Scenario> {
    // From where the lowest rung just plays to where every known player takes the highest.
    let (low, high) = (1.3 * lowest, 1.7 * highest);
    let fast = [(1.0, 3.0 * highest)];
    let up = ramp(low, high, 90.0);
    let down = ramp(high, low, 90.0);
    let steps = [(30.0, comfortable), (30.0, slow), (1.0, comfortable)];
    let outage = [(20.0, comfortable), (10.0, 0.0), (1.0, comfortable)];
    let step = "the rate falls at 30 s, and rises at 60 s";
    vec![
        network("fast", "three times the highest rung", Purpose::Buffer, 60.0, &fast),
        network("ramp-up", "the rate rises slowly", Purpose::Rates, 100.0, &up),
        network("ramp-down", "the rate falls slowly", Purpose::Rates, 100.0, &down),
        network("step", step, Purpose::Step(30.0, 60.0), 100.0, &steps),
        network(
            "outage",
            "nothing passes from 20 s to 30 s",
            Purpose::Outage(20.0, 30.0),
            60.0,
            &outage,
        ),
    ]
}

/// Rates in kbit/s, each for this many seconds; the last one stays.
fn network(
    name: &'static str,
    summary: &'static str,
    purpose: Purpose,
    seconds: f64,
    steps: &[(f64, f64)],
) -> Scenario {
    let mut profile = String::from("[latency]\nrtt = \"40 ms\"\n\n[downlink]\nschedule = [\n");
    for (number, (seconds, rate)) in steps.iter().enumerate() {
        let span = if number + 1 == steps.len() { LAST.to_owned() } else { format!("{seconds} s") };
        profile.push_str(&format!("    {{ for = \"{span}\", rate = \"{rate:.0} kbit/s\" }},\n"));
    }
    profile.push_str("]\n");
    Scenario { name, summary, purpose, seconds, profile, rules: "" }
}

/// From one rate to another in equal factors.
fn ramp(from: f64, to: f64, seconds: f64) -> Vec<(f64, f64)> {
    let count = (seconds / STEP).round();
    let mut steps = Vec::new();
    let mut number = 0.0;
    while number <= count {
        steps.push((STEP, from * (to / from).powf(number / count)));
        number += 1.0;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profiles::Profile, rules::RuleSet};

    #[test]
    fn every_scenario_is_a_valid_profile_with_valid_rules() {
        for bitrates in [vec![800.0], vec![299.0, 624.0, 1114.0, 2414.0, 4364.0, 8064.0]] {
            let all = scenarios(&bitrates);
            assert_eq!(all.len(), 13);
            for scenario in all {
                let read = Profile::from_toml(scenario.name, "scenario.toml", &scenario.profile);
                assert!(read.is_ok(), "{}: {read:?}", scenario.name);
                let rules = RuleSet::from_text(scenario.rules);
                assert!(scenario.rules.is_empty() || rules.is_ok(), "{}: {rules:?}", scenario.name);
            }
        }
    }

    #[test]
    fn a_ramp_goes_from_end_to_end_in_equal_factors() {
        let steps = ramp(100.0, 1600.0, 8.0);
        let rates: Vec<f64> = steps.iter().map(|(_, rate)| *rate).collect();
        assert_eq!(rates, [100.0, 200.0, 400.0, 800.0, 1600.0]);
    }
}
