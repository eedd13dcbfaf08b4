//! Reads the times of a recording: numbers in one unit (also epochs), or dates with times of day.

use super::{error::Fault, format::TimeUnit, lines::number};
use chrono::{NaiveDateTime, NaiveTime};

/// Formats of dates with times of day in logs; the first is that of the Irish 4G and 5G logs.
const DATES: [&str; 16] = [
    "%Y.%m.%d_%H.%M.%S",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y-%m-%d_%H:%M:%S%.f",
    "%Y-%m-%d_%H-%M-%S",
    "%Y-%m-%d-%H-%M-%S",
    "%Y%m%dT%H%M%S%.f",
    "%a %b %e %H:%M:%S%.f %Y",
    "%a %d %b %Y %H:%M:%S%.f",
    "%d %b %Y %H:%M:%S%.f",
    "%d-%b-%Y %H:%M:%S%.f",
    "%d.%m.%Y %H:%M:%S%.f",
    "%m/%d/%Y %I:%M:%S %p",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
];
/// Day or month first; distinguished if one of them is over 12.
const SLASHED: [&str; 2] = ["%d/%m/%Y %H:%M:%S%.f", "%m/%d/%Y %H:%M:%S%.f"];
/// Time zones in logs, with their offset from UTC in hours.
const ZONES: [(&str, f64); 24] = [
    ("UTC", 0.0),
    ("GMT", 0.0),
    ("WET", 0.0),
    ("BST", 1.0),
    ("WEST", 1.0),
    ("CET", 1.0),
    ("CEST", 2.0),
    ("EET", 2.0),
    ("EEST", 3.0),
    ("MSK", 3.0),
    ("SGT", 8.0),
    ("HKT", 8.0),
    ("JST", 9.0),
    ("KST", 9.0),
    ("AEST", 10.0),
    ("AEDT", 11.0),
    ("EDT", -4.0),
    ("EST", -5.0),
    ("CDT", -5.0),
    ("CST", -6.0),
    ("MDT", -6.0),
    ("MST", -7.0),
    ("PDT", -7.0),
    ("PST", -8.0),
];
const DAY: f64 = 86_400.0;

/// Reads the times of one file.
#[derive(Debug)]
pub(super) struct Clock {
    /// The value of `time-unit`.
    asked: Option<TimeUnit>,
    /// The unit of numbers: the requested one, the one in the header, or else derived from the first number.
    unit: Option<TimeUnit>,
    /// Subtracted from large integers, so that no digits are lost.
    origin: i128,
    /// The index of the format of the last date.
    form: usize,
    /// The last time of day without a date, and the days before it.
    of_day: Option<f64>,
    days: f64,
}

/// A time that is not a number.
enum Moment {
    Date(f64),
    OfDay(f64),
}

impl Clock {
    /// A clock with the unit of `time-unit`, or else of the header.
    pub(super) fn new(asked: Option<TimeUnit>, named: Option<TimeUnit>) -> Self {
        Self { asked, unit: asked.or(named), origin: 0, form: 0, of_day: None, days: 0.0 }
    }

    /// A time in seconds, counted from the same point for the whole file.
    pub(super) fn read(&mut self, line: u64, text: &str) -> Result<f64, Fault> {
        if text.parse::<f64>().is_ok() {
            return self.number(line, text);
        }
        let Some(moment) = self.moment(text) else {
            return Err(Fault::at(
                line,
                format!("`{text}` is neither a number nor a date and time"),
                "write a number, as in `1200.5`, or `2026-11-29 10:30:00`",
            ));
        };
        if let Some(unit) = self.asked {
            let problem =
                format!("`{text}` is a date and time, which is not in `{}`", unit.as_str());
            return Err(Fault::at(line, problem, "leave `time-unit` out"));
        }
        Ok(match moment {
            Moment::Date(seconds) => seconds,
            Moment::OfDay(seconds) => {
                // A step of half a day back means that midnight has passed.
                if self.of_day.is_some_and(|last| seconds < last - DAY / 2.0) {
                    self.days += 1.0;
                }
                self.of_day = Some(seconds);
                self.days * DAY + seconds
            }
        })
    }

    fn number(&mut self, line: u64, text: &str) -> Result<f64, Fault> {
        let value = number(line, text)?;
        let integer = text.parse::<i128>().ok();
        let unit = match self.unit {
            Some(unit) => unit,
            None => {
                let unit = unit_of_size(value);
                self.unit = Some(unit);
                unit
            }
        };
        if self.origin == 0 && value >= 1e15 {
            self.origin = integer.unwrap_or(0);
        }
        let since =
            integer.map_or(value - self.origin as f64, |whole| (whole - self.origin) as f64);
        Ok(since * unit.seconds())
    }

    fn moment(&mut self, text: &str) -> Option<Moment> {
        let (text, offset) = without_zone(text.trim());
        let known =
            DATES.get(self.form).and_then(|form| NaiveDateTime::parse_from_str(&text, form).ok());
        let date = known.or_else(|| {
            let forms = DATES.iter().enumerate();
            let (form, date) =
                forms.filter_map(|(i, form)| Some((i, date(&text, form)?))).next()?;
            self.form = form;
            Some(date)
        });
        if let Some(date) = date.or_else(|| slashed(&text)) {
            return Some(Moment::Date(date.and_utc().timestamp_micros() as f64 / 1e6 - offset));
        }
        let time = NaiveTime::parse_from_str(&text.replace(',', "."), "%H:%M:%S%.f").ok()?;
        let since = time.signed_duration_since(NaiveTime::MIN);
        Some(Moment::OfDay(since.num_microseconds()? as f64 / 1e6))
    }
}

/// Seconds since 1970 have ten digits, milliseconds thirteen, and so on. Smaller numbers are seconds.
fn unit_of_size(value: f64) -> TimeUnit {
    match value {
        ..1e11 => TimeUnit::Second,
        ..1e14 => TimeUnit::Millisecond,
        ..1e17 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

fn date(text: &str, form: &str) -> Option<NaiveDateTime> {
    let text = match text.rsplit_once(',') {
        // Python's logs have a comma before the milliseconds.
        Some((whole, part)) if whole.contains(':') => format!("{whole}.{part}"),
        _ => text.replace(',', ""),
    };
    NaiveDateTime::parse_from_str(&text, form).ok()
}

fn slashed(text: &str) -> Option<NaiveDateTime> {
    let [day_first, month_first] = SLASHED.map(|form| date(text, form));
    match (day_first, month_first) {
        (Some(one), Some(other)) => (one == other).then_some(one),
        (one, other) => one.or(other),
    }
}

/// A text without its time zone, and the offset from UTC in seconds. An unknown zone counts as UTC, because
/// it is the same on every line.
fn without_zone(text: &str) -> (String, f64) {
    let digits_before = |head: &str| head.ends_with(|c: char| c.is_ascii_digit());
    if let Some(head) = text.strip_suffix(['Z', 'z']).filter(|head| digits_before(head)) {
        return (head.to_owned(), 0.0);
    }
    if let Some(at) = text.rfind(['+', '-'])
        && let (head, tail) = (text[..at].trim_end(), &text[at + 1..])
        && head.contains(':')
        && digits_before(head)
        && let Some(seconds) = offset(tail)
    {
        let sign = if text[at..].starts_with('-') { -1.0 } else { 1.0 };
        return (head.to_owned(), sign * seconds);
    }
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let zone = words.iter().skip(1).position(|word| is_zone(word)).map(|before| before + 1);
    let Some(at) = zone.filter(|at| words[..*at].iter().any(|word| word.contains(':'))) else {
        return (words.join(" "), 0.0);
    };
    let name = words.remove(at);
    let hours = ZONES.iter().find(|(zone, _)| *zone == name).map_or(0.0, |(_, hours)| *hours);
    (words.join(" "), hours * 3600.0)
}

/// `CDT`, `UTC`; neither `AM` nor `PM`.
fn is_zone(word: &str) -> bool {
    (3..=5).contains(&word.len()) && word.chars().all(|c| c.is_ascii_uppercase())
}

/// `05:30`, `0530`, `05`: seconds.
fn offset(text: &str) -> Option<f64> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    let plain = text.len() == digits.len() || text.as_bytes().get(2) == Some(&b':');
    if !plain || !digits.bytes().all(|c| c.is_ascii_digit()) || !matches!(digits.len(), 2 | 4) {
        return None;
    }
    let part =
        |range: std::ops::Range<usize>| digits.get(range).and_then(|text| text.parse::<f64>().ok());
    Some(part(0..2)? * 3600.0 + part(2..4).unwrap_or(0.0) * 60.0)
}

/// Whether a text is a date with a time of day, or a time of day.
pub(super) fn is_moment(text: &str) -> bool {
    text.parse::<f64>().is_err() && Clock::new(None, None).moment(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(first: &str, second: &str) -> f64 {
        let mut clock = Clock::new(None, None);
        let mut read = |text| clock.read(1, text).unwrap_or(f64::NAN);
        let (first, second) = (read(first), read(second));
        ((second - first) * 1e6).round() / 1e6
    }

    #[test]
    fn dates_with_and_without_zones() {
        for (first, second, seconds) in [
            ("2019.12.16_13.40.04", "2019.12.16_13.40.06", 2.0),
            ("2023-04-05 11:03:07 CDT", "2023-04-05 11:03:08 CDT", 1.0),
            ("2023-11-05 01:59:59 CDT", "2023-11-05 01:00:00 CST", 1.0),
            ("Wed Dec 15 16:04:38 UTC 2021", "Wed Dec 15 16:04:41 UTC 2021", 3.0),
            ("Wed Dec  1 16:04:38 2021", "Wed Dec  1 16:04:39 2021", 1.0),
            ("2023-04-05T11:03:07+00:00", "2023-04-05T13:03:08+02:00", 1.0),
            ("2023-04-05T11:03:07Z", "2023-04-05T11:03:07.5Z", 0.5),
            ("2023-04-05 11:03:07 -0500", "2023-04-05 11:03:09 -0500", 2.0),
            ("2023-04-05 11:03:07-05", "2023-04-05 11:03:09-05", 2.0),
            ("2023-04-05 11:03:07,250", "2023-04-05 11:03:07,750", 0.5),
            ("2023/04/05 11:03:07", "2023/04/05 11:03:08", 1.0),
            ("Wed, 05 Apr 2023 11:03:07 GMT", "Wed, 05 Apr 2023 11:03:08 GMT", 1.0),
            ("4/5/2023 11:59:59 AM", "4/5/2023 12:00:00 PM", 1.0),
            ("25/12/2023 10:00:00", "25/12/2023 10:00:01", 1.0),
            ("23:59:59.5", "00:00:00.5", 1.0),
            ("20230405T110307Z", "20230405T110308Z", 1.0),
        ] {
            assert_eq!(between(first, second), seconds, "{first}");
        }
    }

    #[test]
    fn epochs_are_known_by_their_size() {
        assert_eq!(between("1680000000", "1680000001"), 1.0);
        assert_eq!(between("1680000000.25", "1680000000.75"), 0.5);
        assert_eq!(between("1680000000000", "1680000001000"), 1.0);
        assert_eq!(between("1680000000000000", "1680000001000000"), 1.0);
        assert_eq!(between("1680000000000000000", "1680000000500000000"), 0.5);
        assert_eq!(between("0", "1.5"), 1.5);
    }

    #[test]
    fn a_unit_that_is_said_is_obeyed_or_refused() {
        let mut clock = Clock::new(Some(TimeUnit::Second), None);
        let [first, second] =
            ["1680000000000", "1680000001000"].map(|text| clock.read(1, text).ok());
        assert_eq!(second.zip(first).map(|(b, a)| b - a), Some(1000.0));
        assert!(clock.read(1, "2023-04-05 11:03:07").is_err());
        assert!(Clock::new(None, None).read(1, "05/04/2023 10:00:00").is_err());
    }
}
