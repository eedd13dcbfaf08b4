//! The sums of what is held, and what is done when they reach the budget.

use super::part::Part;
use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

/// Frees memory: of the client with this number, or of all; so many bytes, if there are as many that can be freed.
pub(super) type Reclaim = Box<dyn Fn(Option<u64>, usize) + Send + Sync>;

/// Why a stream of HTTP/2 was reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetReason {
    /// The player has read nothing of it for too long.
    Unread,
    /// The memory budget is used up, and the player does not read.
    Memory,
}

impl ResetReason {
    /// Every reason.
    pub const ALL: [Self; 2] = [Self::Unread, Self::Memory];

    /// The name in labels of metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Memory => "memory",
        }
    }
}

/// Whether a share above a bound may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reserve {
    /// It is kept.
    Kept,
    /// It is used: an eighth of the bound, for what goes on.
    Used,
}

impl Reserve {
    /// The bound `most` with the reserve.
    pub(super) const fn on(self, most: usize) -> usize {
        match self {
            Self::Kept => most,
            Self::Used => most.saturating_add(most / 8),
        }
    }
}

/// The sums of what is held.
#[derive(Default)]
pub(super) struct Account {
    pub(super) most: usize,
    used: AtomicUsize,
    parts: [AtomicUsize; Part::ALL.len()],
    refused: [AtomicU64; Part::ALL.len()],
    resets: [AtomicU64; ResetReason::ALL.len()],
    forgotten: AtomicU64,
    reclaim: OnceLock<Reclaim>,
}

impl Account {
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Adds `bytes`, unless the sum would exceed the budget with `reserve`. Returns whether it was added.
    pub(super) fn take(&self, part: Part, bytes: usize, reserve: Reserve) -> bool {
        let before = self.used.fetch_add(bytes, Relaxed);
        let fits = before.saturating_add(bytes) <= reserve.on(self.most);
        if fits {
            self.parts[part as usize].fetch_add(bytes, Relaxed);
        } else {
            self.used.fetch_sub(bytes, Relaxed);
        }
        fits
    }

    /// Adds `bytes`, also beyond the budget.
    pub(super) fn add(&self, part: Part, bytes: usize) {
        self.used.fetch_add(bytes, Relaxed);
        self.parts[part as usize].fetch_add(bytes, Relaxed);
    }

    pub(super) fn give_back(&self, part: Part, bytes: usize) {
        self.used.fetch_sub(bytes, Relaxed);
        self.parts[part as usize].fetch_sub(bytes, Relaxed);
    }

    pub(super) fn used(&self, part: Part) -> usize {
        self.parts[part as usize].load(Relaxed)
    }

    pub(super) fn set_reclaim(&self, reclaim: Reclaim) {
        // It is set once, when the program is put together.
        let _ = self.reclaim.set(reclaim);
    }

    /// Frees `bytes`, of the client with number `client` or of all, as far as that is possible.
    pub(super) fn reclaim(&self, client: Option<u64>, bytes: usize) {
        if let Some(reclaim) = self.reclaim.get() {
            reclaim(client, bytes);
        }
    }

    pub(super) fn count_refusal(&self, part: Part) {
        self.refused[part as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn refused(&self, part: Part) -> u64 {
        self.refused[part as usize].load(Relaxed)
    }

    pub(super) fn count_reset(&self, reason: ResetReason) {
        self.resets[reason as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn resets(&self, reason: ResetReason) -> u64 {
        self.resets[reason as usize].load(Relaxed)
    }

    pub(super) fn count_forgotten(&self) {
        self.forgotten.fetch_add(1, Relaxed);
    }

    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten.load(Relaxed)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("most", &self.most).field("used", &self.used).finish()
    }
}
