//! What lies between a simulated player and its origin.

mod download;
mod link;
mod pensieve;
mod quanta;
mod sabre;

pub use download::{CapacityChange, Download, Network, NeverEnds, Progress};
pub use link::{Carrier, LinkNetwork};
pub use pensieve::PensieveNetwork;
pub use quanta::{Response, Watch};
pub use sabre::{Period, SabreNetwork};
