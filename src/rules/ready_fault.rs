//! Built-in faults: the rule files that are embedded in the program, by name.

use super::{rule_file::RuleFile, rule_set::RuleSet};
use crate::{
    builtin,
    document::{Diagnostics, did_you_mean, similar_names},
};

/// A built-in rule file.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Its number in the catalogue of faults (`E01`), if it has one.
    pub id: Option<&'static str>,
    /// Its name, as in `stuck-playlist`.
    pub name: &'static str,
    /// What it does.
    pub summary: String,
    /// Where the fault was observed, or where it comes from.
    pub source: String,
    /// Its rules.
    pub rules: RuleSet,
    /// The file's text.
    pub text: &'static str,
}

/// An error of finding a built-in fault.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// No built-in rule file has this name.
    #[error("there is no built-in fault `{name}`; {}see `vsps rules list`", did_you_mean(.nearest))]
    Unknown {
        /// The requested name.
        name: String,
        /// The most similar names, best first; may be empty.
        nearest: Vec<String>,
    },
    /// The file is invalid, which the tests of this crate exclude.
    #[error(transparent)]
    Invalid(#[from] Diagnostics),
}

/// Faults of the catalogue that are not rules: number, name, and how to get them.
pub const ELSEWHERE: &[(&str, &str, &str)] = &[(
    "E51",
    "Parallel connections share a link",
    "always active: all connections of a session share one link",
)];

/// The built-in rule files, sorted by file name.
///
/// # Errors
/// If one is invalid, which the tests of this crate exclude.
pub fn faults() -> Result<Vec<Fault>, Diagnostics> {
    files().map(|(file, text)| fault(file, text)).collect()
}

/// The built-in rule file by its name (`stuck-playlist`), number (`E01`) or both
/// (`E01-stuck-playlist`). Each call has its own global budgets.
///
/// # Errors
/// If there is none. The error holds the most similar names.
pub fn fault_named(name: &str) -> Result<Fault, FaultError> {
    let found = files().find(|(file, _)| {
        let (id, slug) = split(file);
        name == *file || name == slug || id.is_some_and(|id| name.eq_ignore_ascii_case(id))
    });
    match found {
        Some((file, text)) => Ok(fault(file, text)?),
        None => Err(FaultError::Unknown { name: name.to_owned(), nearest: nearest(name) }),
    }
}

impl RuleSet {
    /// Reads rules in the short form, or the names of ready faults:
    /// `stuck-playlist;segment.audio:delay=2s`.
    ///
    /// # Errors
    /// What is wrong, and what to write.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let named = |name: &str| match fault_named(name) {
            Ok(fault) => Ok(fault.rules),
            Err(error) => Err(error.to_string()),
        };
        Self::from_compact(text, &named)
    }
}

/// Names and texts, sorted by name.
fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut files: Vec<_> = builtin::faults().collect();
    files.sort_unstable_by_key(|(file, _)| *file);
    files.into_iter()
}

fn fault(file: &'static str, text: &'static str) -> Result<Fault, Diagnostics> {
    let (id, name) = split(file);
    let book = RuleFile::from_toml(&format!("profiles/faults/{file}.toml"), text)?;
    let RuleFile { summary, source, rules, .. } = book;
    let (summary, source) = (summary.unwrap_or_default(), source.unwrap_or_default());
    Ok(Fault { id, name, summary, source, rules, text })
}

/// `E01-stuck-playlist` is number and name; other names have no number.
fn split(file: &'static str) -> (Option<&'static str>, &'static str) {
    let numbered = |id: &str| {
        id.len() == 3 && id.starts_with('E') && id[1..].bytes().all(|b| b.is_ascii_digit())
    };
    match file.split_once('-').filter(|(id, _)| numbered(id)) {
        Some((id, name)) => (Some(id), name),
        None => (None, file),
    }
}

fn nearest(name: &str) -> Vec<String> {
    similar_names(name, files().map(|(file, _)| split(file).1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_found_by_name_or_number() {
        for name in ["stuck-playlist", "E01", "e01", "E01-stuck-playlist"] {
            assert_eq!(fault_named(name).unwrap().name, "stuck-playlist");
        }
        assert_eq!(fault_named("delayAudio").unwrap().id, None);
        insta::assert_snapshot!(fault_named("stuck-playlists").unwrap_err(), @"there is no built-in fault `stuck-playlists`; did you mean `stuck-playlist` or `stuckPlaylist` or `slow-playlist`? see `vsps rules list`");
        assert!(fault_named("../3g").is_err());
    }
}
