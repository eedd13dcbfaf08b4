//! Changes to times and URLs as manifests write them.

use chrono::{DateTime, SecondsFormat, TimeDelta};

/// An ISO 8601 time, later by `milliseconds`; `None` when it cannot be read.
pub(super) fn later(time: &str, milliseconds: i64) -> Option<String> {
    let moment = DateTime::parse_from_rfc3339(time)
        .or_else(|_| DateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .ok()?;
    let moment = moment.checked_add_signed(TimeDelta::milliseconds(milliseconds))?;
    Some(moment.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// A reference with its host replaced by `host`: path and query stay.
pub(super) fn at_host(uri: &str, host: &str) -> String {
    let (scheme, rest) = match uri.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest.split_once('/')),
        _ => ("http", None),
    };
    let path = match (rest, uri.contains("://")) {
        (Some((_, path)), _) => path,
        (None, true) => "",
        (None, false) => uri.trim_start_matches(['.', '/']),
    };
    format!("{scheme}://{host}/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_hosts() {
        assert_eq!(
            later("2026-01-01T00:00:00Z", -500).as_deref(),
            Some("2025-12-31T23:59:59.500Z")
        );
        assert_eq!(
            later("2026-01-01T00:00:00.250+0100", 1).as_deref(),
            Some("2026-01-01T00:00:00.251+01:00")
        );
        assert_eq!(later("now", 1), None);
        assert_eq!(at_host("../v/1.ts?a=b", "x.invalid"), "http://x.invalid/v/1.ts?a=b");
        assert_eq!(at_host("/-/s/7/1.ts", "x.invalid"), "http://x.invalid/-/s/7/1.ts");
        assert_eq!(at_host("https://a.b:1/c/d", "x"), "https://x/c/d");
        assert_eq!(at_host("https://a.b", "x"), "https://x/");
    }
}
