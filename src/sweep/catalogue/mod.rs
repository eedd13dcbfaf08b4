//! The ABR algorithms by name, and their settings: one table for every benchmark.

mod error;
mod published;
mod setup;
mod table;
mod web_players;

pub use error::CatalogueError;
pub use setup::AlgorithmSetup;
pub use table::{ALGORITHMS, CatalogueEntry, algorithm, names};
