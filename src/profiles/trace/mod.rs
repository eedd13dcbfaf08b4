//! Recorded networks: a trace file becomes steps of a schedule. One file a format.
//!
//! | format | a line is |
//! |---|---|
//! | `mahimahi` | a millisecond at which 1500 bytes may leave; counted in bins (10 ms unless told otherwise) |
//! | `sabre` | JSON: a list of `{"duration_ms", "bandwidth_kbps"}` (or `{"duration", "speed"}`, in s and kbit/s), and maybe `latency_ms` |
//! | `pensieve` | seconds, Mbit/s; the rate is that of the time since the line before |
//! | `list` | `RATExSECONDS` in kbit/s and s, as in `1200x30`; commas or lines between |
//! | `csv` | columns, with names or without; the rate holds until the next line's time, and lines of one time are averaged |
//! | `iperf` | what iperf 2 and 3 print, as text or JSON: an interval and its rate; streams are summed, omitted intervals left out |
//! | `log` | six columns (Riiser's HSDPA, Ghent's LTE): the fifth is bytes, the sixth ms since the line before |
//!
//! Units are told by their spelling, in headers and beside values: `kbps`, `Mbits/sec`, `KB/s`, `MiB/s`. An
//! option that a format has no use for is refused.
//!
//! Files are read as a stream: what is held is the steps, and a trace of over 8 million (8,388,608)
//! is refused as soon as it has been read so far.

mod clock;
mod columns;
mod csv;
mod error;
mod figures;
mod format;
mod iperf;
mod kind;
mod lines;
mod list;
mod log;
mod mahimahi;
mod obeyed;
mod pensieve;
mod read;
mod recorded;
mod sabre;
mod spelling;
mod values;

pub use error::TraceError;
pub use figures::Figures;
pub use format::{RateUnit, TimeUnit, TraceFormat, TraceOptions};
pub use list::write as write_list;
pub use read::{read, record};
pub use recorded::Recording;
pub(super) use values::read_values;
