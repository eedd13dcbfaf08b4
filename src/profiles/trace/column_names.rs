//! Finds columns by their names.

use super::error::Fault;

/// The index of the first name that begins with the most likely of `starts`; short prefixes must be the
/// whole name.
pub(super) fn starting(
    names: &[&str],
    starts: &[&str],
    test: &dyn Fn(&str) -> bool,
) -> Option<usize> {
    starts.iter().find_map(|start| {
        names.iter().position(|name| {
            let plain = name.to_ascii_lowercase();
            test(name) && (plain == *start || (start.len() > 2 && plain.starts_with(start)))
        })
    })
}

/// The index of the column with a name that the user gave.
pub(super) fn named(line: u64, names: &[&str], wanted: &str, hint: &str) -> Result<usize, Fault> {
    let found = names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    found.ok_or_else(|| none_of(line, names, format!("has no column `{wanted}`"), hint))
}

/// The error that no column is as wanted, with the names of all.
pub(super) fn none_of(line: u64, names: &[&str], problem: String, hint: &str) -> Fault {
    Fault::at(line, problem, format!("{hint}: {}", names.join(", ")))
}
