//! The effects that a proxy of ours recorded, as the effects of rules.

use super::{recorded_fault::Fault, toml_text::table};
use crate::{rules::RuleSet, units::span};
use serde_json::{Map, Value};
use std::time::Duration;
use toml::Table;

/// How a cut ends, as events name it.
const CUTS: [&str; 5] = ["reset", "truncate", "goaway", "bad-chunk", "silence"];
/// What decides the pace of a body instead of the network.
const PACES: [&str; 5] = ["rate", "profile", "stall", "drip", "coalesce"];

/// A fault that was applied: rule and effect.
pub(super) type Applied = (String, String);

/// The effects of a plan that were applied, as the event log and HAR write them, and what can't be written as a rule.
pub(super) fn faults(plan: &Map<String, Value>, applied: &[Applied]) -> (Vec<Fault>, Vec<String>) {
    let (mut faults, mut unknown) = (Vec::new(), Vec::new());
    for (key, effects) in plan {
        let single = std::slice::from_ref(effects);
        for effect in effects.as_array().map_or(single, Vec::as_slice) {
            let rule = effect["rule"].as_str().unwrap_or_default();
            if !was_applied(key, rule, applied) {
                continue;
            }
            match then(key, effect) {
                Some(then) => faults.push(Fault { then }),
                None => {
                    let text = effect["effect"].as_str().unwrap_or_default();
                    unknown.push(format!("{key} {text}"));
                }
            }
        }
    }
    (faults, unknown)
}

/// Whether a plan sets the pace of the body, so that its bytes say nothing of the network.
pub(super) fn sets_pace(plan: &Map<String, Value>) -> bool {
    PACES.iter().any(|key| plan.contains_key(*key))
}

fn was_applied(key: &str, rule: &str, applied: &[Applied]) -> bool {
    applied.iter().any(|(by, effect)| {
        by == rule
            && (effect == key
                || key == "cut" && CUTS.contains(&effect.as_str())
                // An edit of a manifest is named by itself.
                || key == "manifest"
                || key == "framing")
    })
}

/// The table `then` for one effect of a plan.
fn then(key: &str, effect: &Value) -> Option<Table> {
    let time = || match effect["ms"].as_f64() {
        Some(ms) => span::print(Duration::from_secs_f64(ms.clamp(0.0, 1e9) / 1e3)),
        None => "forever".to_owned(),
    };
    let then = match key {
        "delay" | "hang" => table(key, time()),
        "status" => table(key, effect["status"].as_i64()?),
        "rate" => table(key, format!("{} bit/s", effect["bps"].as_u64()?)),
        "cut" => cut(effect)?,
        _ => return text(key, effect["effect"].as_str()?),
    };
    is_valid(&then).then_some(then)
}

fn cut(effect: &Value) -> Option<Table> {
    let at = effect["at"].as_str()?;
    let ending = match effect["ending"].as_str()? {
        "truncate" => "fin",
        "bad-chunk" => return Some(table("framing", table("bad-chunk", at))),
        other => other,
    };
    let mut cut = table("at", at);
    cut.insert("end".into(), ending.into());
    if let Some(length) = effect["length"].as_str().filter(|length| *length != "keep") {
        cut.insert("length".into(), length.into());
    }
    Some(table("cut", cut))
}

/// An effect from its text: of the forms in which rules are shown, those that can be written again.
fn text(key: &str, text: &str) -> Option<Table> {
    let words: Vec<&str> = text.split(' ').collect();
    let mut forms = vec![table(key, text)];
    if let Some((lasts, at)) = text.split_once(" at ") {
        let at: Vec<toml::Value> = at.split(" and ").map(toml::Value::from).collect();
        let mut stall = table("at", at);
        stall.insert("for".into(), lasts.into());
        forms.push(table(key, stall));
    }
    if let Some((bytes, rest)) = text.split_once(" every ")
        && let Some((every, from)) = rest.split_once(" from ")
    {
        let mut drip = table("bytes", bytes);
        drip.insert("every".into(), every.into());
        drip.insert("from".into(), from.into());
        forms.push(table(key, drip));
    }
    if text == "until the end" {
        forms.push(table(key, "end"));
    }
    if let Some((first, rest)) = words.split_first() {
        let fillers = ["for", "every", "after", "x"];
        let rest: Vec<_> = rest.iter().copied().filter(|word| !fillers.contains(word)).collect();
        let rest = rest.join(" ");
        let number = rest.parse::<i64>().map(toml::Value::from);
        forms.extend(number.map(|number| table(key, table(first, number))));
        if rest.is_empty() {
            forms.extend([table(key, table(first, true)), table(key, table(first, "forever"))]);
        } else {
            forms.push(table(key, table(first, rest)));
        }
    }
    forms.into_iter().find(is_valid)
}

/// Whether a rule with this effect can be read.
fn is_valid(then: &Table) -> bool {
    let rule = serde_json::json!([{ "name": "effect", "then": then }]);
    RuleSet::from_json("effect", rule).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::toml_text::inline;
    use serde_json::json;

    fn of(plan: &Value, applied: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let applied: Vec<_> =
            applied.iter().map(|(rule, effect)| (rule.to_string(), effect.to_string())).collect();
        let (faults, unknown) = faults(plan.as_object().unwrap(), &applied);
        (faults.into_iter().map(|fault| inline(&fault.then.into())).collect(), unknown)
    }

    #[test]
    fn only_what_was_applied_is_done_again() {
        let plan = json!({ "delay": { "rule": "late", "ms": 1500.0 },
            "cut": { "rule": "breaks", "at": "50 %", "at_byte": null, "ending": "reset", "length": "keep" } });
        assert_eq!(
            of(&plan, &[("late", "delay"), ("breaks", "reset")]).0,
            [r#"{ cut = { at = "50 %", end = "reset" } }"#, r#"{ delay = "1.5 s" }"#]
        );
        assert_eq!(of(&plan, &[("late", "delay")]).0, [r#"{ delay = "1.5 s" }"#]);
    }

    #[test]
    fn effects_shown_as_text_are_read_again() {
        for (key, text, expected) in [
            (
                "stall",
                "5 s at 25 % and 75 %",
                r#"{ stall = { at = ["25 %", "75 %"], for = "5 s" } }"#,
            ),
            (
                "drip",
                "1 KiB every 1 s from 0 B",
                r#"{ drip = { bytes = "1 KiB", every = "1 s", from = "0 B" } }"#,
            ),
            ("coalesce", "until the end", r#"{ coalesce = "end" }"#),
            ("refuse", "reset", r#"{ refuse = "reset" }"#),
            ("manifest", "lag 2", r#"{ manifest = { lag = 2 } }"#),
        ] {
            let plan = json!({ key: [{ "rule": "r", "effect": text }] });
            let (faults, unknown) = of(&plan, &[("r", key)]);
            assert_eq!((faults, unknown), (vec![expected.to_owned()], vec![]), "{key}");
        }
        let plan = json!({ "body": [{ "rule": "r", "effect": "of something else" }] });
        assert_eq!(of(&plan, &[("r", "body")]).1, ["body of something else"]);
    }
}
