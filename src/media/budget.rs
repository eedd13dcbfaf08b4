//! How much may be made of a manifest: what its lists and texts multiply to is bounded by its length.
//!
//! A value that stands once may hold for thousands of renditions, and a reference for several bases. Each
//! product is charged here before it is made, so that time and memory stay linear in the input.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// The bytes that may be made of each byte of a manifest.
const FACTOR: usize = 16;
/// The bytes that may be made of any manifest, however short.
const LEAST: usize = 1 << 20;
/// The most bytes that may be made of one, however long.
const MOST: usize = 32 << 20;
/// The longest URL that is kept or matched: no server takes longer ones.
pub(super) const LONGEST_URL: usize = 8192;

/// What is left of the bytes that may be made.
#[derive(Debug, Default)]
pub(super) struct Budget {
    left: AtomicUsize,
    short: AtomicBool,
}

impl Budget {
    /// The budget of a manifest of so many bytes.
    pub(super) fn of(len: usize) -> Self {
        let budget = Self::default();
        budget.refill(len);
        budget
    }

    /// Begins again, for a manifest of so many bytes.
    pub(super) fn refill(&self, len: usize) {
        let left = len.saturating_mul(FACTOR).saturating_add(LEAST).min(MOST);
        self.left.store(left, Relaxed);
        self.short.store(false, Relaxed);
    }

    /// Takes so many bytes; false, and nothing taken, if fewer are left.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let left = self.left.load(Relaxed).checked_sub(bytes);
        match left {
            Some(left) => self.left.store(left, Relaxed),
            None => self.short.store(true, Relaxed),
        }
        left.is_some()
    }

    /// Whether more was asked for than there was.
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
