//! The ABR algorithms by name, and their settings: one table for every benchmark.

mod error;
mod players;
mod published;
mod setup;
mod table;

pub use error::CatalogueError;
pub use setup::AlgorithmSetup;
pub use table::{ALGORITHMS, CatalogueEntry, algorithm, names};
