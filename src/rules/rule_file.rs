//! A rule file: summary, source, rules, and the line of each rule.

use super::{
    entry::RuleEntry,
    misplaced::misplaced_key,
    rule_list::RuleList,
    rule_set::RuleSet,
    validate::rule_set,
    warning::{Warning, warnings},
};
use crate::document::{Diagnostics, Document, FileError, Text, read_text};
use serde::Deserialize;
use std::path::Path;

/// A rule file: rules, a summary and a source. (The root of a TOML file is always a table.)
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "rules, each under its own [[rule]]")]
struct RuleFileEntry {
    summary: Option<Text>,
    source: Option<Text>,
    rule: Vec<RuleEntry>,
    rules: RuleList,
}

/// A rule file.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleFile {
    /// What the rules do, if the file says so.
    pub summary: Option<String>,
    /// The source of the values, if the file names it.
    pub source: Option<String>,
    /// Its rules.
    pub rules: RuleSet,
    /// The line of each rule, from 1.
    lines: Vec<usize>,
}

impl RuleFile {
    /// Reads a rule file's text; `file` is the name used in errors. The text must not name other files.
    ///
    /// # Errors
    /// All errors of the first stage (keys, types), or if there are none, all of the second (values).
    pub fn from_toml(file: &str, text: &str) -> Result<Self, Diagnostics> {
        Self::of(Document::toml(file, text)?)
    }

    /// Reads a rule file. Files that it names are looked up in its folder.
    ///
    /// # Errors
    /// If it can't be read, is larger than 1 MiB, or its content is invalid.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let (name, text) = (path.to_string_lossy(), read_text(path)?);
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self::of(Document::toml(&name, &text)?.beside(folder))?)
    }

    fn of(document: Document<'_>) -> Result<Self, Diagnostics> {
        let document = document.with_key_hint(misplaced_key);
        let lines = document.item_lines("rule");
        document.read(|file: RuleFileEntry, scope| {
            let words = |text: &Option<Text>| text.as_ref().map(Text::to_string);
            Some(Self {
                summary: words(&file.summary),
                source: words(&file.source),
                rules: RuleSet::concat([
                    &rule_set(file.rule, &scope.at("rule")),
                    &rule_set(file.rules, &scope.at("rules")),
                ]),
                lines,
            })
        })
    }

    /// The line of the rule at this position (from 0).
    #[must_use]
    pub fn line(&self, place: usize) -> Option<usize> {
        self.lines.get(place).copied()
    }

    /// Warnings about rules that are valid but useless: they never apply, or earlier rules leave them
    /// nothing to do.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        warnings(&self.rules, &self.lines)
    }
}

impl RuleSet {
    /// Reads a rule file: TOML with only `[[rule]]` entries. `file` is the name used in errors.
    ///
    /// # Errors
    /// All errors of the first stage (keys, types), or if there are none, all of the second (values).
    pub fn from_toml(file: &str, text: &str) -> Result<Self, Diagnostics> {
        Ok(RuleFile::from_toml(file, text)?.rules)
    }

    /// Reads a rule file.
    ///
    /// # Errors
    /// If it can't be read, is larger than 1 MiB, or its content is invalid.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        Ok(RuleFile::load(path)?.rules)
    }
}
