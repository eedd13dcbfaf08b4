//! The simulated player: a viewer of one presentation, as a pure function of time.
//!
//! Nothing in this module has a clock, a socket or an `async`, but for [`fetch`], which plays over HTTP in
//! real time. A [`Network`] says how long a download
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
mod assertion;
mod attempts;
mod audio_buffer;
mod audio_stream;
mod buffer_growth;
mod catch_up;
mod discard;
mod estimate_error;
pub mod estimator;
mod failure;
pub mod fetch;
mod known_requests;
pub mod network;
mod playback;
mod playout;
mod presentation;
mod preset;
mod qoe;
mod rate_control;
mod replacement;
mod request_policy;
mod resolution;
mod return_point;
mod scheduling;
mod session;
mod session_error;
mod session_policy;
mod session_report;
mod setup;

pub use crate::qoe::Qoe;
pub use abr::{Abr, Choice, State};
pub use assertion::{Assertion, AssertionError, Unmet};
pub use attempts::Attempts;
pub use audio_stream::AudioTotals;
pub use buffer_growth::BufferGrowth;
pub use catch_up::CatchUp;
pub use discard::Discard;
pub use estimate_error::EstimateError;
pub use failure::Failure;
pub use known_requests::{KnownRequest, KnownRequests, ReadManifest};
pub use network::{CapacityChange, Concurrent, Download, Network, NeverEnds, Progress};
pub use playback::{Observer, Playback, Totals, WaitCause};
pub use playout::{
    BufferedSegment, LiveCatchUp, Playout, PlayoutPolicy, PlayoutState, PlayoutTotals,
};
pub use presentation::{Presentation, PresentationError};
pub use preset::{PlayerPreset, preset};
pub use qoe::DownloadTotals;
pub use rate_control::{OwnedRateControl, RateControl};
pub use replacement::Replacement;
pub use request_policy::{BackOff, RequestPolicy, Retries};
pub use resolution::presumed_resolution;
pub use return_point::ReturnPoint;
pub use scheduling::{AudioTurn, Scheduling, StreamPlaces};
pub use session::Session;
pub use session_error::SessionError;
pub use session_policy::{Abandoning, FullBuffer, SessionPolicy};
pub use session_report::{FailedRequests, SessionReport};
pub use setup::{Setup, SetupRequest};
