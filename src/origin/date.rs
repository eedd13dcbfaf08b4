//! Dates in the two formats that HTTP and manifests require.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

use crate::units::UnixTime;

/// The last second of the year 9999, with which RFC 3339's four digits end.
pub(super) const END: UnixTime = UnixTime::from_secs(253_402_300_799);

const HTTP: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// RFC 3339 with milliseconds: `2026-11-22T14:08:54.250Z`.
pub(super) fn iso8601(time: UnixTime) -> String {
    utc(time).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// RFC 9110's date, in whole seconds: `Sun, 22 Nov 2026 14:08:54 GMT`.
pub(super) fn http_date(time: UnixTime) -> String {
    utc(time).format(HTTP).to_string()
}

/// Reads what [`http_date`] writes. The two obsolete formats of RFC 9110 are not read: a condition with one of
/// them is ignored, which costs only a transfer.
pub(super) fn parse_http_date(text: &str) -> Option<UnixTime> {
    let date = NaiveDateTime::parse_from_str(text, HTTP).ok()?;
    u64::try_from(date.and_utc().timestamp()).ok().map(UnixTime::from_secs)
}

fn utc(time: UnixTime) -> DateTime<Utc> {
    let capped = time.min(END).since_zero();
    DateTime::from_timestamp(capped.as_secs().cast_signed(), capped.subsec_nanos())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_spelt_as_the_standards_do() {
        assert_eq!(iso8601(UnixTime::from_millis(1_795_356_534_250)), "2026-11-22T14:08:54.250Z");
        assert_eq!(iso8601(UnixTime::new(Duration::MAX)), "9999-12-31T23:59:59.000Z");
        assert_eq!(http_date(UnixTime::from_secs(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT"); // RFC 9110, 5.6.7
    }

    #[test]
    fn http_dates_are_read_back_and_others_are_not() {
        assert_eq!(
            parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(UnixTime::from_secs(784_111_777))
        );
        assert_eq!(parse_http_date("Sun, 06 Nov 1894 08:49:37 GMT"), None);
        assert_eq!(parse_http_date("yesterday"), None);
    }
}
