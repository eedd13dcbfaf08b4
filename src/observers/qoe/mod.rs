//! Analytics of each session: what happened when, and the quality of experience.
//!
//! It is made from events only. [`Analytics`] keeps a bounded record of each session, also for a while after its end.

mod analytics;
mod bins;
mod figures;
mod marks;
mod playback;
mod points;
mod qoe_view;
mod rebufferings;
mod record;
mod reports;
mod request_view;
mod retries;
mod run_file;
mod session_metrics;
mod session_view;
mod shown;
mod stream;
mod switches;
mod timeline;
mod totals;

pub use analytics::{Analytics, Brief, Moment};
