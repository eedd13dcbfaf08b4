//! Errors of scripts.

use rhai::{EvalAltResult, ParseError, Position};
use std::{io, path::PathBuf};

/// An error when a script is loaded.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It can't be read.
    #[error("{}: can't be read: {cause}; write the path of a Rhai script", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// It is larger than 1 MiB.
    #[error("{}: is larger than 1 MiB; write a script of a few pages", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Its text is invalid.
    #[error("{file}:{line}:{column}: {problem}")]
    Invalid {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
}

impl ScriptError {
    pub(super) fn at(file: &str, at: Position, problem: String) -> Self {
        let (line, column) = (at.line().unwrap_or(1), at.position().unwrap_or(1));
        Self::Invalid { file: file.to_owned(), line, column, problem }
    }

    pub(super) fn syntax(file: &str, error: &ParseError) -> Self {
        Self::at(file, error.position(), error.err_type().to_string())
    }
}

/// An error when a script ran for a request. The script then has no effect on that request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptFailure {
    /// The function: `on_session`, `on_request`, `on_manifest` or `on_response`.
    pub function: &'static str,
    /// The line, from 1, if it is known.
    pub line: Option<usize>,
    /// The column, from 1, if it is known.
    pub column: Option<usize>,
    /// What went wrong.
    pub problem: String,
}

/// The longest problem in bytes: a script may throw a long text.
const LONGEST: usize = 500;

impl ScriptFailure {
    /// From `error`, at the position that it names, or else at `last`.
    pub(super) fn thrown(function: &'static str, error: &EvalAltResult, last: Position) -> Self {
        // Report the position in the called function, not that of the call.
        let mut inner = error;
        while let EvalAltResult::ErrorInFunctionCall(_, _, deeper, _) = inner {
            inner = deeper;
        }
        let at = inner.position().or_else(last);
        let mut bare = inner.to_string();
        if let Some(end) = bare.rfind(" (line ") {
            bare.truncate(end);
        }
        Self { line: at.line(), column: at.position(), ..Self::new(function, bare) }
    }

    pub(super) fn new(function: &'static str, mut problem: String) -> Self {
        let end = (0..=problem.len().min(LONGEST)).rev().find(|end| problem.is_char_boundary(*end));
        problem.truncate(end.unwrap_or(0));
        Self { function, line: None, column: None, problem }
    }
}

impl std::fmt::Display for ScriptFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.function)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, " at line {line}, column {column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}
