//! Errors in traces: the line, the problem, and what to write instead.

/// The longest problem or hint, because they may quote arbitrary text.
const MOST_CHARACTERS: usize = 160;

/// An error in a trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}; {hint}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct TraceError {
    /// The file, as named by the caller.
    pub file: String,
    /// The line, from 1; `None` for the whole file.
    pub line: Option<u64>,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub hint: String,
}

/// An error whose file is not known yet.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: Option<u64>,
    pub(super) problem: String,
    pub(super) hint: String,
}

impl Fault {
    pub(super) fn at(line: u64, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { line: Some(line), problem: problem.into(), hint: hint.into() }
    }

    pub(super) fn whole(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { line: None, problem: problem.into(), hint: hint.into() }
    }

    pub(super) fn within(self, file: &str) -> TraceError {
        let Self { line, problem, hint } = self;
        TraceError {
            file: file.to_owned(),
            line,
            problem: on_a_line(&problem),
            hint: on_a_line(&hint),
        }
    }
}

/// `text` as one line, shortened if it is too long.
fn on_a_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut cut: String = plain.take(MOST_CHARACTERS).collect();
    if text.chars().nth(MOST_CHARACTERS).is_some() {
        cut.push('…');
    }
    cut
}
