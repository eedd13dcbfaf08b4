//! What lies between a simulated player and its origin.

mod download;
mod link;
mod pensieve;
mod quanta;
mod sabre;
mod virtual_response;

pub use download::{CapacityChange, Download, Network, NeverEnds, Progress};
pub use link::{Carrier, LinkNetwork};
pub use pensieve::PensieveNetwork;
pub use quanta::Watch;
pub use sabre::{Period, SabreNetwork};
pub use virtual_response::{Response, VirtualResponse};
