//! A hang: how long nothing is sent.

use crate::units::span;
use std::{fmt, time::Duration};

/// How long nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hang {
    /// For this long; then the connection closes.
    For(Duration),
    /// Until the player closes the connection.
    Forever,
}

impl fmt::Display for Hang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(time) => f.write_str(&span::print(*time)),
            Self::Forever => f.write_str("forever"),
        }
    }
}
