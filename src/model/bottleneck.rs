//! The part of a network that all of its users share: the bottleneck.

use super::spec::{Gap, LinkSpec};

/// How sessions share a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sharing {
    /// Each session gets the same, however many responses it has; over simulated TCP, so does each
    /// connection of a session.
    #[default]
    Fair,
    /// Each response gets the same: a session with more of them gets more. Over simulated TCP there is one
    /// queue, and a connection that sends more gets more.
    FirstCome,
}

impl Sharing {
    /// The name used in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fair => "fair",
            Self::FirstCome => "first-come",
        }
    }
}

impl LinkSpec {
    /// The link alone, without what happens to each response (loss, transport, stalls by bytes).
    #[must_use]
    pub fn bottleneck(&self) -> Self {
        let stall = self.stall.clone().filter(|stall| matches!(stall.every, Gap::Time(_)));
        Self { stall, loss: None, transport: Default::default(), ..self.clone() }
    }

    /// Why two sessions with these networks cannot share one link; `None` = they can.
    #[must_use]
    pub fn differs(&self, other: &Self) -> Option<&'static str> {
        let (one, two) = (self.bottleneck(), other.bottleneck());
        match () {
            () if one.rate != two.rate => Some("rate"),
            () if one.stall != two.stall => Some("stalls"),
            () if one.burst != two.burst => Some("burst"),
            () if one.count != two.count => Some("count"),
            () if one.queue != two.queue => Some("queue"),
            () if one.fair_queue != two.fair_queue => Some("transport"),
            () => None,
        }
    }
}
