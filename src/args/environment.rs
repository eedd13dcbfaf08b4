//! Errors in values of environment variables (`VSPS_…`): the message names the variable.

use clap::error::{ContextKind, ContextValue};
use std::ffi::OsStr;

/// `error` with the name of the environment variable in it, if a variable has the wrong value: the option is not among
/// the words of the command line (`typed`), and `is_set` is true for its variable.
#[must_use]
pub fn with_variable(
    mut error: clap::Error,
    typed: impl IntoIterator<Item = impl AsRef<OsStr>>,
    is_set: impl Fn(&str) -> bool,
) -> clap::Error {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let flag = option.split([' ', '=', '[']).next().unwrap_or_default().to_owned();
    let Some(name) = flag.strip_prefix("--") else { return error };
    let variable = format!("VSPS_{}", name.replace('-', "_").to_ascii_uppercase());
    let is_flag = |word: &OsStr| {
        let word = word.to_string_lossy();
        word.strip_prefix(&flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    if is_set(&variable) && !typed.into_iter().any(|word| is_flag(word.as_ref())) {
        let named = format!("{variable}, the environment variable of {option}");
        error.insert(ContextKind::InvalidArg, ContextValue::String(named));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::Parser as _;

    #[test]
    fn a_wrong_value_of_a_variable_is_named() {
        let error = |typed: &[&str], set: bool| {
            let words = ["vsps", "run", "--seed", "x"];
            let error = Cli::try_parse_from(words).unwrap_err();
            let is_set = |name: &str| set && name == "VSPS_SEED";
            with_variable(error, typed, is_set).to_string()
        };
        let hint = "write a whole number from 0 to 18446744073709551615";
        let from_variable = error(&["vsps", "run"], true);
        let expected =
            "invalid value 'x' for 'VSPS_SEED, the environment variable of --seed <N>': ";
        assert!(from_variable.contains(&format!("{expected}{hint}")), "{from_variable}");
        for (typed, set) in
            [(&["--seed", "x"] as &[_], true), (&["--seed=x"], true), (&["vsps", "run"], false)]
        {
            let from_flag = error(typed, set);
            let expected = format!("invalid value 'x' for '--seed <N>': {hint}");
            assert!(from_flag.contains(&expected), "{from_flag}");
        }
    }
}
