//! A parameter that the model does not accept.

/// A parameter that the model does not accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}: {hint}")]
pub struct SpecError {
    /// The field, as named in a profile file, relative to its table.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
    /// What to write instead.
    pub hint: String,
}

impl SpecError {
    pub(super) fn new(field: &'static str, problem: &str, hint: &str) -> Self {
        Self { field, problem: problem.to_owned(), hint: hint.to_owned() }
    }
}
