//! Recorded networks: a trace file becomes steps of a schedule. One file a format.
//!
//! | format | a line is |
//! |---|---|
//! | `mahimahi` | a millisecond at which 1500 bytes may leave; counted in bins (10 ms unless told otherwise) |
//! | `sabre` | JSON: a list of `{"duration_ms", "bandwidth_kbps"}` (or `{"duration", "speed"}`, in s and kbit/s) |
//! | `pensieve` | seconds, Mbit/s; the rate is that of the time since the line before |
//! | `list` | `RATExSECONDS` in kbit/s and s, as in `1200x30`; commas or lines between |
//! | `csv` | columns with names; the rate holds until the next line's time |
//! | `log` | six columns (Riiser's HSDPA, Ghent's LTE): the fifth is bytes, the sixth ms since the line before |
//!
//! Files are read as a stream: what is held is the steps, and a trace of over 8 million (8,388,608)
//! is refused as soon as it has been read so far.

mod csv;
mod error;
mod figures;
mod format;
mod lines;
mod list;
mod log;
mod mahimahi;
mod pensieve;
mod read;
mod recorded;
mod sabre;
mod values;

pub use error::TraceError;
pub use figures::Figures;
pub use format::{RateUnit, TimeUnit, TraceFormat, TraceOptions};
pub use list::write as write_list;
pub use read::read;
pub(super) use values::read_values;
