//! Decisions of a session, request by request, without a session, a clock or a socket.

use super::*;
use crate::media::{Kind, MediaType, Protocol};

const SEED: Seed = Seed::new(7);

fn rules(text: &str) -> RuleSet {
    RuleSet::from_toml("rules.toml", text).unwrap()
}

/// A rule with these conditions and this `then` table.
fn rule(when: &str, then: &str) -> RuleSet {
    rules(&format!("[[rule]]\nwhen = {{ {when} }}\nthen = {{ {then} }}"))
}

fn segment(media: MediaType, number: u64) -> Resource {
    Resource {
        media,
        number: Some(number),
        index: Some(number),
        ..Resource::new(Protocol::Hls, Kind::Segment)
    }
}

fn key(path: &str) -> RequestKey<'_> {
    RequestKey { file: path, range: None, whole: path }
}

/// Requests `path` at this second, and returns the decision with the attempt.
fn request(
    decider: &mut Decider,
    rules: &RuleSet,
    path: &str,
    resource: &Resource,
    second: u64,
) -> (Decision, Attempt) {
    let attempt = decider.attempt(key(path), resource);
    let facts = Facts {
        attempt: attempt.number,
        path,
        joined: decider.joined(resource),
        ..Facts::new(resource, SessionTime::from_secs(second))
    };
    let decision = decider.decide(Policy { script: None, rules }, &facts, attempt.seed, None);
    (decision, attempt)
}

/// Which of `count` requests for segments, from 1, have an effect.
fn hits(rules: &RuleSet, count: u64) -> Vec<u64> {
    let mut decider = Decider::new(SEED);
    let mut hit = |number: &u64| {
        let resource = segment(MediaType::Video, *number);
        let (decision, _) = request(&mut decider, rules, &format!("/{number}"), &resource, *number);
        decision.plan.is_some()
    };
    (1..=count).filter(&mut hit).collect()
}

#[test]
fn nth_counts_matching_requests_from_1() {
    assert_eq!(hits(&rule("kind = \"segment\", nth = 3", "status = 503"), 10), [3]);
    assert_eq!(hits(&rule("nth = \"8..\"", "status = 503"), 10), [8, 9, 10]);
}

#[test]
fn every_applies_to_each_multiple() {
    assert_eq!(hits(&rule("every = 4", "status = 503"), 13), [4, 8, 12]);
}

#[test]
fn times_ends_a_rule() {
    let limited =
        rules("[[rule]]\nwhen = { every = 2 }\nthen = { status = 503 }\nbudget = { times = 3 }\n");
    assert_eq!(hits(&limited, 20), [2, 4, 6]);
}

/// What no effect came of is given back; what was applied stays used.
#[test]
fn a_use_counts_only_if_its_effect_happened() {
    let once = rules("[[rule]]\nthen = { status = 503 }\nbudget = { times = 1 }\n");
    let (mut decider, video) = (Decider::new(SEED), segment(MediaType::Video, 1));
    let mut next = || request(&mut decider, &once, "/1", &video, 0).0;
    next().reservations.unwrap().give_back();
    let second = next();
    let (plan, reserved) = (second.plan.unwrap(), second.reservations.unwrap());
    reserved.keep(&plan.status.as_ref().unwrap().rule);
    reserved.give_back();
    assert!(next().plan.is_none());
}

/// The share is right, the same requests get the same draws in any order, and another seed gets others.
#[test]
fn chance_derives_from_the_request() {
    let chance = rule("probability = 0.25", "status = 503");
    let in_order = hits(&chance, 10_000);
    // The standard deviation is 43.
    assert!((2_300..2_700).contains(&in_order.len()), "{}", in_order.len());
    let hit = |seed: Seed, number: u64| {
        let resource = segment(MediaType::Video, number);
        let (decision, _) =
            request(&mut Decider::new(seed), &chance, &format!("/{number}"), &resource, 0);
        decision.plan.is_some()
    };
    for number in 1..=200 {
        assert_eq!(hit(SEED, number), in_order.contains(&number), "{number}");
    }
    assert!((1..=200).any(|number| hit(SEED, number) != hit(Seed::new(8), number)));
}

#[test]
fn attempts_are_counted_by_bytes_and_draw_anew() {
    let (mut decider, video) = (Decider::new(SEED), segment(MediaType::Video, 1));
    let retry = rule("attempt = \"2..\"", "status = 503");
    let mut next = |path: &str| {
        let (decision, attempt) = request(&mut decider, &retry, path, &video, 0);
        (attempt.number, decision.plan.is_some())
    };
    assert_eq!(
        [next("/1"), next("/2"), next("/1"), next("/1")],
        [(1, false), (1, false), (2, true), (3, true)]
    );
    let first = decider.request_seed("/1", 1);
    assert_eq!(first, Decider::new(SEED).attempt(key("/1"), &video).seed);
    assert_ne!(first, decider.request_seed("/1", 2));
    // A range of the file is a retry of the whole of it, and says so when that failed.
    let whole = decider.attempt(key("/3"), &video);
    decider.attempt_failed(whole.counted_by);
    let rest = RequestKey { file: "/3", range: Some("bytes=500-"), whole: "GET /3 bytes=500-" };
    let rest = decider.attempt(rest, &video);
    assert_eq!((whole.resumes, rest.number, rest.resumes), (false, 2, true));
}

#[test]
fn the_joined_edge_is_the_first_known_one() {
    let late = rule("after-join = \"2..\"", "status = 503");
    let live = |number, behind| Resource {
        behind_live: Some(behind),
        ..segment(MediaType::Video, number)
    };
    let mut decider = Decider::new(SEED);
    let mut hit = |number, behind| {
        let path = format!("/{number}");
        request(&mut decider, &late, &path, &live(number, behind), 0).0.plan.is_some()
    };
    // It joins at segment 100: `after-join` counts from there, whatever the edge is later.
    let hit = [hit(97, 3), hit(100, 1), hit(101, 5), hit(102, 0), hit(103, 2)];
    assert_eq!(hit, [false, false, false, true, true]);
    assert_eq!(decider.joined(&live(110, 1)), Some(100));
    assert_eq!(decider.joined(&segment(MediaType::Audio, 4)), None);
}

/// New rules start at zero, known ones go on, and `rearm` starts all of them again.
#[test]
fn counters_stay_with_their_rules() {
    let third = rules("[[rule]]\nname = \"third\"\nwhen = { nth = 3 }\nthen = { status = 503 }");
    let both = RuleSet::concat([&rule("nth = 2", "delay = \"1 s\""), &third]);
    let (mut decider, video) = (Decider::new(SEED), segment(MediaType::Video, 1));
    let next = |decider: &mut Decider, set: &RuleSet| {
        let plan = request(decider, set, "/1", &video, 0).0.plan;
        (plan.as_ref().is_some_and(|p| p.status.is_some()), plan.is_some_and(|p| p.delay.is_some()))
    };
    assert_eq!(next(&mut decider, &third), (false, false));
    assert_eq!(next(&mut decider, &third), (false, false));
    assert_eq!(next(&mut decider, &both), (true, false));
    assert_eq!(next(&mut decider, &both), (false, true));
    decider.arm_afresh(&both, SessionTime::ZERO, ProcessTime::ZERO);
    let again = [(); 3].map(|()| next(&mut decider, &both));
    assert_eq!(again, [(false, false), (false, true), (true, false)]);
}

/// A `ttl` starts when the rules come into force, not with the first request.
#[test]
fn rules_come_into_force_when_they_are_armed() {
    let brief = rules("[[rule]]\nthen = { status = 503 }\nbudget = { ttl = \"10 s\" }\n");
    let video = segment(MediaType::Video, 1);
    let hit = |armed_at: u64, second: u64| {
        let mut decider = Decider::new(SEED);
        decider.arm(&brief, SessionTime::from_secs(armed_at), ProcessTime::from_secs(armed_at));
        request(&mut decider, &brief, "/1", &video, second).0.plan.is_some()
    };
    assert_eq!([hit(0, 9), hit(0, 10), hit(5, 10), hit(5, 15)], [true, false, true, false]);
}

/// The addresses of a redirect chain are one request: a rule that matched it is not counted again, and
/// the rest of its plan and of its reservations stays.
#[test]
fn a_redirected_request_is_counted_once() {
    let set = rules(
        "[[rule]]\nwhen = { nth = 1 }\nthen = { headers = { set = { a = \"b\" } } }\n\
         budget = { times = 5 }\n\
         [[rule]]\nwhen = { host = \"two\" }\nthen = { date-skew = \"5 s\" }\n",
    );
    let (mut decider, video) = (Decider::new(SEED), segment(MediaType::Video, 1));
    let policy = Policy { script: None, rules: &set };
    let first = request(&mut decider, &set, "/1", &video, 0).0;
    let carried = first.after_redirect(false);
    assert!(carried.plan.headers.is_some() && carried.reservations.is_some());
    let facts = Facts { host: "two", ..Facts::new(&video, SessionTime::from_secs(1)) };
    let second = decider.decide(policy, &facts, Seed::new(3), Some(carried));
    let plan = second.plan.unwrap();
    assert!(plan.headers.is_some() && plan.date_skew.is_some());
    assert!(second.reservations.is_some_and(|reserved| !reserved.is_empty()));
    let later = request(&mut decider, &set, "/2", &video, 2).0;
    assert!(later.plan.is_none(), "the first rule has counted one request, not two");
}

/// The script fills its slots before the rules do, keeps its state, and sees no preflight.
#[test]
fn the_script_decides_before_the_rules() {
    let path = std::env::temp_dir().join(format!("vsps-{}-decider.rhai", std::process::id()));
    let text = "fn on_session(s) { s.count = 0; }\n\
                fn on_request(r, s) { s.count += 1; if s.count == 2 { return #{ status: 404 }; } }\n\
                fn on_response(r, answer, s) { #{ \"date-skew\": `${s.count} s` } }";
    std::fs::write(&path, text).unwrap();
    let script = Script::load(&path, Arc::new(|| ProcessTime::ZERO)).unwrap();
    std::fs::remove_file(&path).unwrap();
    let set = rule("", "status = 503");
    let (mut decider, video) = (Decider::new(SEED), segment(MediaType::Video, 1));
    let policy = Policy { script: Some(&script), rules: &set };
    let mut status = |method: &Method| {
        let facts = Facts { method, ..Facts::new(&video, SessionTime::ZERO) };
        let decision = decider.decide(policy, &facts, Seed::new(1), None);
        assert_eq!(decision.failure, None);
        decision.plan.map(|plan| plan.status.clone().unwrap().effect.code)
    };
    let get = [status(&Method::GET), status(&Method::OPTIONS), status(&Method::GET)];
    assert_eq!(get, [Some(503), None, Some(404)]);
    let (facts, headers) = (Facts::new(&video, SessionTime::ZERO), http::HeaderMap::new());
    let answer = Answer { status: 200, length: None, headers: &headers };
    let plan = decider.respond(&script, Plan::default(), &facts, answer, Seed::new(1)).unwrap();
    assert_eq!(plan.date_skew.unwrap().effect.to_string(), "+2 s");
}
