//! The Prometheus text format (version 0.0.4).

use prometheus::{Registry, TextEncoder};

/// The content type of [`Recorder::render`](super::Recorder::render).
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All samples of `registry`. Families and label sets have a fixed order.
pub(super) fn render(registry: &Registry) -> String {
    let mut text = String::new();
    // The encoder only rejects families without samples, which `gather` omits. If it fails, the families before are
    // still output.
    if let Err(cause) = TextEncoder::new().encode_utf8(&registry.gather(), &mut text) {
        tracing::error!(%cause, "metrics are incomplete");
    }
    text
}
