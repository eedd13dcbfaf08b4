//! Parses, shifts and formats dates of HTTP and of time servers.

use crate::units::UnixTime;
use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};

const HTTP: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// A date in the format of RFC 9110: `Sun, 22 Nov 2026 14:08:54 GMT`. `time` is capped at the year 9999.
pub(in crate::proxy) fn http_date(time: UnixTime) -> String {
    let seconds = time.since_zero().as_secs().min(253_402_300_799);
    let date = DateTime::from_timestamp(seconds.cast_signed(), 0).unwrap_or_default();
    date.format(HTTP).to_string()
}

/// An HTTP date, shifted by `milliseconds`; `None` if `text` is not one.
pub(super) fn moved_http_date(text: &str, milliseconds: i64) -> Option<String> {
    let date = NaiveDateTime::parse_from_str(text, HTTP).ok()?.and_utc();
    Some(moved(date, milliseconds)?.format(HTTP).to_string())
}

/// An ISO 8601 time, as `UTCTiming` servers send it, shifted by `milliseconds`; `None` if `text` is anything else.
pub(super) fn moved_iso_time(text: &str, milliseconds: i64) -> Option<String> {
    let date = DateTime::parse_from_rfc3339(text.trim()).ok()?.with_timezone(&Utc);
    let precision = if text.contains('.') { SecondsFormat::Millis } else { SecondsFormat::Secs };
    Some(moved(date, milliseconds)?.to_rfc3339_opts(precision, true))
}

fn moved(date: DateTime<Utc>, milliseconds: i64) -> Option<DateTime<Utc>> {
    date.checked_add_signed(TimeDelta::try_milliseconds(milliseconds)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_move() {
        assert_eq!(http_date(UnixTime::from_secs(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
        let moved = moved_http_date("Sun, 06 Nov 1994 08:49:37 GMT", -38_000).unwrap();
        assert_eq!(moved, "Sun, 06 Nov 1994 08:48:59 GMT");
        assert_eq!(moved_http_date("yesterday", 1), None);
        assert_eq!(
            moved_iso_time("2026-11-22T14:08:54Z\n", 30_000).unwrap(),
            "2026-11-22T14:09:24Z"
        );
        assert_eq!(
            moved_iso_time("2026-11-22T14:08:54.250Z", -1).unwrap(),
            "2026-11-22T14:08:54.249Z"
        );
        assert_eq!(moved_iso_time("#EXTM3U", 1), None);
        assert_eq!(moved_iso_time("2026-11-22T14:08:54Z", i64::MAX), None);
    }
}
