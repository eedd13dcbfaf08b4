//! The file that `--config` names, and other text files that options name.

use super::ConfigError;
use crate::{args::RunArgs, document::nearest};
use clap::Args as _;
use std::{collections::BTreeMap, fs, path::Path};

/// The text of the file that `option` names, which `holds` something.
pub(super) fn text(
    option: &'static str,
    path: &Path,
    holds: &'static str,
) -> Result<String, ConfigError> {
    let unreadable =
        |cause| ConfigError::Unreadable { option, path: path.to_owned(), cause, holds };
    fs::read_to_string(path).map_err(unreadable)
}

/// The options in the file at `path`.
pub(super) fn read(path: &Path) -> Result<RunArgs, ConfigError> {
    let text = text("--config", path, "a TOML file with options, as in docs/reference-config.md")?;
    toml::from_str(&text).map_err(|error| {
        let whole = || {
            let at = error.span().map_or(0, |span| span.start);
            (at, error.message().to_owned())
        };
        let (at, problem) = option_at_fault(&text).unwrap_or_else(whole);
        ConfigError::File {
            path: path.to_owned(),
            line: text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1,
            problem: problem.trim_end().to_owned(),
        }
    })
}

/// The first option at fault in `text`: where it stands, in bytes, and what is wrong. serde loses
/// the place of options that it flattens, and of unknown ones; so each is read alone.
/// `None` when the text is not TOML.
fn option_at_fault(text: &str) -> Option<(usize, String)> {
    let options: BTreeMap<toml::Spanned<String>, toml::Value> = toml::from_str(text).ok()?;
    let names = option_names();
    let problems = options.into_iter().filter_map(|(key, value)| {
        let (at, key) = (key.span().start, key.into_inner());
        if !names.contains(&key) {
            return Some((at, unknown(&key, &names)));
        }
        let alone = toml::Table::from_iter([(key.clone(), value)]);
        let error = alone.try_into::<RunArgs>().err()?;
        Some((at, format!("{key}: {}", error.message())))
    });
    problems.min()
}

fn unknown(key: &str, names: &[String]) -> String {
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    match nearest(key, &all) {
        Some(name) => format!("`{key}` is not an option; did you mean `{name}`?"),
        None => format!("`{key}` is not an option; write one of {}", names.join(", ")),
    }
}

/// What can stand in a file: every option but the one that names the file.
fn option_names() -> Vec<String> {
    let command = RunArgs::augment_args(clap::Command::new("run"));
    let names = command.get_arguments().filter_map(|argument| argument.get_long());
    names.filter(|name| *name != "config").map(str::to_owned).collect()
}
