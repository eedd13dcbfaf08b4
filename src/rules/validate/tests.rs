//! Every effect is read, shown and sent as it was meant; and what makes no sense is refused.

use crate::{
    media::Resource,
    rules::{Facts, Plan, RuleSet, rule_set::Counters},
    units::SessionTime,
};

/// One rule of each effect and form.
const EFFECTS: &[&str] = &[
    r#"delay = "2 s""#,
    r#"delay = { distribution = "constant", value = "3 s" }"#,
    r#"refuse = "reset""#,
    r#"refuse = "not-http""#,
    r#"hang = "forever""#,
    r#"hang = { at = "headers", for = "5 s" }"#,
    r#"hang = { at = "50 %" }"#,
    r#"status = 503"#,
    r#"status = { code = 429, retry-after = "2 m", body = "slow down", content-type = "text/plain" }"#,
    r#"status = { code = 503, retry-after = "in 5 s" }"#,
    r#"redirect = "https://example.com/x""#,
    r#"redirect = { host = "cdn.example:8443", status = 307 }"#,
    r#"redirect = { chain = 3 }"#,
    r#"redirect = { loop = true }"#,
    r#"body = "empty""#,
    r#"body = "captive-portal""#,
    r#"body = "previous-segment""#,
    r#"body = { text = "<p>", content-type = "text/html" }"#,
    r#"body = { junk = "1 KiB" }"#,
    r#"body = { rung = 1 }"#,
    r#"range = "whole""#,
    r#"reload = "early""#,
    r#"rate = "300 kbit/s""#,
    r#"profile = "3g""#,
    r#"stall = { at = ["25 %", "-1 B", "2 s"], for = "5 s" }"#,
    r#"drip = { bytes = "1 B", every = "1 s", from = "90 %" }"#,
    r#"coalesce = "500 ms""#,
    r#"coalesce = "end""#,
    r#"corrupt = "ts-sync""#,
    r#"corrupt = { damage = "zeros", rate = "10 %", from = "1 KiB", to = "2 KiB" }"#,
    r#"framing = "close""#,
    r#"framing = "bad-chunk""#,
    r#"framing = { bad-chunk = "50 %" }"#,
    r#"framing = "close", truncate = "50 %""#,
    r#"cut = { at = "50 %" }"#,
    r#"cut = { at = "-1 B", end = "reset", length = "drop" }"#,
    r#"cut = { at = "2 s", end = "silence", for = "9 s" }"#,
    r#"cut = { at = "1 KiB", end = "goaway", length = "fix" }"#,
    r#"reset = "64 KiB""#,
    r#"truncate = "64 KiB""#,
    r#"truncate = "50 %""#,
    r#"headers = { set = { age = 3600, "Content-Type" = "text/plain" }, remove = "etag" }"#,
    r#"cors = "missing""#,
    r#"date-skew = "-30 s""#,
    r#"keep-errors = "10 s""#,
    r#"close = "idle""#,
    r#"manifest = { freeze = "20 s" }"#,
    r#"manifest = { freeze = "forever", go-back = 2, lag = 3, endlist = "early" }"#,
    r#"manifest = { discontinuity = "drop", gap = 5, durations = { scale = 1.5, target = "2 s", date-drift = "+10 ms" } }"#,
    r#"manifest = { discontinuity = { insert = 5 } }"#,
    r#"manifest = { discontinuity = { shift = -1 } }"#,
    r#"manifest = { drop-rungs = ["lowest", "3.."], strip = ["CODECS"], bandwidth = "50 %", resolution = "1920x1080" }"#,
    r#"manifest = { publish-time = "frozen", utc-timing = "-30 s", host = "nowhere.invalid" }"#,
    r#"manifest = { utc-timing = "unreachable" }"#,
    r#"manifest = { preload-hint = "wrong", rendition-report = { stale = 2 }, skip = 3 }"#,
    r#"manifest = { truncate = "12 lines" }"#,
    r#"manifest = { empty = true }"#,
];

fn rule(then: &str) -> RuleSet {
    RuleSet::from_toml("r", &format!("[[rule]]\nthen = {{ {then} }}")).unwrap()
}

fn plan(set: &RuleSet) -> Plan {
    let resource = Resource::unknown();
    let facts = Facts::new(&resource, SessionTime::ZERO);
    set.decide(&mut Counters::default(), &facts, &mut |_| 0.5)
}

#[test]
fn every_effect_is_read_shown_and_sent() {
    let mut shown = Vec::new();
    for then in EFFECTS {
        let set = rule(then);
        let plan = plan(&set);
        let words = plan.effects();
        let words: Vec<_> = words.iter().map(|(key, _, what)| format!("{key}: {what}")).collect();
        shown.push(words.join("; "));
        let json = serde_json::to_value(&set).unwrap();
        assert_eq!(serde_json::from_value::<RuleSet>(json).unwrap(), set, "{then}");
    }
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let wrong = [
        r#"framing = "chunks""#,
        r#"framing = { at = "50 %" }"#,
        r#"framing = "bad-chunk", truncate = "50 %""#,
        r#"delay = { distribution = "normal" }"#,
        r#"refuse = "maybe""#,
        r#"hang = "forever", delay = "1 s""#,
        r#"hang = { at = "headers" }, cut = { at = "1 B" }"#,
        r#"refuse = "reset", headers = { remove = "etag" }"#,
        r#"status = { code = 700 }"#,
        r#"status = { retry-after = 5 }"#,
        r#"status = 503, redirect = { loop = true }"#,
        r#"redirect = { to = "/x", host = "y" }"#,
        r#"redirect = { chain = 0 }"#,
        r#"redirect = { to = "/x", status = 200 }"#,
        r#"body = { file = "x.html" }"#,
        r#"body = { text = "x", junk = "1 B" }"#,
        r#"body = "full""#,
        r#"profile = "3G-slw""#,
        r#"profile = "./mine.toml""#,
        r#"stall = { at = "50 %" }"#,
        r#"stall = { for = "5 s" }"#,
        r#"stall = { at = "50 %", for = "0 s" }"#,
        r#"drip = { bytes = "0 B", every = "1 s" }"#,
        r#"coalesce = "0 s""#,
        r#"corrupt = { damage = "zeros", from = "2 B", to = "1 B" }"#,
        r#"cut = { at = "2 s", length = "fix" }"#,
        r#"cut = { at = "2 s", end = "reset", for = "1 s" }"#,
        r#"reset = "1 B", truncate = "1 B""#,
        r#"headers = { set = { content-length = 5 } }"#,
        r#"headers = { remove = ["bad name"] }"#,
        r#"headers = {}"#,
        r#"date-skew = "30""#,
        r#"manifest = {}"#,
        r#"manifest = { freeze = "0 s" }"#,
        r#"manifest = { lag = 0 }"#,
        r#"manifest = { empty = false }"#,
        r#"manifest = { strip = ["BANDWIDTH"] }"#,
        r#"manifest = { bandwidth = 0 }"#,
        r#"manifest = { durations = {} }"#,
        r#"manifest = { discontinuity = { insert = 1, shift = 1 } }"#,
    ];
    let refused = wrong.map(|then| {
        let text = format!("[[rule]]\nthen = {{ {then} }}");
        let fault = RuleSet::from_toml("r", &text).map(|set| set.len());
        fault.map_err(|faults| faults.to_string()).expect_err(then)
    });
    insta::assert_snapshot!(refused.join("\n"));
}
