//! Output that never makes its writer wait: bounded queues, a thread for each stream, and counts of what was lost.
//!
//! Standard error, standard output and files can block or fail at any time: a pipe that nobody reads, a full disk,
//! a reader that is gone. None of that may reach a request.

mod destination;
mod fifo;
mod line_writer;
mod loss;
mod unsent;

pub use destination::{open, standard_error, standard_output};
pub use line_writer::{LineWriter, Notices, Unwritten};
pub use loss::LossCounter;
pub use unsent::{Stopped, Unsent};
