//! Errors when the observers are created, caused by an invalid table of metric families.

/// Why metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// Prometheus does not accept a family of the table.
    #[error("metric `{name}` can't be registered: {cause}")]
    Family {
        /// The family's name.
        name: &'static str,
        /// The reason.
        cause: prometheus::Error,
    },
    /// The bounds of a summary histogram are invalid.
    #[error("a summary histogram can't be built: {0}")]
    Histogram(#[from] hdrhistogram::CreationError),
}
