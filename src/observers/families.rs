//! The table of Prometheus metric families: name, help, unit, labels and buckets.
//!
//! Labels are bounded: no URLs and no session ids. Protocol, kind, media, outcome, action, effect and cause have a fixed
//! set of values; a status is one registered for HTTP, or its class (`4xx`); the first 64 profile names are labels, and
//! the rest are `other`.

use Shape::{Counter, Gauge, Histogram};
use std::fmt;

/// Times, in seconds: 5 ms to 60 s, with an edge at each common segment duration.
pub const SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 15.0, 30.0,
    60.0,
];

/// Throughputs, in bit/s: 100 kbit/s to 1 Gbit/s, densest at common bitrates of ladders.
pub const BITS_PER_SECOND: &[f64] = &[
    100e3, 200e3, 300e3, 500e3, 750e3, 1e6, 1.5e6, 2e6, 3e6, 5e6, 8e6, 12e6, 20e6, 35e6, 50e6,
    100e6, 200e6, 500e6, 1e9,
];

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Only increases.
    Counter,
    /// Increases and decreases.
    Gauge,
    /// Counts of observations up to each of these bounds.
    Histogram(&'static [f64]),
}

/// One family of metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Family {
    /// The name. It ends with the unit; that of a counter ends with `_total`.
    pub name: &'static str,
    /// The help text, one sentence.
    pub help: &'static str,
    /// The type.
    pub shape: Shape,
    /// The unit of samples.
    pub unit: &'static str,
    /// The label names, in order.
    pub labels: &'static [&'static str],
}

impl fmt::Display for Family {
    /// A row of a Markdown table: name, labels, shape, unit, help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = match self.shape {
            Counter => "counter",
            Gauge => "gauge",
            Histogram(_) => "histogram",
        };
        let labels = self.labels.join(", ");
        write!(f, "| `{}` | {labels} | {shape} | {} | {} |", self.name, self.unit, self.help)
    }
}

macro_rules! families {
    ($list:ident, $about:literal; $($constant:ident: $shape:expr, $unit:literal, $name:literal, [$($label:literal),*], $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Family = Family {
                name: $name,
                help: $help,
                shape: $shape,
                unit: $unit,
                labels: &[$($label),*],
            };
        )*

        #[doc = $about]
        pub const $list: &[Family] = &[$($constant),*];
    };
}

families! {
    ALL, "Every family that is always exported, in the order of the documentation.";
    BUILD_INFO: Gauge, "1", "vsps_build_info", ["version"],
        "Always 1; the label says which build this is.";
    SESSIONS_ACTIVE: Gauge, "sessions", "vsps_sessions_active", [],
        "Sessions that have started and not ended.";
    SESSIONS_STARTED: Counter, "sessions", "vsps_sessions_started_total", ["profile"],
        "Sessions started, by the profile they started with.";
    LINK_RATE: Gauge, "bit/s", "vsps_link_rate_bits_per_second", ["profile"],
        "Rate last put in force by a live command on a session of this profile; absent when it has no limit or the profile no session.";
    REQUESTS: Counter, "requests", "vsps_requests_total", ["protocol", "kind", "media", "status", "profile"],
        "Exchanges that are over, by the status answered (none: no answer was given).";
    RESPONSES: Counter, "responses", "vsps_responses_total", ["kind", "outcome", "profile"],
        "Exchanges that are over, by how they ended: a 200 may still be cut.";
    RESPONSE_BYTES: Counter, "bytes", "vsps_response_bytes_total", ["kind", "media", "profile"],
        "Body bytes handed to players.";
    REQUEST_DURATION: Histogram(SECONDS), "seconds", "vsps_request_duration_seconds", ["kind", "media", "profile"],
        "Request read to last body byte handed over, however it ended.";
    TTFB: Histogram(SECONDS), "seconds", "vsps_ttfb_seconds", ["kind", "media", "profile"],
        "Request read to first body byte handed over, of requests that were answered.";
    UPSTREAM_TTFB: Histogram(SECONDS), "seconds", "vsps_upstream_ttfb_seconds", ["kind"],
        "Request read to the origin's response headers, of requests that reached the origin; reloads and hinted parts, which it is asked to hold, don't count.";
    SEGMENT_DOWNLOAD: Histogram(SECONDS), "seconds", "vsps_segment_download_seconds", ["media", "profile"],
        "Request read to last byte of segments and parts that arrived whole.";
    SEGMENT_THROUGHPUT: Histogram(BITS_PER_SECOND), "bit/s", "vsps_segment_throughput_bits_per_second", ["media", "profile"],
        "Throughput as a player measures it: bits over the time from request to last byte, of whole segments and parts of at least 16 KiB.";
    SHAPER_WAIT: Histogram(SECONDS), "seconds", "vsps_shaper_wait_seconds", ["kind", "media", "profile"],
        "Time a body waited for the link (rate, stalls, losses).";
    STALLS: Histogram(SECONDS), "seconds", "vsps_stall_seconds", ["profile"],
        "Length of injected freezes of the link that found bytes waiting; whether the viewer rebuffered is in vsps_player_starvation_total.";
    DROPS: Counter, "drops", "vsps_drops_total", ["action"],
        "Packets dropped by the loss process, by what that did.";
    FAULTS: Counter, "faults", "vsps_faults_total", ["effect"],
        "Effects of rules that took place.";
    SCRIPT_ERRORS: Counter, "errors", "vsps_script_errors_total", ["function"],
        "Requests on which the script failed; it then had no effect on them.";
    COMMANDS: Counter, "commands", "vsps_commands_total", ["command"],
        "Commands that changed sessions: set, fault, disarm, undo, reset; revert is the end of a temporary change.";
    SWITCHES: Counter, "switches", "vsps_rendition_switches_total", ["direction"],
        "Moves of viewers to another rung, up or down.";
    RETRIES: Counter, "requests", "vsps_retries_total", ["kind"],
        "Init segments, segments, parts, keys and subtitles that a session asked for again; manifests and byte ranges of one file are asked for again by design and don't count.";
    PLAYER_BUFFER: Histogram(SECONDS), "seconds", "vsps_player_buffer_seconds", ["media", "profile"],
        "How much a player says it has buffered, as it asks (CMCD bl).";
    PLAYER_STARVATION: Counter, "times", "vsps_player_starvation_total", ["profile"],
        "How often viewers rebuffered, as players report it (CMCD bs, bsd); what one says with a request and posts again counts once.";
    PLAYER_REPORTS_IGNORED: Counter, "reports", "vsps_player_reports_ignored_total", ["reason"],
        "What players said and must not be used (CMCD of a version that is not known).";
    UPSTREAM_ERRORS: Counter, "errors", "vsps_upstream_errors_total", ["cause"],
        "Failures of the origin.";
    MANIFEST_ERRORS: Counter, "errors", "vsps_manifest_errors_total", ["protocol"],
        "Manifests that could not be read and passed through untouched.";
    LOG_LINES_DROPPED: Counter, "lines", "vsps_log_lines_dropped_total", [],
        "Log lines that standard error did not take: it was full, blocked or without a reader.";
    EVENTS_DROPPED: Counter, "events", "vsps_events_dropped_total", [],
        "Events that the file of --events did not take: it was full, blocked or without a reader.";
    MEMORY_BUDGET: Gauge, "bytes", "vsps_memory_budget_bytes", [],
        "The most that may be held for clients (--memory-budget).";
    MEMORY_USED: Gauge, "bytes", "vsps_memory_used_bytes", ["part"],
        "What is held for clients: learnt manifests, bytes that coalesce rules hold back, what responses in streams of HTTP/2 and HTTP/3 may hold until they are read, edited manifests that are not sent yet, long heads of requests, and responses of HTTP/1.1 whose players do not read.";
    MEMORY_REFUSALS: Counter, "refusals", "vsps_memory_refusals_total", ["part"],
        "Times that no memory was given, since the budget or a client's share was used up: the request got 503, held bytes were passed on early, or a connection of HTTP/1.1 was closed, whose head was long or whose player did not read.";
    MANIFESTS_FORGOTTEN: Counter, "sessions", "vsps_manifests_forgotten_total", [],
        "Idle sessions whose learnt manifests were dropped, since the memory budget was used up.";
    STREAMS_RESET: Counter, "streams", "vsps_streams_reset_total", ["reason"],
        "Streams of HTTP/2 and HTTP/3, and connections of HTTP/1.1, that were reset because their player did not read: for too long (unread), or while the memory budget was used up (memory).";
    STATE_LOSSES: Counter, "losses", "vsps_state_losses_total", [],
        "Times that the store of --state had lost its data, or was started again, and this replica wrote its sessions into it again.";
    STATE_RESTORED: Counter, "sessions", "vsps_state_restored_sessions_total", [],
        "Sessions that this replica wrote into the store of --state again.";
}

families! {
    OF_SESSIONS, "The families of single sessions, with a label `session`: only with `--session-metrics`.";
    SESSION_INFO: Gauge, "1", "vsps_session_info", ["session", "label", "profile"],
        "Always 1; the labels say which session it is.";
    SESSION_REQUESTS: Counter, "requests", "vsps_session_requests_total", ["session"],
        "Exchanges of the session that are over.";
    SESSION_DELIVERED_BYTES: Counter, "bytes", "vsps_session_delivered_bytes_total", ["session"],
        "Body bytes handed to the player.";
    SESSION_LINK_RATE: Gauge, "bit/s", "vsps_session_link_rate_bits_per_second", ["session"],
        "Rate of the link in the last half second in which requests were under way; absent when it has no limit.";
    SESSION_BUFFER: Gauge, "seconds", "vsps_session_buffer_seconds", ["session"],
        "Buffer of the player: as it reports it (CMCD bl), or else as estimated from media times.";
    SESSION_RUNG: Gauge, "1", "vsps_session_rung", ["session", "media"],
        "Position on the ladder of the segment requested last; 1 is the lowest.";
    SESSION_REBUFFERS: Counter, "times", "vsps_session_rebuffers_total", ["session"],
        "Rebufferings: as the player reports them (CMCD bs, bsd), or else as estimated.";
    SESSION_SWITCHES: Counter, "switches", "vsps_session_switches_total", ["session", "direction"],
        "Moves of the player to another rung.";
}
