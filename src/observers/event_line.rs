//! An event as one line of JSON. What was measured by a clock is under `measured`; the rest is the same in a replay.

use super::request_fields::{ArrivalFields, RequestFields, arrival, ms, request_fields};
use crate::clock::Timestamp;
use crate::event::{Event, Measured, RequestTag, SessionTag};
// Only this file of the module names the types of an event's fields, since a line has the same fields.
use crate::{
    rules::{Hang, Plan, Planned, ScriptFailure},
    units::BitRate,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// One line of the event log. Field names are stable: tools read them.
#[derive(Serialize)]
pub(super) struct EventLine<'a> {
    event: &'static str,
    session: &'a str,
    ordinal: u64,
    #[serde(flatten)]
    request: Option<RequestFields<'a>>,
    #[serde(flatten)]
    fields: Fields<'a>,
    measured: MeasuredFields<'a>,
}

/// The fields of each kind of event.
#[derive(Serialize)]
#[serde(untagged)]
enum Fields<'a> {
    SessionStarted {
        profile: &'a str,
        rate_bps: Option<u64>,
        seed: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        label: Option<&'a str>,
    },
    SessionEnded {
        profile: &'a str,
    },
    LinkChanged {
        profile: &'a str,
        rate_bps: Option<u64>,
    },
    CommandApplied {
        kind: &'static str,
        command: &'a str,
    },
    LinkSampled {
        at_ms: f64,
        delivered: u64,
        granted: Option<u64>,
    },
    BufferMeasured {
        at_ms: f64,
        buffer_ms: f64,
    },
    RequestPlanned {
        latency_ms: f64,
        plan: Box<PlanFields<'a>>,
    },
    /// All values are measured by the player: see `measured`.
    PlayerReported {},
    PlayerReportIgnored {
        reason: &'static str,
    },
    FaultInjected {
        rule: &'a str,
        effect: &'a str,
        at_byte: Option<u64>,
    },
    Dropped {
        action: &'static str,
        at_byte: u64,
    },
    Stalled {
        at_ms: f64,
        lasts_ms: f64,
    },
    RenditionSwitched {
        media: &'static str,
        from: u16,
        to: u16,
    },
    UpstreamFailed {
        cause: &'a str,
    },
    ManifestUnread {
        problem: &'a str,
    },
    ScriptFailed {
        function: &'static str,
        line: Option<usize>,
        column: Option<usize>,
        problem: &'a str,
    },
    RequestFinished {
        status: u16,
        outcome: &'static str,
        bytes: u64,
    },
}

/// The plan of rules and script.
#[derive(Serialize, Default)]
pub(super) struct PlanFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<Effect<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hang: Option<Effect<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Effect<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<Effect<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<Effect<'a>>,
    /// All other effects by name, as text.
    #[serde(flatten)]
    others: BTreeMap<&'static str, Vec<EffectText<'a>>>,
}

#[derive(Serialize)]
struct EffectText<'a> {
    rule: &'a str,
    effect: String,
}

#[derive(Serialize)]
struct Effect<'a> {
    rule: &'a str,
    #[serde(flatten)]
    effect: EffectFields,
}

#[derive(Serialize)]
#[serde(untagged)]
enum EffectFields {
    /// A delay or a hang; `null` = without end.
    Time {
        ms: Option<f64>,
    },
    Status {
        status: u16,
    },
    Rate {
        bps: u64,
    },
    Cut {
        /// `null` = it depends on the length of the body, or on time.
        at_byte: Option<u64>,
        at: String,
        ending: &'static str,
        length: &'static str,
    },
}

/// The fields that differ between two runs with the same seed.
#[derive(Serialize)]
struct MeasuredFields<'a> {
    /// When the event was emitted, in microseconds since 1970.
    at_unix_us: u64,
    #[serde(flatten)]
    exchange: Option<ExchangeTimes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lasted_ms: Option<f64>,
    #[serde(flatten)]
    player: Option<PlayerFields>,
    #[serde(flatten)]
    arrival: Option<ArrivalFields<'a>>,
}

/// What a player reported.
#[derive(Serialize)]
struct PlayerFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    buffer_ms: Option<f64>,
    starved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_throughput_bps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured_throughput_bps: Option<u64>,
}

#[derive(Serialize)]
struct ExchangeTimes {
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_ttfb_ms: Option<f64>,
    ttfb_ms: f64,
    total_ms: f64,
    shaper_wait_ms: f64,
    origin_wait_ms: f64,
    rule_wait_ms: f64,
}

impl<'a> EventLine<'a> {
    /// The event's name.
    pub(super) const fn name(&self) -> &'static str {
        self.event
    }

    /// The line of `event`, which was emitted at the time `at`.
    pub(super) fn new(event: &'a Event, at: Timestamp) -> Self {
        let at_unix_us = unix_micros(at);
        let (session, request) = subject(event);
        let (name, fields) = name_and_fields(event);
        let (exchange, lasted_ms) = match event {
            Event::RequestFinished { measured, .. } => (Some(times(measured)), None),
            Event::SessionEnded { lasted, .. } => (None, Some(ms(*lasted))),
            _ => (None, None),
        };
        let player = match event {
            Event::PlayerReported { report, .. } => Some(PlayerFields {
                buffer_ms: report.buffer.map(ms),
                starved: report.starved,
                requested_throughput_bps: report.requested_throughput.map(BitRate::bits_per_second),
                measured_throughput_bps: report.measured_throughput.map(BitRate::bits_per_second),
            }),
            _ => None,
        };
        let arrival = match event {
            Event::RequestPlanned { request, .. } => Some(arrival(&request.details)),
            _ => None,
        };
        Self {
            event: name,
            session: &session.id,
            ordinal: session.ordinal,
            request: request.map(request_fields),
            fields,
            measured: MeasuredFields { at_unix_us, exchange, lasted_ms, player, arrival },
        }
    }
}

/// `at` in microseconds since 1970.
pub(super) fn unix_micros(at: Timestamp) -> u64 {
    u64::try_from(at.unix.since_zero().as_micros()).unwrap_or(u64::MAX)
}

/// The session of `event`, and the request if it is about one.
pub(super) fn subject(event: &Event) -> (&SessionTag, Option<&RequestTag>) {
    match event {
        Event::SessionStarted { session, .. }
        | Event::SessionEnded { session, .. }
        | Event::LinkChanged { session, .. }
        | Event::CommandApplied { session, .. }
        | Event::LinkSampled { session, .. }
        | Event::BufferMeasured { session, .. }
        | Event::Stalled { session, .. }
        | Event::RenditionSwitched { session, .. } => (session, None),
        Event::RequestPlanned { request, .. }
        | Event::PlayerReported { request, .. }
        | Event::PlayerReportIgnored { request, .. }
        | Event::FaultInjected { request, .. }
        | Event::Dropped { request, .. }
        | Event::UpstreamFailed { request, .. }
        | Event::ManifestUnread { request, .. }
        | Event::ScriptFailed { request, .. }
        | Event::RequestFinished { request, .. } => (&request.session, Some(request)),
    }
}

fn name_and_fields(event: &Event) -> (&'static str, Fields<'_>) {
    match event {
        Event::SessionStarted { session, profile, rate } => {
            let (seed, label) = (session.seed, session.label.as_deref());
            let rate_bps = rate.map(BitRate::bits_per_second);
            ("session_started", Fields::SessionStarted { profile, rate_bps, seed, label })
        }
        Event::SessionEnded { profile, .. } => ("session_ended", Fields::SessionEnded { profile }),
        Event::LinkChanged { profile, rate, .. } => {
            let rate_bps = rate.map(BitRate::bits_per_second);
            ("link_changed", Fields::LinkChanged { profile, rate_bps })
        }
        Event::CommandApplied { kind, command, .. } => {
            ("command_applied", Fields::CommandApplied { kind, command })
        }
        Event::LinkSampled { at, delivered, granted, .. } => {
            let (at_ms, delivered, granted) = (ms(at.since_zero()), *delivered, *granted);
            ("link_sampled", Fields::LinkSampled { at_ms, delivered, granted })
        }
        Event::BufferMeasured { at, buffer, .. } => {
            let (at_ms, buffer_ms) = (ms(at.since_zero()), ms(*buffer));
            ("buffer_measured", Fields::BufferMeasured { at_ms, buffer_ms })
        }
        Event::RequestPlanned { latency, plan, .. } => {
            let (latency_ms, plan) =
                (ms(*latency), Box::new(plan.as_deref().map(plan_fields).unwrap_or_default()));
            ("request_planned", Fields::RequestPlanned { latency_ms, plan })
        }
        Event::PlayerReported { .. } => ("player_reported", Fields::PlayerReported {}),
        Event::PlayerReportIgnored { reason, .. } => {
            ("player_report_ignored", Fields::PlayerReportIgnored { reason })
        }
        Event::FaultInjected { rule, effect, at_byte, .. } => {
            ("fault_injected", Fields::FaultInjected { rule, effect, at_byte: *at_byte })
        }
        Event::Dropped { action, at_byte, .. } => {
            ("dropped", Fields::Dropped { action: action.as_str(), at_byte: *at_byte })
        }
        Event::Stalled { at, lasts, .. } => {
            ("stalled", Fields::Stalled { at_ms: ms(at.since_zero()), lasts_ms: ms(*lasts) })
        }
        Event::RenditionSwitched { media, from, to, .. } => {
            let (media, from, to) = (media.as_str(), *from, *to);
            ("rendition_switched", Fields::RenditionSwitched { media, from, to })
        }
        Event::UpstreamFailed { cause, .. } => {
            ("upstream_failed", Fields::UpstreamFailed { cause })
        }
        Event::ManifestUnread { problem, .. } => {
            ("manifest_unread", Fields::ManifestUnread { problem })
        }
        Event::ScriptFailed { failure, .. } => {
            let ScriptFailure { function, line, column, problem } = failure;
            let (line, column) = (*line, *column);
            ("script_failed", Fields::ScriptFailed { function, line, column, problem })
        }
        Event::RequestFinished { status, outcome, bytes, .. } => {
            let (status, outcome, bytes) = (*status, outcome.as_str(), *bytes);
            ("request_finished", Fields::RequestFinished { status, outcome, bytes })
        }
    }
}

pub(super) fn plan_fields(plan: &Plan) -> PlanFields<'_> {
    PlanFields {
        delay: effect(plan.delay.as_ref(), |delay| EffectFields::Time { ms: Some(ms(*delay)) }),
        hang: effect(plan.hang.as_ref(), |hang| match hang {
            Hang::For(time) => EffectFields::Time { ms: Some(ms(*time)) },
            Hang::Forever => EffectFields::Time { ms: None },
        }),
        status: effect(plan.status.as_ref(), |status| EffectFields::Status { status: status.code }),
        rate: effect(plan.rate.as_ref(), |rate| EffectFields::Rate { bps: rate.bits_per_second() }),
        cut: effect(plan.cut.as_ref(), |cut| EffectFields::Cut {
            at_byte: cut.at.offset(None),
            at: cut.at.to_string(),
            ending: cut.ending.as_str(),
            length: cut.length.as_str(),
        }),
        others: others(plan),
    }
}

/// The effects that have no field of their own.
fn others(plan: &Plan) -> BTreeMap<&'static str, Vec<EffectText<'_>>> {
    let mut others = BTreeMap::<_, Vec<_>>::new();
    for (name, rule, effect) in plan.effects() {
        if !matches!(name, "delay" | "hang" | "status" | "rate" | "cut") {
            others.entry(name).or_default().push(EffectText { rule, effect });
        }
    }
    others
}

fn effect<T>(planned: Option<&Planned<T>>, to: impl Fn(&T) -> EffectFields) -> Option<Effect<'_>> {
    planned.map(|planned| Effect { rule: &planned.rule, effect: to(&planned.effect) })
}

fn times(measured: &Measured) -> ExchangeTimes {
    ExchangeTimes {
        upstream_ttfb_ms: measured.upstream_ttfb.map(ms),
        ttfb_ms: ms(measured.ttfb),
        total_ms: ms(measured.total),
        shaper_wait_ms: ms(measured.shaper_wait),
        origin_wait_ms: ms(measured.origin_wait),
        rule_wait_ms: ms(measured.rule_wait),
    }
}
