//! The text formats of metrics, and which of them a client asks for.

use super::{exemplars::Exemplars, openmetrics::OpenMetrics};
use prometheus::{Registry, TextEncoder};

/// A text format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposition {
    /// The text format of Prometheus, version 0.0.4.
    Prometheus,
    /// OpenMetrics, version 1.0.0. It has exemplars.
    OpenMetrics,
}

impl Exposition {
    /// The format for a request with this `Accept` header: OpenMetrics if the header names it and does not prefer
    /// `text/plain`.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let weight = |wanted: fn(&str) -> bool| {
            let ranges = accept.split(',').filter(|range| wanted(&range.to_ascii_lowercase()));
            ranges.map(quality).fold(0.0, f64::max)
        };
        let open = weight(is_open_metrics);
        let plain = weight(|range| media_type(range) == "text/plain");
        if open > 0.0 && open >= plain { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The `Content-Type` of texts in this format.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// What follows the last family.
    #[must_use]
    pub const fn end(self) -> &'static str {
        match self {
            Self::Prometheus => "",
            Self::OpenMetrics => "# EOF\n",
        }
    }

    /// All samples of `registry`, without the end. Families and label sets have a fixed order.
    pub(super) fn render(self, registry: &Registry, exemplars: Option<&Exemplars>) -> String {
        let families = registry.gather();
        match self {
            Self::OpenMetrics => OpenMetrics { families: &families, exemplars }.to_string(),
            Self::Prometheus => {
                let mut text = String::new();
                // The encoder only rejects families without samples, which `gather` omits. If it fails, the families
                // before are still output.
                if let Err(cause) = TextEncoder::new().encode_utf8(&families, &mut text) {
                    tracing::error!(%cause, "metrics are incomplete");
                }
                text
            }
        }
    }
}

/// Whether a range of an `Accept` header is for OpenMetrics in version 1.0.0, or in any version.
fn is_open_metrics(range: &str) -> bool {
    let version = parameter(range, "version");
    media_type(range) == "application/openmetrics-text"
        && version.is_none_or(|version| version == "1.0.0")
}

fn media_type(range: &str) -> &str {
    range.split(';').next().unwrap_or_default().trim()
}

fn parameter<'a>(range: &'a str, name: &str) -> Option<&'a str> {
    range.split(';').skip(1).find_map(|parameter| {
        let (found, value) = parameter.split_once('=')?;
        (found.trim() == name).then(|| value.trim().trim_matches('"'))
    })
}

/// The weight of a range (RFC 9110, section 12.4.2); 1 if it has none.
fn quality(range: &str) -> f64 {
    parameter(range, "q").and_then(|q| q.parse().ok()).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_for_those_who_ask_for_it() {
        for accept in [
            "application/openmetrics-text",
            "Application/OpenMetrics-Text; version=1.0.0; charset=utf-8",
            // Prometheus 2.42 and 3.5.
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        ] {
            assert_eq!(Exposition::accepted(accept), Exposition::OpenMetrics, "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "text/plain",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;version=0.0.1",
            "text/plain, application/openmetrics-text;q=0.5",
        ] {
            assert_eq!(Exposition::accepted(accept), Exposition::Prometheus, "{accept}");
        }
    }
}
