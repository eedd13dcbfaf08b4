//! What each condition means, what each order of rules means, and that counts are exact.

use super::*;
use crate::{
    media::{Kind, MediaType, Protocol, Resource},
    rules::{Ending, Hang, Planned},
    seed::Seed,
    units::{MediaTime, UnixTime},
};
use proptest::prelude::*;
use std::time::Duration;

fn rules(text: &str) -> RuleSet {
    RuleSet::from_toml("rules.toml", text).unwrap()
}

/// A rule with these conditions, which answers 503.
fn when(conditions: &str) -> RuleSet {
    rules(&format!("[[rule]]\nwhen = {{ {conditions} }}\nthen = {{ status = 503 }}"))
}

fn segment(media: MediaType, rung: u16, index: u64) -> Resource {
    let segment = Resource::new(Protocol::Hls, Kind::Segment);
    Resource { media, rung: Some(rung), index: Some(index), ..segment }
}

fn decide(set: &RuleSet, counters: &mut Counters, resource: &Resource, seconds: u64) -> Plan {
    let facts = Facts::new(resource, SessionTime::from_secs(seconds));
    set.decide(counters, &facts, &mut |_| 0.5)
}

/// Whether the conditions hold for a single request.
fn hits(conditions: &str, resource: &Resource, seconds: u64) -> bool {
    decide(&when(conditions), &mut Counters::default(), resource, seconds).status.is_some()
}

#[test]
fn a_kind_is_itself_and_groups_are_groups() {
    let of = |kind| Resource::new(Protocol::Unknown, kind);
    let held = |conditions: &str| -> Vec<&str> {
        let kinds = Kind::ALL.iter().filter(|kind| hits(conditions, &of(**kind), 0));
        kinds.map(|kind| kind.as_str()).collect()
    };
    assert_eq!(held(r#"kind = "segment""#), ["segment"]);
    assert_eq!(held(r#"kind = ["init", "part"]"#), ["init", "part"]);
    assert_eq!(held(r#"kind = "playlist""#), ["multivariant-playlist", "media-playlist"]);
    let manifests =
        ["multivariant-playlist", "media-playlist", "mpd", "mpd-patch", "client-manifest"];
    assert_eq!(held(r#"kind = "manifest""#), manifests);
    assert_eq!(held("").len(), Kind::ALL.len());
}

#[test]
fn audio_is_not_muxed() {
    let audio = r#"media = "audio""#;
    assert!(hits(audio, &segment(MediaType::Audio, 1, 1), 0));
    assert!(!hits(audio, &segment(MediaType::Muxed, 1, 1), 0));
    assert!(!hits(audio, &segment(MediaType::Video, 1, 1), 0));
    assert!(hits(r#"media = ["audio", "muxed"]"#, &segment(MediaType::Muxed, 1, 1), 0));
}

#[test]
fn a_protocol_is_itself() {
    assert!(hits(r#"protocol = "hls""#, &segment(MediaType::Video, 1, 1), 0));
    assert!(!hits(r#"protocol = "dash""#, &segment(MediaType::Video, 1, 1), 0));
}

/// Both ends of a range are in it; what has no rung or index is in none.
#[test]
fn rungs_and_indices() {
    let held = |conditions: &str| -> Vec<u64> {
        let hit = |n: &u64| hits(conditions, &segment(MediaType::Video, *n as u16, *n), 0);
        (1..=6).filter(hit).collect()
    };
    assert_eq!(held("rung = 3"), [3]);
    assert_eq!(held(r#"rung = "2..4""#), [2, 3, 4]);
    assert_eq!(held(r#"rung = [1, "5.."]"#), [1, 5, 6]);
    assert_eq!(held(r#"index = "..2""#), [1, 2]);
    assert!(!hits(r#"rung = "1..""#, &Resource::new(Protocol::Hls, Kind::Segment), 0));
    assert!(!hits(r#"index = "1..""#, &Resource::new(Protocol::Hls, Kind::Segment), 0));
}

#[test]
fn a_window_has_its_start_and_not_its_end() {
    let resource = Resource::unknown();
    let held = [9, 10, 29, 30].map(|at| hits(r#"during = "10 s..30 s""#, &resource, at));
    assert_eq!(held, [false, true, true, false]);
}

/// All that is given must hold.
#[test]
fn conditions_are_joined_by_and() {
    let both = r#"kind = "segment", media = "audio", rung = 2"#;
    assert!(hits(both, &segment(MediaType::Audio, 2, 1), 0));
    assert!(!hits(both, &segment(MediaType::Audio, 1, 1), 0));
    assert!(!hits(both, &segment(MediaType::Video, 2, 1), 0));
}

/// The n-th, 2n-th, ... of those that match the rest, and nothing else, over 10,000 requests.
#[test]
fn every_is_exact() {
    let set = when(r#"media = "audio", every = 7"#);
    let mut counters = Counters::default();
    let (mut hit, mut audio) = (Vec::new(), 0u64);
    for request in 0..20_000u64 {
        let media = if request % 2 == 0 { MediaType::Audio } else { MediaType::Video };
        audio += u64::from(media == MediaType::Audio);
        if decide(&set, &mut counters, &segment(media, 1, 1), 0).status.is_some() {
            assert_eq!(media, MediaType::Audio);
            hit.push(audio);
        }
    }
    assert_eq!(hit, (1..=10_000 / 7).map(|n| n * 7).collect::<Vec<_>>());
    let all = when("every = 1");
    assert!((0..10_000).all(|_| !decide(&all, &mut counters, &Resource::unknown(), 0).is_empty()));
}

/// `every` counts what matches, not what was drawn; and a draw is made only where it decides.
#[test]
fn every_comes_before_probability() {
    let set = when("every = 2, probability = 0.5");
    let (mut counters, mut draws, mut hits) = (Counters::default(), 0, 0);
    let resource = Resource::unknown();
    let facts = Facts::new(&resource, SessionTime::ZERO);
    for _ in 0..100 {
        let mut chance = |key: &str| {
            assert_eq!(key, "rule 1");
            draws += 1;
            if draws % 2 == 0 { 0.1 } else { 0.9 }
        };
        hits += u32::from(set.decide(&mut counters, &facts, &mut chance).status.is_some());
    }
    assert_eq!((draws, hits), (50, 25));
}

/// Within four standard deviations of its share; never at 0, always at 1.
#[test]
fn a_probability_is_a_share() {
    let resource = Resource::unknown();
    let facts = Facts::new(&resource, SessionTime::ZERO);
    for (share, low, high) in [(0.0, 0, 0), (0.1, 880, 1120), (1.0, 10_000, 10_000)] {
        let set = when(&format!("probability = {share}"));
        let mut counters = Counters::default();
        let mut stream = Seed::new(5).named("rule").stream();
        let mut chance = |_: &str| stream.random::<f64>();
        let decided = (0..10_000).map(|_| set.decide(&mut counters, &facts, &mut chance));
        let hits = decided.filter(|plan| plan.status.is_some()).count();
        assert!((low..=high).contains(&hits), "{share}: {hits}");
    }
}

/// For each slot the first rule that applies and names it wins; slots are filled separately.
#[test]
fn the_first_fills_the_slot() {
    let set = rules(
        r#"
        [[rule]]
        name = "none of these"
        when = { kind = "key" }
        then = { delay = "9 s" }
        [[rule]]
        name = "first"
        then = { delay = "1 s" }
        [[rule]]
        name = "second"
        then = { delay = "2 s", rate = "1 Mbit/s", truncate = "1 KiB" }
        "#,
    );
    let plan = decide(&set, &mut Counters::default(), &segment(MediaType::Video, 1, 1), 0);
    let planned = |rule: &str, effect| Some(Planned { rule: rule.into(), effect });
    assert_eq!(plan.delay, planned("first", Duration::from_secs(1)));
    assert_eq!(plan.rate.map(|rate| rate.rule), Some("second".into()));
    assert_eq!(plan.cut.map(|cut| cut.effect.ending), Some(Ending::Truncate));
}

/// A plan holds nothing that can't come to pass.
#[test]
fn what_is_not_answered_has_no_body() {
    let set = rules(
        r#"
        [[rule]]
        then = { rate = "1 Mbit/s", reset = "0 B" }
        [[rule]]
        then = { hang = "forever" }
        [[rule]]
        then = { status = 404, delay = "1 s" }
        "#,
    );
    let plan = decide(&set, &mut Counters::default(), &Resource::unknown(), 0);
    assert_eq!(plan.hang.map(|hang| hang.effect), Some(Hang::Forever));
    assert!(plan.status.is_none() && plan.rate.is_none() && plan.cut.is_none());
    assert!(plan.delay.is_some());
}

/// The specific set goes first, and same names do not draw alike.
#[test]
fn sets_are_joined_in_order() {
    let delay = |span: &str| {
        rules(&format!("[[rule]]\nwhen = {{ probability = 1 }}\nthen = {{ delay = \"{span}\" }}"))
    };
    let (session, profile) = (delay("1 s"), delay("2 s"));
    let both = RuleSet::concat([&session, &profile]);
    let resource = Resource::unknown();
    let facts = Facts::new(&resource, SessionTime::ZERO);
    let mut keys = Vec::new();
    let mut chance = |key: &str| {
        keys.push(key.to_owned());
        0.0
    };
    let plan = both.decide(&mut Counters::default(), &facts, &mut chance);
    assert_eq!(plan.delay.map(|delay| delay.effect), Some(Duration::from_secs(1)));
    assert_eq!(keys, ["rule 1", "rule 1#2"]);
}

/// Counters go with their rules when a session's set changes.
#[test]
fn counters_outlive_a_change_of_rules() {
    let (kept, other) =
        (when("every = 3"), rules("[[rule]]\nname = \"other\"\nthen = { delay = \"1 s\" }"));
    let mut counters = Counters::default();
    let resource = Resource::unknown();
    let hit = |set: &RuleSet, counters: &mut Counters| {
        decide(set, counters, &resource, 0).status.is_some()
    };
    assert!(!hit(&kept, &mut counters));
    assert!(!hit(&kept, &mut counters));
    assert!(hit(&RuleSet::concat([&other, &kept]), &mut counters));
    // A rule of the same name that says something else starts again.
    assert!(!hit(&when("every = 2"), &mut counters));
}

/// What is shown in `profiles show`, and that JSON comes back as the same rules.
#[test]
fn shown_and_sent() {
    let set = rules(
        r#"
        [[rule]]
        name = "audio late"
        when = { kind = "segment", media = "audio", rung = 3 }
        then = { delay = "2 s" }
        [[rule]]
        when = { index = ["1..3", 9], every = 2, probability = "5 %", during = "10 s.." }
        then = { status = 503 }
        [[rule]]
        then = { rate = "300 kbit/s", reset = "64 KiB" }
        "#,
    );
    let lines: Vec<_> = set.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    audio late: segment audio rung 3 → delay 2 s
    rule 2: index 1..3/9 during 10 s.. every 2nd with probability 5 % → status 503
    rule 3: every request → rate 300 kbit/s, reset after 64 KiB
    ");
    let json = serde_json::to_value(&set).unwrap();
    insta::assert_snapshot!(json, @r#"[{"name":"audio late","then":{"delay":"2 s"},"when":{"kind":"segment","media":"audio","rung":3}},{"then":{"status":503},"when":{"during":"10 s..","every":2,"index":["1..3",9],"probability":"5 %"}},{"then":{"rate":"300 kbit/s","reset":"64 KiB"}}]"#);
    assert_eq!(serde_json::from_value::<RuleSet>(json).unwrap(), set);
}

/// Faults in JSON have a pointer instead of a line.
#[test]
fn faults_in_json_have_a_pointer() {
    let json = serde_json::json!([
        { "then": { "delay": "1 s" } },
        { "when": { "kinds": "segment" }, "then": { "delay": null, "status": [503] } },
    ]);
    let faults = RuleSet::from_json("request body", json).unwrap_err();
    let pointers: Vec<_> = faults.as_slice().iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/1/then/status", "/1/when/kinds"]);
    insta::assert_snapshot!(faults, @r"
    request body: 2.then.status: is a list; write a single value or a table
    request body: 2.when.kinds: `kinds` is not a key here; did you mean `kind`? write one of `kind`, `media`, `protocol`, `rung`, `rendition`, `bandwidth`, `height`, `codec`, `language`, `role`, `index`, `number`, `behind-live`, `after-join`, `media-time`, `media-cycle`, `discontinuity`, `during`, `pattern`, `epoch-pattern`, `attempt`, `host`, `path`, `method`, `range`, `blocking`, `connection`, `not`, `nth`, `first`, `every`, `probability`
    ");
    assert!(RuleSet::from_json("request body", serde_json::json!({ "rule": [] })).is_err());
    assert!(RuleSet::from_json("request body", serde_json::json!([[[]], 5, "x", null])).is_err());
}

#[test]
fn a_list_is_no_rule() {
    let lists = [
        serde_json::json!([["x", null, { "delay": "1 s" }]]),
        serde_json::json!([{ "when": ["segment"], "then": { "delay": "1 s" } }]),
        serde_json::json!([{ "then": ["1 s"] }]),
    ];
    for list in lists {
        let faults = RuleSet::from_json("body", list.clone()).unwrap_err().to_string();
        assert!(faults.contains("is a list"), "{list}: {faults}");
    }
}

/// Ten thousand values at fault cost no more than fifty.
#[test]
fn faults_are_bounded() {
    let rule = serde_json::json!({ "when": { "kind": vec!["x"; 100] }, "then": { "delay": "1" } });
    let faults = RuleSet::from_json("body", vec![rule; 100].into()).unwrap_err();
    assert_eq!(faults.as_slice().len(), 50);
}

/// A request with everything known: video of rung 3 of 4, German, and so on.
fn known() -> Resource {
    Resource {
        rendition: Some("v3".into()),
        bandwidth: Some(crate::units::BitRate::from_kilobits_per_second(2_000)),
        codecs: Some("avc1.64001f, mp4a.40.2".into()),
        resolution: Some((1280, 720)),
        language: Some("de-AT".into()),
        role: Some("main".into()),
        number: Some(0),
        time: Some(MediaTime::from_secs(20)),
        discontinuity: true,
        behind_live: Some(0),
        ..segment(MediaType::Video, 3, 6)
    }
}

/// Each condition, where it holds and where it does not; and it never holds of what is not known.
#[test]
fn the_rarer_conditions() {
    let conditions = [
        (r#"rung = "highest""#, false),
        (r#"rung = "lowest""#, false),
        (r#"rung = "all-but-lowest""#, true),
        (r#"rung = "all-but-highest""#, true),
        (r#"rung = ["lowest", 3]"#, true),
        (r#"rendition = "v?""#, true),
        (r#"rendition = ["x", "V3"]"#, false),
        (r#"bandwidth = "1 Mbit/s..2 Mbit/s""#, true),
        (r#"bandwidth = "..1999 kbit/s""#, false),
        (r#"bandwidth = "2 Mbit/s..""#, true),
        (r#"height = "720..""#, true),
        (r#"height = "..719""#, false),
        (r#"codec = "mp4a""#, true),
        (r#"codec = "hvc1""#, false),
        (r#"language = "DE""#, true),
        (r#"language = "d""#, false),
        (r#"language = "de-CH""#, false),
        (r#"role = "main""#, true),
        (r#"number = 0"#, true),
        (r#"number = "1..""#, false),
        (r#"behind-live = "..2""#, true),
        (r#"behind-live = 1"#, false),
        (r#"after-join = "..0""#, true),
        (r#"after-join = [1, "-9..-2"]"#, false),
        (r#"media-time = "20 s..24 s""#, true),
        (r#"media-time = "..20 s""#, false),
        (r#"discontinuity = true"#, true),
        (r#"not = [{ media = "text" }, { number = 5 }]"#, true),
        (r#"not = [{ number = 0 }]"#, false),
        (r#"pattern = "up 20 s, down 10 s""#, true),
        (r#"epoch-pattern = "up 20 s, down 10 s""#, false),
        (r#"attempt = 2"#, true),
        (r#"attempt = 1"#, false),
        (r#"host = "CDN-*.example""#, true),
        (r#"host = "cdn-1.example:8443""#, true),
        (r#"host = "cdn-2.*""#, false),
        (r#"path = "/live/*.m4s""#, true),
        (r#"path = "*token*""#, false),
        (r#"method = "HEAD""#, false),
        (r#"method = ["HEAD", "GET"]"#, true),
        (r#"range = true"#, true),
        (r#"range = false"#, false),
        (r#"blocking = true"#, true),
        (r#"blocking = false"#, false),
        (r#"connection = "fresh""#, false),
        (r#"connection = "reused""#, true),
    ];
    let resource = known();
    let facts = Facts {
        unix_time: UnixTime::from_secs(30),
        highest_rung: Some(4),
        joined: Some(0),
        attempt: 2,
        host: "cdn-1.example:8443",
        path: "/live/7.m4s?token=1&_HLS_msn=4",
        ranged: true,
        reused: true,
        ..Facts::new(&resource, SessionTime::from_secs(20))
    };
    let hits = |set: &RuleSet, facts: &Facts<'_>| {
        set.decide(&mut Counters::default(), facts, &mut |_| 0.5).status.is_some()
    };
    let unknown = Resource::unknown();
    for (condition, holds) in conditions {
        assert_eq!(hits(&when(condition), &facts), holds, "{condition}");
        let of_the_request =
            ["pattern", "attempt", "host", "path", "method", "range", "blocking", "not"];
        if !of_the_request.iter().chain(&["epoch", "connection"]).any(|k| condition.starts_with(k))
        {
            assert!(!hits(&when(condition), &Facts { resource: &unknown, ..facts }), "{condition}");
        }
    }
    let top = when(r#"rung = "highest""#);
    assert!(top.needs_ladder() && when("rung = 3").needs_ladder());
    assert!(!when(r#"media = "audio""#).needs_ladder());
    // Beside video, the ladder is that of the video, unless a rule names the audio.
    let beside = Facts { highest_rung: Some(3), beside_video: true, ..facts };
    assert!(!hits(&top, &beside) && !hits(&when("rung = 3"), &beside));
    assert!(hits(&top, &Facts { highest_rung: Some(3), ..facts }));
    assert!(!hits(&top, &Facts { highest_rung: None, ..facts }));
}

/// What 0, an empty list and other traps of peers mean here: an error each, with what to write.
#[test]
fn zero_and_nothing_are_refused() {
    let wrong = [
        "every = 0",
        "first = 0",
        "nth = 0",
        "attempt = 0",
        "rung = 0",
        "kind = []",
        "rung = []",
        "path = []",
        r#"path = "seg*.ts""#,
        r#"codec = """#,
        r#"method = "get""#,
        r#"bandwidth = "..""#,
        r#"bandwidth = "3 Mbit/s..1 Mbit/s""#,
        r#"pattern = "up 20 s""#,
        r#"nth = 2, first = 3"#,
    ];
    let refused = wrong.map(|conditions| {
        let text = format!("[[rule]]\nwhen = {{ {conditions} }}\nthen = {{ status = 503 }}");
        let fault = RuleSet::from_toml("r", &text).map(|set| set.len());
        fault.map_err(|faults| faults.to_string()).expect_err(conditions)
    });
    insta::assert_snapshot!(refused.join("\n"));
}

/// Which of those that match: by number, the first ones, and together with `every`.
#[test]
fn nth_counts_what_matches() {
    let hit = |conditions: &str| -> Vec<u64> {
        let (set, mut counters) = (when(conditions), Counters::default());
        let resource = segment(MediaType::Audio, 1, 1);
        (1..=12).filter(|_| decide(&set, &mut counters, &resource, 0).status.is_some()).collect()
    };
    assert_eq!(hit("nth = 5"), [5]);
    assert_eq!(hit("first = 3"), [1, 2, 3]);
    assert_eq!(hit(r#"nth = ["2..3", "11.."]"#), [2, 3, 11, 12]);
    assert_eq!(hit(r#"nth = "4..", every = 3"#), [6, 9, 12]);
}

fn budget(bounds: &str) -> RuleSet {
    rules(&format!("[[rule]]\nbudget = {{ {bounds} }}\nthen = {{ status = 503 }}"))
}

/// The seconds at which a request each second is hit.
fn applied(set: &RuleSet, seconds: u64) -> Vec<u64> {
    let (mut counters, resource) = (Counters::default(), Resource::unknown());
    (0..seconds).filter(|at| !decide(set, &mut counters, &resource, *at).is_empty()).collect()
}

#[test]
fn a_budget_is_spent_exactly() {
    assert_eq!(applied(&budget("times = 3"), 10_000), [0, 1, 2]);
    assert_eq!(applied(&budget(r#"for = "3 s""#), 100), [0, 1, 2]);
    assert_eq!(applied(&budget(r#"cooldown = "4 s""#), 10), [0, 4, 8]);
    assert_eq!(applied(&budget(r#"ttl = "5 s""#), 100), [0, 1, 2, 3, 4]);
    assert_eq!(applied(&budget(r#"cooldown = "4 s", times = 2"#), 100), [0, 4]);
    assert_eq!(
        applied(&budget(r#"cooldown = "4 s", ttl = "9 s", scope = "global""#), 100),
        [0, 4, 8]
    );
    for wrong in
        ["", "times = 0", r#"for = "0 s""#, r#"scope = "global""#, r#"scope = "x", times = 1"#]
    {
        let text = format!("[[rule]]\nbudget = {{ {wrong} }}\nthen = {{ status = 503 }}");
        assert!(RuleSet::from_toml("r", &text).is_err(), "{wrong}");
    }
}

/// `for` begins at the first application, `ttl` when the rule came into force: with its first request where
/// nobody armed it.
#[test]
fn a_budget_begins_where_it_says() {
    let late = |bound: &str| {
        rules(&format!(
            "[[rule]]\nwhen = {{ during = \"10 s..\" }}\nbudget = {{ {bound} = \"12 s\" }}\n\
             then = {{ status = 503 }}"
        ))
    };
    assert_eq!(applied(&late("for"), 100), (10..22).collect::<Vec<_>>());
    assert_eq!(applied(&late("ttl"), 100), [10, 11]);
}

/// Time before the first request counts too; what a session already has does not begin again.
#[test]
fn a_time_to_live_begins_when_the_rule_is_armed() {
    const S: fn(u64) -> SessionTime = SessionTime::from_secs;
    const P: fn(u64) -> ProcessTime = ProcessTime::from_secs;
    let rule = |name: &str, scope: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nbudget = {{ ttl = \"10 s\", scope = \"{scope}\" }}\n\
             then = {{ status = 503 }}\n"
        )
    };
    let resource = Resource::new(Protocol::Hls, Kind::Segment);
    let applies = |set: &RuleSet, counters: &mut Counters, second: u64| {
        let process_time = P(100 + second);
        let facts = Facts { process_time, ..Facts::new(&resource, S(second)) };
        !set.decide(counters, &facts, &mut |_| 0.0).is_empty()
    };
    let own = rules(&rule("own", "session"));
    let mut counters = Counters::default();
    counters.arm(&own, S(5), P(105));
    assert!(applies(&own, &mut counters, 14));
    let with_more = RuleSet::concat([&own, &rules(&rule("more", "session"))]);
    counters.arm(&with_more, S(14), P(114));
    assert!(!applies(&own, &mut counters, 15), "it goes on counting");

    let shared = rules(&rule("shared", "global"));
    shared.loaded(P(100));
    let mut late = Counters::default();
    late.arm(&shared, S(9), P(109));
    assert!(applies(&shared, &mut late, 9));
    assert!(!applies(&shared, &mut late, 10), "loaded at 0, whoever got it later");
}

/// What applies nothing spends nothing: neither a rule that is overruled, nor one that others leave
/// no room for.
#[test]
fn the_overruled_spend_nothing() {
    let set = rules(
        r#"
        [[rule]]
        name = "body"
        budget = { times = 1 }
        then = { rate = "1 Mbit/s" }
        [[rule]]
        name = "first"
        budget = { times = 1 }
        then = { status = 503 }
        [[rule]]
        name = "second"
        budget = { times = 1 }
        then = { status = 404 }
        "#,
    );
    let (mut counters, resource) = (Counters::default(), Resource::unknown());
    let hit: Vec<Vec<String>> = (0..4)
        .map(|_| {
            let plan = decide(&set, &mut counters, &resource, 0);
            plan.effects().iter().map(|(_, rule, _)| rule.to_string()).collect()
        })
        .collect();
    assert_eq!(hit, [vec!["first"], vec!["second"], vec!["body"], vec![]]);
}

/// Many sessions on many threads: n asked is n done, for all together or for each.
#[test]
fn a_global_budget_is_exact_among_threads() {
    for (scope, wanted) in [("global", 1000), ("session", 8 * 1000)] {
        let set = budget(&format!(r#"times = 1000, scope = "{scope}""#));
        let hits = std::sync::atomic::AtomicU64::new(0);
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    let (mut counters, resource) = (Counters::default(), Resource::unknown());
                    let copy = RuleSet::concat([&set]);
                    for _ in 0..10_000 {
                        if !decide(&copy, &mut counters, &resource, 0).is_empty() {
                            hits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(hits.into_inner(), wanted, "{scope}");
    }
}

/// A drawn delay replays with its draw, and has the law's mean.
#[test]
fn a_delay_may_be_drawn() {
    let set = rules(
        r#"
        [[rule]]
        then = { delay = { distribution = "exponential", mean = "2 s" } }
        "#,
    );
    let mut stream = Seed::new(5).stream();
    let (resource, mut counters) = (Resource::unknown(), Counters::default());
    let facts = Facts::new(&resource, SessionTime::ZERO);
    let mut drawn = |draw: f64| {
        let plan = set.decide(&mut counters, &facts, &mut |key| {
            assert_eq!(key, "rule 1 delay");
            draw
        });
        plan.delay.unwrap().effect
    };
    assert_eq!(drawn(0.25), drawn(0.25));
    let sum: Duration = (0..10_000).map(|_| drawn(stream.random())).sum();
    assert!((1.94..2.06).contains(&(sum.as_secs_f64() / 10_000.0)), "{sum:?}");
}

fn any_resource() -> impl Strategy<Value = Resource> {
    let kind = prop::sample::select(Kind::ALL);
    let media = prop::sample::select(MediaType::ALL);
    let protocol = prop::sample::select(Protocol::ALL);
    let place = (any::<Option<u16>>(), any::<Option<u64>>());
    (kind, media, protocol, place).prop_map(|(kind, media, protocol, (rung, index))| Resource {
        media,
        rung,
        index,
        ..Resource::new(protocol, kind)
    })
}

proptest! {
    /// Any request, at any time, under any draw: a decision without contradiction.
    #[test]
    fn deciding_never_fails(resource in any_resource(), seconds in any::<u64>(), draw in 0.0..1.0f64) {
        let set = rules(r#"
            [[rule]]
            when = { kind = "manifest", every = 3 }
            then = { hang = "forever" }
            [[rule]]
            when = { media = "audio", probability = 0.5 }
            then = { status = 503, delay = "1 s" }
            [[rule]]
            when = { rung = "2..", index = "..9", during = "10 s.." }
            then = { rate = "1 Mbit/s", truncate = "1 KiB" }
        "#);
        let mut counters = Counters::default();
        let facts = Facts::new(&resource, SessionTime::from_secs(seconds));
        for _ in 0..4 {
            let plan = set.decide(&mut counters, &facts, &mut |_| draw);
            prop_assert!(plan.hang.is_none() || plan.status.is_none());
            prop_assert!(plan.hang.is_none() && plan.status.is_none() || plan.cut.is_none());
        }
    }

    /// Whatever is sent as text, the answer is rules or faults.
    #[test]
    fn reading_never_fails(text in "\\PC{0,60}") {
        let _ = RuleSet::from_toml("f", &text);
        let _ = RuleSet::from_toml("f", &format!("[[rule]]\nwhen = {text}"));
        for key in ["kind", "rung", "index", "every", "during", "probability"] {
            let rule = serde_json::json!([{ "when": { key: text }, "then": { "hang": text } }]);
            let _ = RuleSet::from_json("f", rule);
        }
    }
}
