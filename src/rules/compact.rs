//! The compact syntax for rules in a URL: `segment.audio:delay=2s;playlist.rung=3:freeze=20s`.
//!
//! ```text
//! RULES  = RULE ; RULE …
//! RULE   = WHEN : THEN              or the name of a built-in rule file, as in stuck-playlist
//! WHEN   = WORD . WORD … , KEY=VALUE , …        both parts are optional
//! THEN   = KEY=VALUE , KEY=VALUE …
//! ```
//!
//! A word is a kind (`segment`), a media type (`audio`), a protocol (`hls`) or one of `lowest`,
//! `highest`, `all-but-lowest`, `all-but-highest`; a condition may also follow a dot, as in
//! `playlist.rung=3`. Keys are those of a rule file; a key in a table has a dot: `cut.at=50%`. Edits
//! of manifests need no `manifest.` prefix, unless an effect has the same name. `times`, `for`,
//! `cooldown`, `ttl` and `scope` set the budget. `|` separates the values of a list.

use super::{matcher, rule_set::RuleSet};
use serde_json::{Map, Value};

/// The most rules in one URL.
const MOST_RULES: usize = 64;
/// The most parts of a key. The longest is `manifest.durations.scale`; one more gives a better error.
const DEEPEST: usize = 4;

const EDITS: &[&str] = &[
    "freeze",
    "go-back",
    "lag",
    "endlist",
    "empty",
    "discontinuity",
    "gap",
    "durations",
    "drop-rungs",
    "strip",
    "bandwidth",
    "resolution",
    "publish-time",
    "utc-timing",
    "host",
    "preload-hint",
    "rendition-report",
    "skip",
];
const BUDGET: &[&str] = &["times", "for", "cooldown", "ttl", "scope"];
const RUNGS: &[&str] = &["lowest", "highest", "all-but-lowest", "all-but-highest"];

impl RuleSet {
    /// Reads the compact form; `named` returns the rules of a built-in rule file.
    ///
    /// ```
    /// use vsps::rules::RuleSet;
    ///
    /// let rules = RuleSet::from_compact("segment.audio:delay=2s", &|_| Err(String::new())).unwrap();
    /// assert_eq!(
    ///     rules.iter().next().unwrap().to_string(),
    ///     "segment.audio:delay=2s: segment audio → delay 2s"
    /// );
    /// ```
    ///
    /// # Errors
    /// What is wrong, and what to write.
    pub fn from_compact(
        text: &str,
        named: &dyn Fn(&str) -> Result<Self, String>,
    ) -> Result<Self, String> {
        let rules: Vec<&str> = text.split(';').map(str::trim).filter(|r| !r.is_empty()).collect();
        if rules.is_empty() || rules.len() > MOST_RULES {
            return Err(format!("write 1 to {MOST_RULES} rules, as in segment.audio:delay=2s"));
        }
        let sets = rules.into_iter().map(|text| match text.split_once(':') {
            None => named(text),
            Some((when, then)) => {
                let rule = rule(text, when, then)?;
                Self::from_json(text, Value::Array(vec![rule])).map_err(|faults| faults.to_string())
            }
        });
        Ok(Self::concat(&sets.collect::<Result<Vec<_>, _>>()?))
    }
}

/// The same rule as JSON, to be read like any other rule.
fn rule(text: &str, when: &str, then: &str) -> Result<Value, String> {
    let (mut conditions, mut effects, mut budget) = (Map::new(), Map::new(), Map::new());
    for part in when.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        condition(part, &mut conditions)?;
    }
    for part in then.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (key, value) = match part.split_once('=') {
            Some((key, value)) => (key.trim(), list(value)),
            None => (part, Value::Bool(true)),
        };
        if BUDGET.contains(&key) {
            put(&mut budget, &[key], value)?;
        } else if EDITS.contains(&key.split('.').next().unwrap_or(key)) {
            let way: Vec<&str> = ["manifest"].into_iter().chain(key.split('.')).collect();
            put(&mut effects, &way, value)?;
        } else {
            put(&mut effects, &key.split('.').collect::<Vec<_>>(), value)?;
        }
    }
    let mut rule = Map::new();
    // The text of the rule serves as its name; names are at most 80 bytes.
    let end = (0..=text.len().min(80)).rev().find(|end| text.is_char_boundary(*end));
    rule.insert("name".into(), text.get(..end.unwrap_or(0)).unwrap_or_default().into());
    for (key, table) in [("when", conditions), ("then", effects), ("budget", budget)] {
        if !table.is_empty() || key == "then" {
            rule.insert(key.into(), Value::Object(table));
        }
    }
    Ok(Value::Object(rule))
}

/// Words joined by dots, the last of which may be `key=value`.
fn condition(part: &str, to: &mut Map<String, Value>) -> Result<(), String> {
    let (words, value) = match part.split_once('=') {
        Some((words, value)) => (words, Some(value)),
        None => (part, None),
    };
    let mut words: Vec<&str> = words.split('.').map(str::trim).collect();
    if let (Some(value), Some(key)) = (value, words.pop()) {
        put(to, &[key], list(value))?;
    } else if value.is_none() {
        // `pop` has not run.
        words = part.split('.').map(str::trim).collect();
    }
    for word in words {
        put(to, &[class(word)?], word.into())?;
    }
    Ok(())
}

/// The condition that accepts this word as a value.
fn class(word: &str) -> Result<&'static str, String> {
    let among =
        |names: Vec<(&'static str, matcher::Set)>| names.iter().any(|(name, _)| *name == word);
    // `text` is also a media type and `unknown` also a protocol: the first match wins.
    if among(matcher::kinds()) {
        Ok("kind")
    } else if among(matcher::media()) {
        Ok("media")
    } else if among(matcher::protocols()) {
        Ok("protocol")
    } else if RUNGS.contains(&word) {
        Ok("rung")
    } else {
        Err(format!(
            "`{word}` is not a kind, media type, protocol or rung; write as in \
             segment.audio:delay=2s or playlist.rung=3:freeze=20s"
        ))
    }
}

/// `a|b` is a list.
fn list(value: &str) -> Value {
    match value.split_once('|') {
        None => value.trim().into(),
        Some(_) => value.split('|').map(|one| Value::from(one.trim())).collect(),
    }
}

fn put(table: &mut Map<String, Value>, way: &[&str], value: Value) -> Result<(), String> {
    let twice = |key: &str| format!("`{key}` is set twice, or both as a value and as a table");
    match way {
        [] => Ok(()),
        // No key is longer. This also bounds the recursion for hostile URLs.
        _ if way.len() > DEEPEST => Err(format!("`{}…` is not a key", way[0])),
        [key] => match table.insert((*key).to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(twice(key)),
        },
        [key, rest @ ..] => {
            let inner = table.entry(*key).or_insert_with(|| Value::Object(Map::new()));
            put(inner.as_object_mut().ok_or_else(|| twice(key))?, rest, value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RuleSet, String> {
        RuleSet::from_compact(text, &|name| match name {
            "ready" => read("segment:status=404"),
            _ => Err(format!("there is no `{name}`")),
        })
    }

    #[test]
    fn what_a_link_says() {
        let text = "segment.audio:delay=2s;playlist.rung=3:freeze=20s;ready;\
                    segment,index=3|5..7,host=*cdn.example*:cut.at=50%,cut.end=reset,times=1;\
                    video.highest:rate=300 kbit/s;:status=503,retry;hls.manifest.nth=..3:empty;\
                    segment:reset=50%;init:truncate=-1KiB";
        let shown = read(text)
            .map(|set| set.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        assert!(shown.unwrap_err().contains("`retry` is not a key here"));
        let shown = read(&text.replace(",retry", "")).unwrap();
        let lines: Vec<_> = shown.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = [
            "",
            ";",
            "nothing",
            "sound:delay=2s",
            "segment:",
            "segment:delay=2",
            "segment:reset=half",
            "segment:delay=1s,delay=2s",
            "segment:cut=1,cut.at=5 B",
            "rung=0:delay=1s",
        ];
        let said = wrong.map(|text| read(text).map(|set| set.len()).unwrap_err());
        insta::assert_snapshot!(said.join("\n"));
        assert!(read(&"segment:delay=1s;".repeat(65)).is_err());
        assert!(read(&format!("segment:{}", "a.".repeat(4000))).is_err());
    }
}
