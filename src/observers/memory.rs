//! What is held for clients, in the metrics.

use super::instruments::Instruments;
use crate::memory::{MemoryBudget, Part, ResetReason};
use prometheus::IntCounter;

/// Brings the metrics up to what `memory` counts.
pub(super) fn show(to: &Instruments, memory: &MemoryBudget) {
    let gauge = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    to.memory_budget.set(gauge(memory.most()));
    for part in Part::ALL {
        let label = [part.as_str()];
        to.memory_used.with_label_values(&label).set(gauge(memory.used(part)));
        count(&to.memory_refusals.with_label_values(&label), memory.refused(part));
    }
    for reason in ResetReason::ALL {
        count(&to.streams_reset.with_label_values(&[reason.as_str()]), memory.resets(reason));
    }
    count(&to.manifests_forgotten, memory.forgotten());
}

fn count(shown: &IntCounter, counted: u64) {
    shown.inc_by(counted.saturating_sub(shown.get()));
}
