//! Known players in virtual time: what they are known to do must be found.

use super::{Ending, Findings, Purpose, Scenario, Sighting, Wanted, scenarios};
use crate::{
    player::{
        Abandoning, BufferGrowth, FullBuffer, Presentation, Replacement, RequestPolicy, Scheduling,
        Session, SessionPolicy, estimator::Ewma, network::LinkNetwork,
    },
    profiles::Profile,
    seed::Seed,
    sweep::matrix::player,
};
use std::sync::Arc;

/// The built-in ladder.
const BITRATES: [f64; 6] = [299.0, 624.0, 1114.0, 2414.0, 4364.0, 8064.0];
const SEGMENT: f64 = 4000.0;

/// What a proxy would see of the player called `name`.
fn watch(name: &str, scenario: &Scenario) -> Vec<Sighting> {
    let presentation = Presentation::constant(SEGMENT, BITRATES.to_vec(), 100).unwrap();
    let profile = Profile::from_toml(scenario.name, "scenario.toml", &scenario.profile).unwrap();
    let player = player(name).unwrap();
    let max_buffer = player.max_buffer(None, SEGMENT);
    let mut abr = player.algorithm(&presentation, max_buffer, 1, false).unwrap();
    let mut estimator = Ewma::new(&[3000.0, 8000.0], SEGMENT);
    let network = LinkNetwork::new(&Arc::new(profile.link), &[], &[], Seed::new(1));
    let policy = SessionPolicy {
        max_buffer,
        growth: BufferGrowth::Never,
        full: FullBuffer::WaitForRoom,
        scheduling: Scheduling::AtOnce,
        replacement: Replacement::Never,
        discard: None,
        abandon: Abandoning::Never,
        startup_rebuffers: false,
        seek: None,
        requests: RequestPolicy::PATIENT,
    };
    let mut session = Session::new(&presentation, network, abr.as_mut(), &mut estimator, policy);
    let mut seen = Vec::new();
    while let Some(step) = session.step(&mut ()).unwrap() {
        if step.at > scenario.seconds * 1000.0 {
            break;
        }
        seen.push(Sighting {
            wanted: Wanted::Video,
            start: step.at / 1000.0,
            end: (step.at + step.download.progress.time) / 1000.0,
            bytes: step.download.progress.received / 8.0,
            ending: Ending::Complete,
            rung: Some(step.rung),
            index: Some(step.segment as u64 + 1),
            duration: SEGMENT / 1000.0,
        });
    }
    seen
}

fn findings(name: &str) -> Findings {
    let network = |scenario: &Scenario| {
        matches!(scenario.purpose, Purpose::Buffer | Purpose::Rates | Purpose::Step(..))
    };
    let all = scenarios(&BITRATES).into_iter().filter(network);
    let watched: Vec<_> = all.map(|scenario| (scenario.clone(), watch(name, &scenario))).collect();
    Findings::of(name, &BITRATES, &watched)
}

/// The shares of players whose rules are published: of the estimate for a higher rung, and for the present one.
#[test]
fn the_shares_of_known_players_are_found() {
    for (name, up, down) in [("throughput", 0.9, 0.9), ("hls.js", 0.7, 0.95), ("spf", 0.85, 0.85)] {
        let rule = findings(name).rate_rule.unwrap();
        let found = [rule.up.unwrap().share, rule.down.unwrap().share];
        for (found, known) in found.into_iter().zip([up, down]) {
            assert!((found - known).abs() <= 0.05, "{name}: {found} for {known}: {rule:?}");
        }
        assert!(rule.explained > 0.95, "{name}: {rule:?}");
    }
}

/// 30 s for hls.js, 10 s for Shaka, each with a segment of 4 s that may come on top.
#[test]
fn the_buffer_of_known_players_is_found() {
    for (name, goal) in [("hls.js", 30.0), ("shaka", 10.0)] {
        let buffer = findings(name).buffer.unwrap();
        assert!(buffer.reached, "{name}: {buffer:?}");
        assert!((buffer.asks_below_s - goal).abs() <= 4.0, "{name}: {buffer:?}");
    }
}

/// A choice by the buffer is no rule of the rate, and is said to be none.
#[test]
fn a_rule_of_the_buffer_is_not_taken_for_one_of_the_rate() {
    let rule = findings("bba").rate_rule.unwrap();
    let known = findings("throughput").rate_rule.unwrap();
    assert!(rule.explained < known.explained - 0.05, "{rule:?}");
}

#[test]
fn a_step_is_followed() {
    let findings = findings("shaka");
    let step = findings.scenarios.iter().find(|scenario| scenario.name == "step").unwrap();
    let (down, up) = (step.step_down.unwrap(), step.step_up.unwrap());
    assert!(down.to_rung < down.from_rung && up.to_rung > up.from_rung, "{step:?}");
    // Its buffer is 10 s, and it decides every 8 s.
    assert!(down.first_switch_s.unwrap() < 25.0 && up.first_switch_s.unwrap() < 25.0, "{step:?}");
}
