//! How much was lost, for whoever shows it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A count of lines or events that could not be written. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct LossCounter(Arc<AtomicU64>);

impl LossCounter {
    /// Counts `more`.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// All so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
