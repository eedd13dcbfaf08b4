//! What can be wrong with the choice of an algorithm.

/// Why there is no such algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// No algorithm has this name.
    #[error("there is no algorithm '{name}'; {hint}")]
    Name {
        /// The name.
        name: String,
        /// The names that exist.
        hint: String,
    },
    /// A setting is not one of the algorithm's, or has a wrong value.
    #[error("config: {0}")]
    Config(String),
}
