//! The core: a moment and some bytes in, a verdict out.
//!
//! Nothing in this room has a clock, a socket or an `async`: time is an argument, a [`Duration`]
//! since the link's time zero. So the same link shapes real responses in real time and benchmarks
//! ABR rules in virtual time.
//!
//! [`Duration`]: std::time::Duration

mod distribution;
mod spec;

pub use distribution::Distribution;
pub use spec::{
    Latency, LinkSpec, LossModel, LossSpec, Markov, OnDrop, RateSpec, SpecError, StallSpec, State,
    Step, Steps,
};
