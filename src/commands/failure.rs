//! The failure of a command, with its exit code.

use crate::config::ConfigError;
use std::fmt::Display;

/// A failure that ends the program.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// Wrong usage or an invalid file: exit code 2.
    pub(super) fn usage(message: impl Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// Something failed while running: exit code 1.
    pub(super) fn running(message: impl Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    /// The exit code of a command that was run, which has said itself what it had to say.
    pub(super) const fn of_command(code: u8) -> Self {
        Self { code, message: String::new() }
    }

    /// 1 = failed while running, 2 = wrong usage or invalid file.
    #[must_use]
    pub const fn code(&self) -> u8 {
        self.code
    }

    /// The message for the user; empty = none.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::running(format_args!("{error:#}"))
    }
}
