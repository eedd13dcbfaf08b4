//! Reads TOML or JSON into a validated value, or reports all errors.

use super::{
    diagnostic::{Diagnostic, Diagnostics, KeyPath, Part},
    scope::{Fault, MOST_FAULTS, Scope},
    suggestion::one_of,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use std::{cell::RefCell, path::Path};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A hint for a key that is unknown where it is written: where to write it instead, if it is known elsewhere. Its
/// arguments are the key and the keys that are allowed there.
type KeyHint = fn(&str, &[&str]) -> Option<String>;

/// A document with valid syntax. TOML and JSON become the same tree, so that both are read alike.
pub(crate) struct Document<'t> {
    file: &'t str,
    tree: Value,
    lines: Option<Lines<'t>>,
    folder: Option<&'t Path>,
    key_hint: KeyHint,
}

impl<'t> Document<'t> {
    /// Parses TOML; `file` is the name used in errors.
    pub(crate) fn toml(file: &'t str, text: &'t str) -> Result<Self, Diagnostics> {
        let table = DeTable::parse(text).map_err(|error| syntax_error(file, text, &error))?;
        let tree = tree_of_table(table.get_ref());
        Ok(Self { file, tree, lines: Some(Lines { text, table }), folder: None, key_hint: no_hint })
    }

    /// Wraps JSON; `file` is the name used in errors.
    pub(crate) fn json(file: &'t str, tree: Value) -> Self {
        Self { file, tree, lines: None, folder: None, key_hint: no_hint }
    }

    /// Allows the document to name files in `folder`. Input from the network is not allowed to.
    pub(crate) fn beside(self, folder: &'t Path) -> Self {
        Self { folder: Some(folder), ..self }
    }

    /// Asks `key_hint` for hints about unknown keys.
    pub(crate) fn with_key_hint(self, key_hint: KeyHint) -> Self {
        Self { key_hint, ..self }
    }

    /// The lines of the items of the list `key` at the root, from 1.
    pub(crate) fn item_lines(&self, key: &str) -> Vec<usize> {
        let count = self.tree.get(key).and_then(Value::as_array).map_or(0, Vec::len);
        let Some(lines) = &self.lines else { return Vec::new() };
        let path = |place| [Part::Key(key.to_owned()), Part::Item(place)];
        (0..count).map(|place| lines.line_of(&path(place))).collect()
    }

    /// Deserialises the entry type `M`, then validates it. Reports all errors of the first stage, or
    /// if there are none, all errors of the second.
    pub(crate) fn read<M: DeserializeOwned, T>(
        mut self,
        validate: impl FnOnce(M, &Scope<'_>) -> Option<T>,
    ) -> Result<T, Diagnostics> {
        let mirror = self.mirror().map_err(|faults| self.locate(faults))?;
        let faults = RefCell::new(Vec::new());
        let value = validate(mirror, &Scope::root(&faults, self.folder));
        match (value, faults.into_inner()) {
            (Some(value), faults) if faults.is_empty() => Ok(value),
            (_, faults) => Err(self.locate(faults)),
        }
    }

    /// The first stage. Serde stops at the first error, so record that error, remove the value from the
    /// tree, and try again.
    fn mirror<M: DeserializeOwned>(&mut self) -> Result<M, Vec<Fault>> {
        let mut faults = Vec::new();
        while faults.len() < MOST_FAULTS {
            match serde_path_to_error::deserialize(&self.tree) {
                Ok(mirror) if faults.is_empty() => return Ok(mirror),
                Ok(_) => break,
                Err(error) => {
                    let path: KeyPath = error.path().iter().filter_map(part).collect();
                    let cut = cut_out(&mut self.tree, path.parts());
                    faults.push(explain(path, &error.inner().to_string(), self.key_hint));
                    if !cut {
                        break;
                    }
                }
            }
        }
        Err(faults)
    }

    fn locate(&self, faults: Vec<Fault>) -> Diagnostics {
        let located = faults.into_iter().map(|Fault { path, problem, hint }| Diagnostic {
            file: self.file.to_owned(),
            line: self.lines.as_ref().map(|lines| lines.line_of(path.parts())),
            key: path.to_string(),
            pointer: path.pointer(),
            problem,
            hint,
        });
        Diagnostics::new(located.collect())
    }
}

fn no_hint(_: &str, _: &[&str]) -> Option<String> {
    None
}

fn part(segment: &Segment) -> Option<Part> {
    match segment {
        Segment::Seq { index } => Some(Part::Item(*index)),
        Segment::Map { key } => Some(Part::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// Removes the value at `path`; `false` when there is none.
fn cut_out(tree: &mut Value, path: &[Part]) -> bool {
    let Some((last, way)) = path.split_last() else {
        return false;
    };
    let parent = way.iter().try_fold(tree, |value, part| match part {
        Part::Key(key) => value.get_mut(key),
        Part::Item(place) => value.get_mut(place),
    });
    match (parent, last) {
        (Some(Value::Object(table)), Part::Key(key)) => table.remove(key).is_some(),
        // Put an empty text in its place: a removed item would shift the positions of the others.
        (Some(Value::Array(list)), Part::Item(place)) => list.get_mut(*place).is_some_and(|item| {
            let stub = if item.is_string() { Value::Object(Default::default()) } else { "".into() };
            let changed = *item != stub;
            *item = stub;
            changed
        }),
        _ => false,
    }
}

/// Turns serde's message into a problem and what to write instead.
fn explain(path: KeyPath, message: &str, key_hint: KeyHint) -> Fault {
    let (problem, wanted) = message.split_once(", expected ").unwrap_or((message, ""));
    let hint = match wanted {
        "a boolean" => "true or false",
        "a sequence" => "a list; tables of a list have two brackets, as in `[[rule]]`",
        other => other,
    };
    if problem.starts_with("unknown field") {
        let written = problem.split('`').nth(1).unwrap_or_default();
        // Names are between backquotes: every second piece.
        let allowed: Vec<&str> = wanted.split('`').skip(1).step_by(2).collect();
        let problem = format!("`{written}` is not a key here");
        let hint = key_hint(written, &allowed).unwrap_or_else(|| one_of(written, &allowed));
        return Fault { path, problem, hint };
    }
    let problem = match problem.strip_prefix("invalid type: ") {
        Some("sequence") => "is a list".to_owned(),
        Some("map") => "is a table".to_owned(),
        Some("null") => "is null".to_owned(),
        Some(found) => format!("is the {}", found.replace("floating point", "number")),
        None => problem.to_owned(),
    };
    Fault { path, problem, hint: format!("write {hint}") }
}

fn syntax_error(file: &str, text: &str, error: &toml::de::Error) -> Diagnostics {
    let line = error.span().map_or(1, |span| line_at(text, span.start));
    let mut problem = error.message().lines().collect::<Vec<_>>().join(", ");
    let mut hint = "write TOML: `key = value`, texts in double quotes";
    if let ("duplicate key", Some(key)) = (error.message(), error.span().and_then(|s| text.get(s)))
    {
        problem = format!("`{key}` is set twice");
        hint = "write each key once";
    }
    Diagnostics::new(vec![Diagnostic {
        file: file.to_owned(),
        line: Some(line),
        key: String::new(),
        pointer: String::new(),
        problem,
        hint: hint.to_owned(),
    }])
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The line of each value of a TOML text.
struct Lines<'t> {
    text: &'t str,
    table: Spanned<DeTable<'t>>,
}

impl Lines<'_> {
    /// The line of the value at `path`, or of the nearest table or list around it that exists.
    fn line_of(&self, path: &[Part]) -> usize {
        let (Some((Part::Key(first), rest)), table) = (path.split_first(), self.table.get_ref())
        else {
            return 1;
        };
        let Some((key, mut value)) = entry(table, first) else {
            return 1;
        };
        let mut offset = key;
        for part in rest {
            let next = match (part, value.get_ref()) {
                (Part::Key(key), DeValue::Table(table)) => entry(table, key),
                (Part::Item(place), DeValue::Array(list)) => {
                    list.get(*place).map(|item| (item.span().start, item))
                }
                _ => None,
            };
            let Some((start, inner)) = next else {
                break;
            };
            (offset, value) = (start, inner);
        }
        line_at(self.text, offset)
    }
}

/// Where the key `name` starts, and its value.
fn entry<'a, 't>(table: &'a DeTable<'t>, name: &str) -> Option<(usize, &'a Spanned<DeValue<'t>>)> {
    let found = table.iter().find(|(key, _)| key.get_ref() == name);
    found.map(|(key, value)| (key.span().start, value))
}

fn tree_of_table(table: &DeTable<'_>) -> Value {
    let entries = table.iter();
    entries.map(|(key, value)| (key.get_ref().to_string(), tree_of(value.get_ref()))).collect()
}

fn tree_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Boolean(truth) => (*truth).into(),
        DeValue::Integer(number) => {
            let digits = number.as_str();
            i64::from_str_radix(digits, number.radix()).map_or_else(|_| digits.into(), Value::from)
        }
        // JSON has no `nan` and `inf`. Keep them as text; validation rejects them.
        DeValue::Float(number) => {
            let digits = number.as_str();
            let finite = digits.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            finite.map_or_else(|| digits.into(), Value::Number)
        }
        DeValue::Datetime(moment) => moment.to_string().into(),
        DeValue::Array(list) => list.iter().map(|item| tree_of(item.get_ref())).collect(),
        DeValue::Table(table) => tree_of_table(table),
    }
}
