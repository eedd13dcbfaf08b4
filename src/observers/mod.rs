//! Observers: turn events into Prometheus metrics, a summary, an event log, log lines, an event stream and HAR.
//!
//! Everything here is an [`Observer`](crate::event::Observer): it receives events and has no other access to the
//! data plane. [`Recorder`] counts for `/metrics`, [`Summary`] keeps quantiles for the table at the end of a run,
//! [`EventLog`] writes every event as a line of JSON, [`LogWriter`] writes log lines, [`Feed`] streams events to
//! clients of the API, [`Analytics`] keeps the timeline and the quality of experience of each session.

mod access_log;
mod archive;
mod error;
mod event_line;
mod event_log;
mod exchange;
mod exemplars;
mod exposition;
pub mod families;
mod family_lines;
mod feed;
mod har;
mod instruments;
mod journal;
mod labels;
mod log_writer;
mod memory;
mod openmetrics;
mod qoe;
mod recorder;
mod report;
mod request_fields;
mod series;
mod session_line;
mod starvation;
mod summary;
mod tally;
mod times;
mod zeros;

pub use error::MetricsError;
pub use event_log::{EventLog, EventsLost};
pub use exposition::Exposition;
pub use feed::{Feed, Notice, Subscription};
pub use log_writer::{LogLine, LogWriter};
pub use qoe::{Analytics, Brief, Moment};
pub use recorder::Recorder;
pub use report::{Quantiles, Report, Stalls};
pub use session_line::SessionLine;
pub use summary::Summary;
