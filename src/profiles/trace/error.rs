//! Why a trace can't be read: the line, what is wrong there, and what to write instead.

/// A problem or hint is no longer: it may quote what is no trace at all.
const MOST_CHARACTERS: usize = 160;

/// A fault in a trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}; {hint}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct TraceError {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; `None` when it is about the whole.
    pub line: Option<u64>,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub hint: String,
}

/// A fault whose file is not known yet.
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

/// `text` on one line, cut where it is longer than one.
fn on_a_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut cut: String = plain.take(MOST_CHARACTERS).collect();
    if text.chars().nth(MOST_CHARACTERS).is_some() {
        cut.push('…');
    }
    cut
}
