//! The plan: what shall befall one request, as data that can be logged, tested and shown.

use crate::units::{BitRate, ByteSize};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// How a cut body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// TCP reset (HTTP/2: RST_STREAM).
    Reset,
    /// The connection closes cleanly, with fewer bytes than declared (HTTP/2: RST_STREAM).
    Truncate,
}

impl Ending {
    /// The name used in files, labels and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Truncate => "truncate",
        }
    }
}

/// A body that ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Bytes of the body that still pass; a shorter body is left whole.
    pub at: ByteSize,
    /// How it ends.
    pub ending: Ending,
}

/// How long a request hangs before anything is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hang {
    /// For this long; then the connection closes without an answer.
    For(Duration),
    /// Until the player gives up.
    Forever,
}

/// An effect, and the rule that asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned<T> {
    /// The rule's name.
    pub rule: Arc<str>,
    /// What it asks for.
    pub effect: T,
}

/// What shall befall one request. Each slot is filled by the first matching rule that names it;
/// an empty plan leaves the request alone.
///
/// A plan holds nothing that can't come to pass: never `hang` and `status` together (the first
/// matching rule that asks for one of them decides), and with either of them neither `rate` nor
/// `cut`, because no body of the origin's will flow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Wait before the headers, beside the link's own latency.
    pub delay: Option<Planned<Duration>>,
    /// Hang before the headers.
    pub hang: Option<Planned<Hang>>,
    /// Answer with this status, without asking the origin.
    pub status: Option<Planned<u16>>,
    /// Pass the body no faster than this, beside the link's own rate.
    pub rate: Option<Planned<BitRate>>,
    /// End the body early.
    pub cut: Option<Planned<Cut>>,
}

impl Plan {
    /// Takes out what the way the request will be answered leaves no room for.
    pub(super) fn settle(&mut self) {
        if self.hang.is_some() || self.status.is_some() {
            self.rate = None;
            self.cut = None;
        }
    }

    /// Whether nothing was asked for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.delay.is_none()
            && self.hang.is_none()
            && self.status.is_none()
            && self.rate.is_none()
            && self.cut.is_none()
    }
}
