//! The values of attributes: durations, dates and byte ranges, as in XML Schema.

use super::super::place::Range;
use crate::units::UnixTime;
use std::time::Duration;

/// Longer than any presentation: a thousand years, in seconds.
const LONGEST: f64 = 3.2e10;

/// An `xs:duration`, as `P1DT2H3M4.5S`; years and months at their mean length.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim().strip_prefix('P')?;
    let mut seconds = 0.0;
    let mut in_time = false;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T') {
            in_time = true;
            rest = time;
            continue;
        }
        let unit = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(unit);
        let number: f64 = number.parse().ok()?;
        let length = match (after.as_bytes().first()?, in_time) {
            (b'Y', false) => 31_556_952.0,
            (b'M', false) => 2_629_746.0,
            (b'W', false) => 604_800.0,
            (b'D', false) => 86_400.0,
            (b'H', true) => 3600.0,
            (b'M', true) => 60.0,
            (b'S', true) => 1.0,
            _ => return None,
        };
        seconds += number * length;
        rest = after.get(1..)?;
    }
    (seconds < LONGEST).then(|| Duration::try_from_secs_f64(seconds).ok())?
}

/// An `xs:dateTime` in seconds since the Unix epoch; without a time zone it counts as UTC.
pub(in crate::media) fn date(text: &str) -> Option<f64> {
    let text = text.trim();
    let zoned = chrono::DateTime::parse_from_rfc3339(text).map(|date| date.to_utc());
    let date = zoned.or_else(|_| {
        chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
            .map(|date| date.and_utc())
    });
    Some(date.ok()?.timestamp_millis() as f64 / 1e3)
}

/// The instant that is so many seconds after the Unix epoch; `None` before it.
pub(in crate::media) fn instant(seconds: f64) -> Option<UnixTime> {
    Duration::try_from_secs_f64(seconds).ok().map(UnixTime::new)
}

/// `FIRST-LAST`, as in `@mediaRange`; without LAST to the end of the file.
pub(super) fn range(text: &str) -> Option<Range> {
    let (first, last) = text.trim().split_once('-')?;
    let last = if last.is_empty() { u64::MAX } else { last.parse::<u64>().ok()?.saturating_add(1) };
    Some(first.parse().ok()?..last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let seconds = |text| duration(text).map(|span| span.as_secs_f64());
        assert_eq!(seconds("PT1H2M3.25S"), Some(3723.25));
        assert_eq!(seconds("P1DT0.5S"), Some(86_400.5));
        assert_eq!(seconds("PT0S"), Some(0.0));
        assert_eq!(seconds(" P1Y "), Some(31_556_952.0));
        for text in ["soon", "", "PT", "-PT1S", "PT1", "P1S", "PT99999999999999H", "PT1..2S", "PTS"]
        {
            assert_eq!(seconds(text).filter(|span| *span > 0.0), None, "{text}");
        }
    }

    #[test]
    fn dates_and_ranges() {
        assert_eq!(date("1970-01-01T00:01:00Z"), Some(60.0));
        assert_eq!(date("1970-01-01T00:01:00.500"), Some(60.5));
        assert_eq!(date("1970-01-01T01:00:00+01:00"), Some(0.0));
        assert_eq!(date("yesterday"), None);
        assert_eq!(instant(60.5), Some(UnixTime::from_millis(60_500)));
        assert_eq!(instant(-1.0), None);
        assert_eq!(range("5-9"), Some(5..10));
        assert_eq!(range("5-"), Some(5..u64::MAX));
        assert_eq!(range("x-9"), None);
    }
}
