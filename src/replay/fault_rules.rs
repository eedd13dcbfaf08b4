//! Rules that do the faults of a recording again, on any stream where that is possible.

use super::{
    record::{Class, Record},
    recorded_fault::Fault,
    toml_text::inline,
};
use crate::{
    media::{Kind, MediaType},
    rules::RuleSet,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use toml::{Table, Value};

/// The most rules; the faults that were seen most often have precedence.
pub(super) const MOST_RULES: usize = 64;
/// If all requests of a class had a fault, and there were at least as many requests as here, it is a fault of the class.
const ALL: usize = 5;
/// Names of rules are not longer, in bytes.
const LONGEST_NAME: usize = 80;
/// The longest text of short rules: links get too long for some players.
const LONGEST_SHORT: usize = 1500;

/// What a rule applies to, without the number of the request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Subject {
    /// A kind or a group of kinds, or a path.
    kind: Result<&'static str, String>,
    media: Option<&'static str>,
    /// What the number counts: `index` or `nth`.
    counts: &'static str,
}

/// A rule.
#[derive(Debug, Clone)]
pub(super) struct FaultRule {
    name: String,
    when: Table,
    then: Table,
    /// How often it was seen.
    pub(super) times: usize,
    /// Where in the recording it was seen first.
    pub(super) first: String,
    /// When that was, in seconds since the start.
    pub(super) first_at_s: f64,
}

/// The occurrences of one effect on one subject.
#[derive(Debug, Default)]
struct Occurrences {
    then: Table,
    /// For each number the attempts.
    numbers: BTreeMap<u64, BTreeSet<u32>>,
    times: usize,
    first: String,
    first_at_s: f64,
}

/// The rules for `faults`, each of which is about the record at its index, and how many more there would be.
pub(super) fn rules(records: &[Record], faults: &[(usize, Fault)]) -> (Vec<FaultRule>, usize) {
    let subjects: Vec<(Subject, u64)> = numbered(records);
    let mut totals: HashMap<&Subject, usize> = HashMap::new();
    for (subject, _) in &subjects {
        *totals.entry(subject).or_default() += 1;
    }
    let mut found: BTreeMap<(&Subject, String), Occurrences> = BTreeMap::new();
    for (at, fault) in faults {
        let (Some(record), Some((subject, number))) = (records.get(*at), subjects.get(*at)) else {
            continue;
        };
        let text = inline(&fault.then.clone().into());
        let seen = found.entry((subject, text)).or_insert_with(|| Occurrences {
            then: fault.then.clone(),
            first: record.place.clone(),
            first_at_s: record.at.as_secs_f64(),
            ..Occurrences::default()
        });
        seen.numbers.entry(*number).or_default().insert(record.attempt);
        seen.times += 1;
    }
    let mut rules: Vec<FaultRule> = found
        .into_iter()
        .flat_map(|((subject, _), seen)| {
            let total = totals.get(subject).copied().unwrap_or_default();
            rules_of(subject, &seen, total)
        })
        .collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.times));
    let more = rules.len().saturating_sub(MOST_RULES);
    rules.truncate(MOST_RULES);
    // A rule with a number has precedence over one for all requests of a class.
    rules.sort_by(|one, other| {
        let all =
            |rule: &FaultRule| !rule.when.contains_key("index") && !rule.when.contains_key("nth");
        all(one).cmp(&all(other)).then(one.first_at_s.total_cmp(&other.first_at_s))
    });
    (rules, more)
}

/// The subject of each record, and its number among the requests for that subject.
fn numbered(records: &[Record]) -> Vec<(Subject, u64)> {
    let mut counts: HashMap<Subject, u64> = HashMap::new();
    records
        .iter()
        .map(|record| {
            let subject = Subject::of(record);
            let count = counts.entry(subject.clone()).or_default();
            *count += 1;
            let number = if subject.counts == "index" { record.class.index } else { None };
            (subject, number.unwrap_or(*count))
        })
        .collect()
}

impl Subject {
    fn of(record: &Record) -> Self {
        let Class { kind, media, index, told } = record.class;
        let playlist = matches!(kind, Kind::MediaPlaylist | Kind::MultivariantPlaylist);
        let kind = match kind {
            Kind::Other => Err(record.path.clone()),
            _ if playlist && !told => Ok("playlist"),
            kind => Ok(kind.as_str()),
        };
        let media = Some(media).filter(|media| *media != MediaType::Unknown && kind.is_ok());
        let counts = if index.is_some() && kind.is_ok() { "index" } else { "nth" };
        Self { kind, media: media.map(MediaType::as_str), counts }
    }

    fn when(&self) -> Table {
        let mut when = Table::new();
        match &self.kind {
            Ok(kind) => when.insert("kind".into(), (*kind).into()),
            Err(path) => when.insert("path".into(), path.as_str().into()),
        };
        if let Some(media) = self.media {
            when.insert("media".into(), media.into());
        }
        when
    }
}

/// One rule for each set of attempts.
fn rules_of(subject: &Subject, seen: &Occurrences, total: usize) -> Vec<FaultRule> {
    let rule = |numbers: &[u64], attempts: Option<&BTreeSet<u32>>, times| {
        let mut when = subject.when();
        if !numbers.is_empty() {
            when.insert(subject.counts.into(), ranges(numbers));
        }
        if let Some(attempts) = attempts.filter(|attempts| !attempts.contains(&0)) {
            let attempts: Vec<u64> = attempts.iter().map(|attempt| u64::from(*attempt)).collect();
            when.insert("attempt".into(), ranges(&attempts));
        }
        let then = seen.then.clone();
        let (first, first_at_s) = (seen.first.clone(), seen.first_at_s);
        FaultRule { name: name(&when, &then), when, then, times, first, first_at_s }
    };
    if seen.times == total && total >= ALL {
        return vec![rule(&[], None, seen.times)];
    }
    let mut by_attempts: BTreeMap<&BTreeSet<u32>, Vec<u64>> = BTreeMap::new();
    for (number, attempts) in &seen.numbers {
        by_attempts.entry(attempts).or_default().push(*number);
    }
    by_attempts
        .iter()
        .map(|(attempts, numbers)| {
            let attempts = (subject.counts == "index").then_some(*attempts);
            let times = numbers.len() * attempts.map_or(1, BTreeSet::len);
            rule(numbers, attempts, times)
        })
        .collect()
}

/// `3`, `"2..4"`, or a list of these.
fn ranges(numbers: &[u64]) -> Value {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let text = |&(first, last): &(u64, u64)| match i64::try_from(first) {
        Ok(number) if first == last => Value::from(number),
        _ => Value::from(format!("{first}..{last}")),
    };
    match ranges.as_slice() {
        [only] => text(only),
        several => Value::Array(several.iter().map(text).collect()),
    }
}

fn name(when: &Table, then: &Table) -> String {
    let mut name = short(when, then).unwrap_or_else(|| {
        let key = then.keys().next().map_or("", String::as_str);
        let path = when.get("path").and_then(Value::as_str).unwrap_or_default();
        format!("{key} of {path}")
    });
    let end = (0..=LONGEST_NAME).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
    name.truncate(end);
    name
}

impl FaultRule {
    /// In the form of a rule file.
    pub(super) fn toml(&self) -> String {
        let Self { name, when, then, times, first, first_at_s } = self;
        let often = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
        format!(
            "# seen {often}, first after {first_at_s:.1} s ({first})\n[[rule]]\nname = {}\nwhen = {}\nthen = {}\n\n",
            Value::from(name.as_str()),
            inline(&when.clone().into()),
            inline(&then.clone().into()),
        )
    }

    /// Its name, which says what it does.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// All rules in the short form for a link; `None` if they can't be written so, or are too long.
pub(super) fn short_rules(rules: &[FaultRule]) -> Option<String> {
    let short: Option<Vec<_>> = rules.iter().map(|rule| short(&rule.when, &rule.then)).collect();
    let text = short?.join(";");
    let fits = !text.is_empty() && text.len() <= LONGEST_SHORT;
    (fits && RuleSet::from_text(&text).is_ok()).then_some(text)
}

/// One rule in the short form.
fn short(when: &Table, then: &Table) -> Option<String> {
    let words = ["kind", "media"].iter().filter_map(|key| when.get(*key)?.as_str());
    let mut parts = vec![words.collect::<Vec<_>>().join(".")];
    for (key, value) in when.iter().filter(|(key, _)| !matches!(key.as_str(), "kind" | "media")) {
        parts.push(format!("{key}={}", plain(value)?));
    }
    parts.retain(|part| !part.is_empty());
    let mut effects = Vec::new();
    flatten("", then, &mut effects)?;
    Some(format!("{}:{}", parts.join(","), effects.join(",")))
}

fn flatten(prefix: &str, table: &Table, into: &mut Vec<String>) -> Option<()> {
    for (key, value) in table {
        match value {
            Value::Table(inner) => flatten(&format!("{prefix}{key}."), inner, into)?,
            value => into.push(format!("{prefix}{key}={}", plain(value)?)),
        }
    }
    Some(())
}

/// A value without quotes; `None` if it has a character that means something.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::Array(list) => {
            return list.iter().map(plain).collect::<Option<Vec<_>>>().map(|list| list.join("|"));
        }
        Value::String(text) => text.replace(' ', ""),
        other => other.to_string(),
    };
    (!text.contains([';', ',', '|', ':', '='])).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn record(kind: Kind, media: MediaType, index: Option<u64>, attempt: u32) -> Record {
        let class = Class { kind, media, index, told: attempt > 0 };
        let place = "log.entries[0]".to_owned();
        let at = Duration::from_secs(index.unwrap_or(1));
        Record { class, attempt, place, at, path: "/a".into(), ..Record::default() }
    }

    fn shown(records: &[Record], faults: &[(usize, Fault)]) -> Vec<String> {
        let (rules, more) = rules(records, faults);
        assert_eq!(more, 0);
        for rule in &rules {
            let read = RuleSet::from_toml("rules.toml", &rule.toml()).unwrap();
            assert_eq!(read.len(), 1, "{}", rule.toml());
        }
        let short = short_rules(&rules).unwrap_or_default();
        assert_eq!(short.is_empty(), rules.is_empty());
        rules
            .iter()
            .map(|rule| {
                format!(
                    "{} → {}",
                    inline(&rule.when.clone().into()),
                    inline(&rule.then.clone().into())
                )
            })
            .collect()
    }

    #[test]
    fn segments_are_named_by_their_index_and_attempt() {
        use {Kind::Segment, MediaType::Video};
        let records: Vec<_> = [(1, 1), (2, 1), (2, 2), (3, 1), (4, 1), (6, 1)]
            .map(|(index, attempt)| record(Segment, Video, Some(index), attempt))
            .into();
        let status = || Fault::new("status", 503);
        let faults = [(1, status()), (2, status()), (4, status()), (5, status())];
        assert_eq!(
            shown(&records, &faults),
            [
                r#"{ attempt = 1, index = [4, 6], kind = "segment", media = "video" } → { status = 503 }"#,
                r#"{ attempt = "1..2", index = 2, kind = "segment", media = "video" } → { status = 503 }"#,
            ]
        );
    }

    #[test]
    fn what_has_no_index_is_counted() {
        let playlist = || record(Kind::MultivariantPlaylist, MediaType::Unknown, None, 0);
        let records: Vec<_> = (0..6).map(|_| playlist()).collect();
        let refused = |at| (at, Fault::new("refuse", "reset"));
        assert_eq!(
            shown(&records, &[refused(1), refused(2), refused(5)]),
            [r#"{ kind = "playlist", nth = ["2..3", 6] } → { refuse = "reset" }"#]
        );
        // All of them: the rule needs no numbers.
        let all: Vec<_> = (0..6).map(refused).collect();
        assert_eq!(shown(&records, &all), [r#"{ kind = "playlist" } → { refuse = "reset" }"#]);
    }

    /// The faults that were seen most often have rules, and the others are counted.
    #[test]
    fn rules_beyond_the_most_are_counted() {
        let count = MOST_RULES + 3;
        let records: Vec<_> = (0..=count as u64)
            .map(|index| record(Kind::Segment, MediaType::Video, Some(2 * index), 1))
            .collect();
        // All delays are different, but for the two last ones.
        let delay = |at: usize| Fault::delay(Duration::from_secs(1 + at.min(count - 1) as u64));
        let faults: Vec<_> = (0..=count).map(|at| (at, delay(at))).collect();
        let (rules, more) = rules(&records, &faults);
        assert_eq!((rules.len(), more), (MOST_RULES, 3));
        assert!(rules.iter().any(|rule| rule.times == 2));
    }

    #[test]
    fn what_is_no_media_is_named_by_its_path() {
        let records = [record(Kind::Other, MediaType::Unknown, None, 0)];
        let faults = [(0, Fault::new("status", 401))];
        assert_eq!(shown(&records, &faults), [r#"{ nth = 1, path = "/a" } → { status = 401 }"#]);
    }
}
