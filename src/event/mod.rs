//! Events: everything that observers (metrics, logs, API) see of the data plane.
//!
//! Events are plain data. The values of a *reproducible* event derive from the seed and the requests alone. Measured
//! times are separate, in [`Measured`], so that the logs of two runs with the same seed can be compared. The time of
//! an event is not part of it: the [`Bus`] adds it.

mod bus;
#[expect(clippy::module_inception, reason = "the folder is named for its main type")]
mod event;
mod outcome;
mod request_tag;

pub use bus::{Bus, Emitted, Observer};
pub use event::Event;
pub use outcome::{Measured, Outcome};
pub use request_tag::{RequestDetails, RequestTag, SessionTag};
