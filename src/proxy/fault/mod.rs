//! Faults by rule: everything a [`Plan`](crate::rules::Plan) can ask for, one file an effect.
//!
//! ```text
//!  fate ─▶ (asked) ─▶ fetch ─▶ range, replacement ─▶ detour ─▶ gatekeeper ─▶ head
//! ```
//!
//! A request without a plan meets none of it. Whatever takes place is told as an event, with the
//! byte of the body at which it struck.

mod befall;
mod corrupter;
mod detour;
mod gate;
mod gatekeeper;
mod teller;

pub(super) use befall::befall;
pub(super) use detour::Detour;
pub(super) use gatekeeper::{Gatekeeper, Order};
pub(super) use teller::Teller;
