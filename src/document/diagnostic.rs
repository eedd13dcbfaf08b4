//! Errors in a file or in JSON: where, what, and what to write instead.

use serde::Serialize;
use std::fmt;

/// One error in the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file, or a name for other input.
    pub file: String,
    /// The line, from 1; `None` for input without lines (JSON that was sent).
    pub line: Option<usize>,
    /// The key's path, with list items counted from 1: `rule.2.when.every`. Empty if the error
    /// is not at a key (a syntax error).
    pub key: String,
    /// The same place as a JSON pointer (RFC 6901, items counted from 0): `/rule/1/when/every`.
    pub pointer: String,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub hint: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}; {}", self.problem, self.hint)
    }
}

/// The errors in one text, in the order of their lines: at least 1, at most 50.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}", self.lines())]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Collects the errors of one text.
    pub(super) fn new(mut faults: Vec<Diagnostic>) -> Self {
        faults.sort_by_key(|fault| fault.line);
        Self(faults)
    }

    /// The errors, in the order of their lines.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    fn lines(&self) -> String {
        self.0.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n")
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The path from the root of a document to one of its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct KeyPath(Vec<Part>);

/// One step of a [`KeyPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Into a table, by key.
    Key(String),
    /// Into a list, by position, from 0.
    Item(usize),
}

impl KeyPath {
    pub(super) fn then(&self, part: Part) -> Self {
        let mut parts = self.0.clone();
        parts.push(part);
        Self(parts)
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The path as a JSON pointer.
    pub(super) fn pointer(&self) -> String {
        let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
        self.0.iter().fold(String::new(), |pointer, part| match part {
            Part::Key(key) => format!("{pointer}/{}", escaped(key)),
            Part::Item(place) => format!("{pointer}/{place}"),
        })
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.0.iter().enumerate() {
            let dot = if i == 0 { "" } else { "." };
            match part {
                Part::Key(key) => write!(f, "{dot}{key}")?,
                Part::Item(place) => write!(f, "{dot}{}", place + 1)?,
            }
        }
        Ok(())
    }
}

impl FromIterator<Part> for KeyPath {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        Self(parts.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_from_one_and_points_from_zero() {
        let path: KeyPath = [Part::Key("rule".into()), Part::Item(1), Part::Key("a/b".into())]
            .into_iter()
            .collect();
        assert_eq!(path.to_string(), "rule.2.a/b");
        assert_eq!(path.pointer(), "/rule/1/a~1b");
    }
}
