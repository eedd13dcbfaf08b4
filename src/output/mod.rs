//! Output that never makes the caller wait: bounded queues, a thread for each stream, and counts of losses.
//!
//! Standard error, standard output and files can block or fail at any time: an unread pipe, a full disk, a
//! reader that has exited. This must not affect requests.

mod destination;
mod fifo;
mod line_writer;
mod loss;
mod rotating;
mod unsent;

pub use crate::system::{standard_error, standard_output};
pub use destination::{open, open_to_append};
pub use line_writer::{LineWriter, Notices, Unwritten};
pub use loss::LossCounter;
pub use rotating::RotatingFile;
pub use unsent::{Stopped, Unsent};
