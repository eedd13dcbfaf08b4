//! Counters that exist from the start: a rate or an alert over a counter misses its first event when
//! the counter appears with it.

use super::instruments::Instruments;
use prometheus::IntCounterVec;

/// What a drop does, as in `OnDrop::as_str`.
const DROPS: &[&str] = &["retransmit", "truncate", "reset", "corrupt"];
/// Slots of a plan, how a cut ends, and edits of manifests.
const EFFECTS: &[&str] = &[
    "bad-chunk",
    "bandwidth",
    "body",
    "close",
    "coalesce",
    "cors",
    "corrupt",
    "date-skew",
    "delay",
    "discontinuity",
    "drip",
    "drop-rungs",
    "durations",
    "empty",
    "endlist",
    "framing",
    "freeze",
    "gap",
    "go-back",
    "goaway",
    "hang",
    "headers",
    "host",
    "keep-errors",
    "lag",
    "preload-hint",
    "profile",
    "publish-time",
    "range",
    "rate",
    "redirect",
    "refuse",
    "reload",
    "rendition-report",
    "reset",
    "resolution",
    "silence",
    "skip",
    "stall",
    "status",
    "strip",
    "truncate",
    "utc-timing",
];
const SCRIPT_FUNCTIONS: &[&str] = &["on_session", "on_request", "on_manifest", "on_response"];
const COMMANDS: &[&str] = &["set", "fault", "disarm", "undo", "reset", "revert"];
const DIRECTIONS: &[&str] = &["up", "down"];
/// What `labels::is_retry` counts.
const RETRIED: &[&str] = &["init", "segment", "part", "key", "subtitle"];
const IGNORED_REPORTS: &[&str] = &["version"];
const UPSTREAM_CAUSES: &[&str] = &[
    "dns",
    "connect",
    "tls",
    "connect-timeout",
    "first-byte-timeout",
    "reset",
    "closed",
    "garbage",
    "other",
];
const PROTOCOLS: &[&str] = &["hls", "dash", "smooth"];

/// Shows every counter whose labels are known beforehand as zero.
pub(super) fn show(to: &Instruments) {
    let known: [(&IntCounterVec, &[&str]); 9] = [
        (&to.drops, DROPS),
        (&to.faults, EFFECTS),
        (&to.script_errors, SCRIPT_FUNCTIONS),
        (&to.commands, COMMANDS),
        (&to.switches, DIRECTIONS),
        (&to.retries, RETRIED),
        (&to.player_reports_ignored, IGNORED_REPORTS),
        (&to.upstream_errors, UPSTREAM_CAUSES),
        (&to.manifest_errors, PROTOCOLS),
    ];
    for (counters, labels) in known {
        for label in labels {
            counters.with_label_values(&[*label]);
        }
    }
}

/// Shows the counters and stalls of sessions on `profile` as zero.
pub(super) fn show_profile(to: &Instruments, profile: &str) {
    to.sessions_started.with_label_values(&[profile]);
    to.player_starvation.with_label_values(&[profile]);
    to.stalls.with_label_values(&[profile]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Plan;

    /// A cut is counted by how it ends, an edit of a manifest by its kind.
    #[test]
    fn every_effect_has_its_counter() {
        let by_kind = |slot: &&&str| !matches!(**slot, "cut" | "manifest");
        for slot in Plan::SLOTS.iter().filter(by_kind) {
            assert!(EFFECTS.contains(slot), "`{slot}` is not among EFFECTS");
        }
    }
}
