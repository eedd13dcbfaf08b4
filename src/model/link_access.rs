//! What a response shares with others while it is polled: its link, and what else limits it.

use super::{link::Link, session_round_robin::SessionRoundRobin, transport::Transport};

/// Everything that a [`ResponseShaper`](super::ResponseShaper) needs besides its own state, borrowed for one
/// poll. The owner holds the locks, if there are any. Each part is the same one in every poll of a response.
#[derive(Debug)]
pub struct LinkAccess<'a> {
    /// The link that carries the response.
    pub link: &'a mut Link,
    /// Set if the link is shared fairly: the turns of the responses of one session. Not used over simulated TCP,
    /// where connections have queues of their own.
    pub turns: Option<&'a mut SessionRoundRobin>,
    /// The simulated TCP connection of the response. Without it, the link's rate applies from the first byte on.
    pub transport: Option<&'a mut Transport>,
    /// The links of the limits that several responses share. A response names those that apply to it by their
    /// index: see [`ResponseLimit::Shared`](super::ResponseLimit::Shared).
    pub limits: &'a mut [Link],
}

impl<'a> LinkAccess<'a> {
    /// Only a link: no turns, no simulated TCP, no limits.
    #[must_use]
    pub const fn new(link: &'a mut Link) -> Self {
        Self { link, turns: None, transport: None, limits: &mut [] }
    }
}
