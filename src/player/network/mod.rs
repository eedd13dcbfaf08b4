//! What lies between a simulated player and its origin.

mod download;
mod link;
mod pensieve;
mod quanta;
mod sabre;

pub use download::{CapacityChange, Download, Network, NeverEnds, Progress};
pub use link::LinkNetwork;
pub use pensieve::PensieveNetwork;
pub use sabre::{Period, SabreNetwork};
