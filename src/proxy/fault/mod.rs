//! Faults set by rules: applies every effect of a [`Plan`](crate::rules::Plan), one file per effect.
//!
//! ```text
//!  short circuit ─▶ changed request ─▶ fetch ─▶ range, replacement ─▶ corrupt ─▶ coalesce ─▶ gate ─▶ head
//! ```
//!
//! A request without a plan skips all of it. Every applied effect is emitted as an event, with the byte of the body
//! at which it was applied.

mod answer;
mod body_faults;
mod body_gate;
mod coalesced_body;
mod corrupted_body;
mod corruption;
mod date;
mod fault_reporter;
mod faulted_body;
mod gate_schedule;
mod header_faults;
mod manifest;
mod range_fault;
mod redirect;
mod replacement;
mod short_circuit;

pub(super) use answer::{answer, stored_error};
pub(super) use body_faults::apply_body_faults;
pub(super) use body_gate::{BodyGate, Order};
pub(super) use date::http_date;
pub(super) use fault_reporter::FaultReporter;
pub(super) use faulted_body::FaultedBody;
pub(super) use header_faults::{apply_header_faults, close};
pub(super) use manifest::edit;
pub(super) use redirect::{hops, next_hop};
pub(super) use short_circuit::status_response;
