//! Why the observers could not be built: a mistake in the table of families, never in a run.

/// Why metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// A family in the table is not one that Prometheus accepts.
    #[error("metric `{name}` can't be registered: {cause}")]
    Family {
        /// The family's name.
        name: &'static str,
        /// What is wrong with it.
        cause: prometheus::Error,
    },
    /// The bounds of a summary's histogram make no sense.
    #[error("a summary histogram can't be built: {0}")]
    Histogram(#[from] hdrhistogram::CreationError),
}
