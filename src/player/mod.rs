//! The simulated player: a viewer of one presentation, as a pure function of time.
//!
//! Nothing in this module has a clock, a socket or an `async`. A [`Network`] says how long a download
//! takes; a [`Session`] turns that into buffer, playback and the next request; an [`Abr`] chooses the
//! rendition of each segment. The same session runs over any network: the proxy's link model, the
//! networks of published simulators, or real sockets.
//!
//! ```text
//!   Presentation ─▶ Session ─▶ Abr::choose ─▶ Network::download ─▶ Playback ─▶ Summary
//!                      ▲          (rung)         (time, bytes)      (buffer)
//!                      └──────────── Estimator ◀──────┘
//! ```
//!
//! # Units
//!
//! Times are milliseconds, sizes are bits, rates are bits per millisecond (= kbit/s), all `f64`, as in
//! the published simulators. Names say the unit where it is not one of these. A *rung* is the
//! 0-based index of a rendition in the ladder, from the lowest bitrate.

pub mod abr;
pub mod estimator;
pub mod network;
mod playback;
mod presentation;
mod replacement;
mod session;

pub use abr::{Abr, Choice, State};
pub use network::{CapacityChange, Download, Network, NeverEnds, Progress};
pub use playback::{Observer, Playback, Totals, WaitCause};
pub use presentation::{Presentation, PresentationError};
pub use replacement::Replacement;
pub use session::{EstimateError, FullBuffer, Session, SessionError, SessionPolicy, SessionReport};
