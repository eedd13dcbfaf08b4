//! Why a plot could not be drawn.

use std::path::PathBuf;

/// Why a plot could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlotError {
    /// The extension of the file is not that of a known format.
    #[error("{0}: plots are SVG or PNG; write a file name that ends in .svg or .png")]
    Format(PathBuf),
    /// The drawing or writing failed.
    #[error("{path}: {problem}")]
    Drawing {
        /// The file that was drawn.
        path: PathBuf,
        /// The problem.
        problem: String,
    },
}
