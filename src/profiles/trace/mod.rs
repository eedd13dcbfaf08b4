//! Recorded networks: reads a trace file into the steps of a schedule. One module per format.
//!
//! | format | a line is |
//! |---|---|
//! | `mahimahi` | a millisecond at which 1500 bytes may leave; counted in bins (default: 10 ms) |
//! | `sabre` | JSON: a list of `{"duration_ms", "bandwidth_kbps"}` (or `{"duration", "speed"}`, in s and kbit/s), and optionally `latency_ms` |
//! | `pensieve` | seconds, Mbit/s; the rate applies to the time since the previous line |
//! | `list` | `RATExSECONDS` in kbit/s and s, as in `1200x30`; commas or lines between |
//! | `csv` | columns, with names or without; the rate holds until the next line's time, and lines of one time are averaged |
//! | `iperf` | the output of iperf 2 and 3, as text or JSON: an interval and its rate; streams are summed, omitted intervals skipped |
//! | `log` | six columns (Riiser's HSDPA, Ghent's LTE): the fifth is bytes, the sixth ms since the previous line |
//!
//! Units are detected from their spelling, in headers and after values: `kbps`, `Mbits/sec`, `KB/s`, `MiB/s`. An
//! option that does not apply to a format is an error.
//!
//! Files are read as a stream: only the steps are kept in memory. A trace with more than 8,388,608 steps is
//! rejected at the first step above this limit.

mod applicable_options;
mod clock;
mod column_names;
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
mod pensieve;
mod read;
mod recorded;
mod sabre;
mod timing;
mod values;

pub use error::TraceError;
pub use figures::Figures;
pub use format::{RateUnit, TimeUnit, TraceFormat, TraceOptions};
pub use list::write as write_list;
pub use read::{read, record};
pub use recorded::Recording;
pub(super) use values::read_values;
