//! The toxics of one direction of a connection, one behind the other. No file here has a clock or a socket: time is an argument.
//!
//! ```text
//!   source ──▶ Queue ─▶ Slot ─▶ Queue ─▶ Slot ─▶ … ─▶ Queue ──▶ sink
//!                        └ Stage: latency, rate, cut …
//! ```
//!
//! A [`Slot`](slot::Slot) is one toxic on one connection, with the queue of bytes that wait for it. A stage moves
//! bytes to the next queue when they are due, and while that has room: so a sink that does not read stops the source.

mod chunk;
mod latency;
mod limit_data;
mod origin;
mod packet_loss;
mod profiled_link;
mod queue;
mod rate;
mod reset_peer;
mod shaped;
mod slicer;
mod slot;
mod slow_close;
mod stage;
mod timeout;
mod toxic_chain;

pub(super) use chunk::{Chunk, Ending};
pub(super) use origin::Origin;
pub(super) use shaped::link_time;
pub(super) use toxic_chain::Chain;
