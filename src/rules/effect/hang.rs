//! Silence: how long nothing comes.

use crate::units::span;
use std::{fmt, time::Duration};

/// How long nothing comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hang {
    /// For this long; then the connection closes without more.
    For(Duration),
    /// Until the player gives up.
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
