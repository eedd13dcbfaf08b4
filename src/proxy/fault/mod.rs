//! Faults by rule: everything a [`Plan`](crate::rules::Plan) can ask for, one file an effect.
//!
//! ```text
//!  fate ─▶ (asked) ─▶ fetch ─▶ range, replacement ─▶ detour ─▶ gatekeeper ─▶ head
//! ```
//!
//! A request without a plan meets none of it. Whatever takes place is told as an event, with the
//! byte of the body at which it struck.

mod answer;
mod befall;
mod corrupter;
mod date;
mod detour;
mod fate;
mod gate;
mod gatekeeper;
mod head;
mod manifest;
mod range;
mod redirect;
mod replacement;
mod teller;

pub(super) use answer::{answer, kept};
pub(super) use befall::befall;
pub(super) use detour::Detour;
pub(super) use fate::replaced;
pub(super) use gatekeeper::{Gatekeeper, Order};
pub(super) use head::{close, deface};
pub(super) use manifest::edit;
pub(super) use redirect::{hops, next_hop};
pub(super) use teller::Teller;
