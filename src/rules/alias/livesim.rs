//! livesim2's faults, written in a URL as path segments before the asset:
//! `/traffic_u20d10/…`, `/statuscode_[{cycle:30,rsq:0,code:404,rep:v6}]/…`.

use super::relaxed::{Item, items};
use crate::rules::rule_set::RuleSet;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// The most phases in a pattern.
const MOST_PHASES: usize = 64;

/// The asset path and the rules that such a path names.
#[derive(Debug, Clone, PartialEq)]
pub struct LivesimRequest {
    /// The path without those segments, with its query.
    pub path: String,
    /// The faults, as rules.
    pub rules: RuleSet,
}

impl LivesimRequest {
    /// Reads a path with its query, as it was sent; `None` if it has no such segment.
    ///
    /// ```
    /// use vsps::rules::alias::LivesimRequest;
    ///
    /// let asked = LivesimRequest::parse("/traffic_u20d10/live/a.mpd").unwrap().unwrap();
    /// assert_eq!((asked.path.as_str(), asked.rules.len()), ("/live/a.mpd", 1));
    /// ```
    ///
    /// # Errors
    /// What is wrong, in which segment, and what to write.
    pub fn parse(path: &str) -> Result<Option<Self>, String> {
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        if !path.contains("/traffic_") && !path.contains("/statuscode_") {
            return Ok(None);
        }
        let (mut kept, mut rules) = (Vec::new(), Vec::new());
        for part in path.split('/') {
            if let Some(patterns) = part.strip_prefix("traffic_") {
                rules.extend(traffic(patterns).map_err(|problem| format!("{part}: {problem}"))?);
            } else if let Some(list) = part.strip_prefix("statuscode_") {
                let list = percent_decode_str(list).decode_utf8_lossy();
                let read = items(&list).and_then(|items| items.iter().map(status).collect());
                let read: Vec<Value> = read.map_err(|problem| format!("statuscode_: {problem}"))?;
                rules.extend(read);
            } else {
                kept.push(part);
            }
        }
        let rules = RuleSet::from_json("the address", Value::Array(rules));
        let rules = rules.map_err(|faults| faults.to_string())?;
        let path = match query {
            Some(query) => format!("{}?{query}", kept.join("/")),
            None => kept.join("/"),
        };
        Ok(Some(Self { path, rules }))
    }
}

/// `u20d10`: letters with seconds, measured on UTC. Applies to segments only.
fn traffic(pattern: &str) -> Result<Vec<Value>, String> {
    const HINT: &str = "write letters with seconds, as in traffic_u20d10: u = up, d = down (404), \
                        s = slow (2 s later), h = hangs (503 after 10 s)";
    if pattern.contains(',') {
        return Err(
            "has a pattern for each BaseURL, but vsps adds no BaseURLs; write one pattern, or rules with \
                    `host` and `epoch-pattern`"
                .to_owned(),
        );
    }
    let phases = phases(pattern).ok_or(HINT)?;
    let mut rules = Vec::new();
    for (letter, then) in [
        ('d', json!({ "status": 404 })),
        ('s', json!({ "delay": "2 s" })),
        ('h', json!({ "delay": "10 s", "status": 503 })),
    ] {
        let lasts = |phase: &&(char, u32)| phase.0 == letter && phase.1 > 0;
        if phases.iter().any(|phase| lasts(&phase)) {
            let phase = |(of, seconds): &(char, u32)| {
                let word = if *of == letter { "down" } else { "up" };
                format!("{word} {seconds} s")
            };
            let cycle: Vec<_> = phases.iter().map(phase).collect();
            rules.push(json!({
                "name": format!("traffic {letter}"),
                "when": { "kind": "segment", "epoch-pattern": cycle.join(", ") },
                "then": then,
            }));
        }
    }
    // Only `u` phases are valid: such a URL serves for comparison.
    if phases.iter().all(|(_, seconds)| *seconds == 0) { Err(HINT.to_owned()) } else { Ok(rules) }
}

fn phases(pattern: &str) -> Option<Vec<(char, u32)>> {
    let mut phases = Vec::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next().filter(|c| "udsh".contains(*c)) {
        let tail = rest.get(1..)?;
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        phases.push((letter, tail.get(..end)?.parse().ok()?));
        rest = tail.get(end..)?;
    }
    (rest.is_empty() && phases.len() <= MOST_PHASES).then_some(phases)
}

/// One segment in each cycle of media time.
fn status(item: &Item) -> Result<Value, String> {
    item.only(&["cycle", "rsq", "code", "rep"])?;
    let need = |name: &str, low, high| {
        let missing = || item.fault(&format!("`{name}` is missing; write {name}:{low} or more"));
        item.number(name, low, high)?.ok_or_else(missing)
    };
    let (cycle, rsq) = (need("cycle", 1, 86_400)?, need("rsq", 0, 86_400)?);
    let code = need("code", 400, 599)?;
    let mut when = json!({ "kind": "segment", "media-cycle": format!("{rsq} in {cycle} s") });
    let reps = item.values("rep").unwrap_or_default();
    if !reps.iter().any(|rep| rep.is_empty() || rep == "*") && !reps.is_empty() {
        when["rendition"] = reps.into();
    }
    let name: String = format!("statuscode {}", item.text).chars().take(80).collect();
    Ok(json!({ "name": name, "when": when, "then": { "status": code } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_become_rules() {
        let path = "/livesim2/traffic_u45s10h5d1/statuscode_[{cycle:30,rsq:0,code:404,rep:v6},\
                    {cycle:10,rsq:2,code:503}]/%61/a.mpd?x=1";
        let read = LivesimRequest::parse(path).unwrap().unwrap();
        assert_eq!(read.path, "/livesim2/%61/a.mpd?x=1");
        let lines: Vec<_> = read.rules.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"));
        let encoded = "/statuscode_%5B%7Bcycle:30,rsq:0,code:404,rep:v1,v2%7D%5D/a.mpd";
        let lists = LivesimRequest::parse(encoded).unwrap().unwrap();
        assert!(lists.rules.iter().next().unwrap().to_string().contains("rendition v1/v2"));
        let well = LivesimRequest::parse("/traffic_u20/a.mpd").unwrap().unwrap();
        assert_eq!((well.path.as_str(), well.rules.len()), ("/a.mpd", 0));
        assert_eq!(LivesimRequest::parse("/a/traffic/a.mpd?u=/traffic_x"), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = [
            "/traffic_/a.mpd",
            "/traffic_u0d0/a.mpd",
            "/traffic_x20/a.mpd",
            "/traffic_u20d/a.mpd",
            "/traffic_u20d10,u10d20/a.mpd",
            "/statuscode_404/a.mpd",
            "/statuscode_[{cycle:0,rsq:0,code:404}]/a.mpd",
            "/statuscode_[{rsq:0,code:404}]/a.mpd",
            "/statuscode_[{cycle:30,rsq:0,code:200}]/a.mpd",
        ];
        let said = wrong.map(|path| LivesimRequest::parse(path).unwrap_err());
        insta::assert_snapshot!(said.join("\n"));
    }
}
