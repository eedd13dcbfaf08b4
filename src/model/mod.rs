//! The network model. Input: a time and a number of bytes. Output: a [`Verdict`].
//!
//! No module here has a clock, a socket or an `async`: time is an argument, a [`LinkTime`]. So the same link shapes real responses in real time and benchmarks ABR rules in virtual time.
//!
//! ```text
//!   LinkSpec ──▶ Link  one direction of one session, shared by its responses
//!                 ├─ Capacity   bytes the link could have carried: the integral of the schedule, zero in stalls
//!                 │   ├─ Schedule   rate over time: pieces, constant or sloped
//!                 │   └─ Stalls     when it carries nothing
//!                 ├─ Bucket     GCRA over that capacity
//!                 └─ FairQueue  whose bytes are sent next, if each connection has its own queue
//!      ResponseShaper  one response: is polled with bytes, returns a Verdict
//!                 ├─ Loss       which of its packets are lost
//!                 └─ Limits     rates beside that of the link
//!   SessionRoundRobin  whose turn it is among the responses of a session, on a shared link
//!           Transport  one TCP connection: how much of its responses may be in flight at once
//!          LinkAccess  what a response shares with others, borrowed for one poll
//! ```
//!
//! [`LinkTime`]: crate::units::LinkTime

mod bottleneck;
mod bucket;
mod capacity;
mod distribution;
mod fair_queue;
mod interruptions;
mod latency;
mod lateness;
mod link;
mod link_access;
mod lone;
mod loss;
mod markov;
mod on_off;
mod piece;
mod private_link;
mod processor_sharing;
mod rate_spec;
mod relative;
mod response_shaper;
mod round_trips;
mod schedule;
mod session_round_robin;
mod spec;
mod spec_error;
mod stall;
mod steps;
mod timeline;
mod transport;
mod verdict;
mod waves;

pub use bottleneck::Sharing;
pub use bucket::{Position, Release};
pub use distribution::Distribution;
pub use interruptions::Interruptions;
pub use latency::{DoneHandshake, Handshake, Latency, Path};
pub use link::Link;
pub use link_access::LinkAccess;
pub use lone::{Lone, LoneEnd, LoneWatch};
pub use loss::PACKET;
pub use markov::{Markov, State};
pub use on_off::OnOff;
pub use processor_sharing::{ProcessorSharing, ShareEnd};
pub use rate_spec::{RateSpec, Times, WHOLE};
pub use relative::{RelativeRate, RelativeSteps};
pub use response_shaper::{ResponseLimit, ResponseShaper};
pub use round_trips::RoundTrips;
pub use session_round_robin::SessionRoundRobin;
pub use spec::{Count, FourState, Gap, LinkSpec, LossModel, LossSpec, OnDrop, StallSpec};
pub use spec_error::SpecError;
pub use stall::Stall;
pub use steps::{Ramp, Step, Steps, Trace};
pub use timeline::Start;
pub use transport::{QueueSize, Transport, TransportSpec};
pub use verdict::Verdict;
pub use waves::{Shape, Wave, Waves};
