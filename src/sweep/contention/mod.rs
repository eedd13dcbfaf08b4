//! Several players on one link, in virtual time.

mod arbiter;
mod fairness;
mod shared_carrier;

pub use arbiter::Arbiter;
pub use fairness::jain;
pub use shared_carrier::SharedCarrier;
