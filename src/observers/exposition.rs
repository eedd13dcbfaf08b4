//! The text format that Prometheus scrapes (version 0.0.4).

use prometheus::{Registry, TextEncoder};

/// The content type of [`Recorder::render`](super::Recorder::render).
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All samples of `registry`, families and label sets in a fixed order.
pub(super) fn render(registry: &Registry) -> String {
    let mut text = String::new();
    // Only a family without samples is refused, and `gather` leaves those out; were it to happen,
    // the families before it still count.
    if let Err(cause) = TextEncoder::new().encode_utf8(&registry.gather(), &mut text) {
        tracing::error!(%cause, "metrics are incomplete");
    }
    text
}
