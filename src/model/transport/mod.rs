//! The TCP model: how much of a response may be in flight at once.
//!
//! A [`Transport`] is the sending side of one TCP connection of the player, shared by the responses sent over
//! it. It is between a [`ResponseShaper`] and its [`Link`]: a byte is *sent* when the congestion window has room, waits
//! its turn in the bottleneck's queue, *leaves* it when the link says so, and frees its place in the window one
//! round trip after that. So the window's clock runs at base round trip + queueing delay, and a queue that is
//! always full (bufferbloat) delays every response on the link.
//!
//! ```text
//!   Transport  one TCP connection
//!    ├─ Window      how much may be in flight: slow start, CUBIC
//!    │   └─ Cubic      growth after a cut (RFC 9438)
//!    ├─ RoundTrip   smoothed round trip and time-out (RFC 6298)
//!    ├─ Segment…    what is in flight: queued at the bottleneck, then waiting for its ACK
//!    ├─ Gaps        lost bytes that delay those behind them until they are sent again
//!    ├─ Losses      which packets are lost, where losses come in bursts
//!    └─ Shares      whose turn it is, if several responses share the connection (HTTP/2)
//!   Stream     one response on it
//! ```
//!
//! # What is modelled
//!
//! | what | as in |
//! |---|---|
//! | initial window of 10 segments (14,480 bytes) | RFC 6928 |
//! | slow start: the window grows by what is acknowledged | RFC 5681 §3.1, RFC 3465 |
//! | no growth while the response, not the window, is the limit | RFC 7661, Linux's `is_cwnd_limited` |
//! | CUBIC: C 0.4, β 0.7, Reno-friendly region, fast convergence | RFC 9438, Linux |
//! | one cut for all losses of a flight | RFC 6675, RFC 9438 §4.6 |
//! | a lost segment arrives a round trip late, and delays all behind it on its connection | RFC 5681 §3.2 |
//! | nothing sent behind the lost segment: the time-out, then a window of one segment | RFC 6298, RFC 9438 §4.8 |
//! | time-out: srtt + max(4·rttvar, 200 ms) | RFC 6298, Linux's `tcp_rto_min` |
//! | idle for longer than the time-out: back to the initial window | RFC 5681 §4.1, Linux's `tcp_slow_start_after_idle` |
//! | a drop-tail queue at the bottleneck, shared by the session, or one for each connection, served fairly; overflow is a loss | RFC 8290, without CoDel |
//! | a window of at most 6 MiB | Linux's `tcp_rmem` |
//!
//! A stall of the link is not a loss: a sender notices that its time-out was spurious (F-RTO, RFC 5682) and
//! takes the cut back.
//!
//! [`ResponseShaper`]: super::ResponseShaper
//! [`Link`]: super::Link

mod connection;
mod cubic;
mod gaps;
mod losses;
#[cfg(test)]
mod response_function;
mod round_trip;
mod shares;
mod spec;
mod stream;
mod window;

pub use connection::Transport;
pub use spec::{QueueSize, TransportSpec};
pub(super) use stream::Stream;
