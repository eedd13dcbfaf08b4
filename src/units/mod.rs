//! Quantities with their units: rates, sizes, ratios, spans of time; parsed, printed, (de)serialised. Instants, a
//! type for each clock. Bytes written as base64.
//!
//! Rates are base 1000 and in bits (`5 Mbit/s`); sizes are in bytes, either base (`64 KiB`, `64 kB`); spans are
//! [`std::time::Duration`] written with a unit (`900 ms`). A number without a unit is an error.

mod base64;
mod bit_rate;
mod byte_size;
mod instant;
mod quantity;
mod ratio;
pub mod span;

pub use base64::base64;
pub use bit_rate::BitRate;
pub use byte_size::ByteSize;
pub use instant::{LinkTime, MediaTime, ProcessTime, SessionTime, UnixTime};
pub use quantity::UnitError;
pub use ratio::Ratio;
