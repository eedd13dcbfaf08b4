//! A limit on the data derived from a manifest, in proportion to its length.
//!
//! One value may apply to thousands of renditions, and one reference to several bases. Each derived text is
//! charged here before it is made, so that time and memory stay linear in the input.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// The bytes that may be derived from each byte of a manifest.
const FACTOR: usize = 16;
/// The bytes that may be derived from any manifest, however short.
const LEAST: usize = 1 << 20;
/// The most bytes that may be derived from one, however long.
const MOST: usize = 32 << 20;
/// The longest URL that is kept or matched: no server accepts longer ones.
pub(super) const LONGEST_URL: usize = 8192;

/// The remaining bytes that may be derived.
#[derive(Debug, Default)]
pub(super) struct Budget {
    left: AtomicUsize,
    short: AtomicBool,
}

impl Budget {
    /// The budget of a manifest of `len` bytes.
    pub(super) fn of(len: usize) -> Self {
        let budget = Self::default();
        budget.refill(len);
        budget
    }

    /// Starts again, for a manifest of `len` bytes.
    pub(super) fn refill(&self, len: usize) {
        let left = len.saturating_mul(FACTOR).saturating_add(LEAST).min(MOST);
        self.left.store(left, Relaxed);
        self.short.store(false, Relaxed);
    }

    /// Takes `bytes`; false, and nothing taken, if fewer are left.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let left = self.left.load(Relaxed).checked_sub(bytes);
        match left {
            Some(left) => self.left.store(left, Relaxed),
            None => self.short.store(true, Relaxed),
        }
        left.is_some()
    }

    /// Whether a take failed.
    pub(super) fn ran_short(&self) -> bool {
        self.short.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_gone() {
        let budget = Budget::of(10);
        assert!(budget.take(LEAST) && !budget.ran_short());
        assert!(!budget.take(10 * FACTOR + 1), "more than is left");
        assert!(budget.ran_short());
        assert!(budget.take(10 * FACTOR), "a smaller product still fits");
        assert!(!budget.take(1));
        assert!(!Budget::of(usize::MAX).take(MOST + 1));
    }
}
