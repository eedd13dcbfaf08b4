//! The player over HTTP, in real time.
//!
//! What is decided is decided by the pure parts of [`player`](super): [`RateControl`](super::RateControl)
//! chooses, [`Playout`](super::Playout) plays. Here are a clock, requests, and the reload of live
//! manifests. This folder alone in `player` has `async`; it reaches a proxy only by its URL.

mod adaptive;
mod clock;
mod cmcd;
mod cmcd_events;
mod error;
mod feed;
mod http;
mod ladder;
mod ladder_sizes;
mod paced_stream;
mod play;
mod purpose;
mod requester;
mod stream;
mod trust;
mod viewing;

pub use cmcd::CmcdOptions;
pub use error::{FetchError, PlayError};
pub use ladder_sizes::{LadderSizes, learn_ladder};
pub use play::{Controls, Ending, MakeControls, Outcome, PlayOptions, play};
pub use trust::Trust;
pub use viewing::{Monitor, PlayerView};
