//! What lies between a simulated player and its origin.

mod download;
mod pensieve;
mod sabre;

pub use download::{CapacityChange, Download, Network, NeverEnds, Progress};
pub use pensieve::PensieveNetwork;
pub use sabre::{Period, SabreNetwork};
