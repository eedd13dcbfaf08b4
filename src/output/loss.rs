//! A counter of lost lines or events.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counts lines or events that could not be written. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct LossCounter(Arc<AtomicU64>);

impl LossCounter {
    /// Adds `more`.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
