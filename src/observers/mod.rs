//! Who watches: events become Prometheus families, an exact summary, an event log and log lines.
//!
//! Everything here is an [`Observer`](crate::event::Observer): it sees events and nothing else of
//! the data plane. [`Recorder`] counts for `/metrics`, [`Summary`] keeps exact quantiles for the
//! table at the end of a run, [`EventLog`] writes the ground truth as JSON lines, [`LogWriter`] tells
//! the log what a person wants to know, [`Feed`] tells the API's listeners what happens as it happens, [`Archive`]
//! keeps the last exchanges of each session for whoever asks for them as HAR.

mod error;
mod event_line;
mod event_log;
mod exchange;
mod exposition;
pub mod families;
mod feed;
mod har;
mod instruments;
mod labels;
mod narrator;
mod recorder;
mod report;
mod request_fields;
mod session_line;
mod starvation;
mod summary;
mod times;
mod zeros;

pub use error::MetricsError;
pub use event_log::{EventLog, EventsLost};
pub use exposition::CONTENT_TYPE;
pub use feed::{Feed, Notice, Subscription};
pub use har::Archive;
pub use narrator::{LogLine, LogWriter};
pub use recorder::Recorder;
pub use report::{Quantiles, Report, Stalls};
pub use session_line::SessionLine;
pub use summary::Summary;
