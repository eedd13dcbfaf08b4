//! What went wrong with a request, as the effect of a rule.

use super::{
    record::{Ending, Record},
    recorded_fault::{Fault, rounded},
};
use crate::units::{ByteSize, span};
use std::time::Duration;
use toml::{Table, Value};

/// A player that waits for less may have given up for a reason of its own, such as a seek.
const LONG_WAIT: Duration = Duration::from_secs(4);

/// What went wrong with a request, from its status and its end alone.
pub(super) fn seen(record: &Record) -> Option<Fault> {
    let bytes = record.body.map_or(0, |body| body.bytes);
    match record.ending {
        Ending::Complete if record.status >= 400 => Some(status(record)),
        Ending::Complete if record.status == 0 => Some(Fault::new("refuse", "close")),
        Ending::Complete => None,
        Ending::Reset if bytes == 0 => Some(Fault::new("refuse", "reset")),
        Ending::Reset => Some(Fault::new("reset", point(record, bytes))),
        Ending::Cut if bytes == 0 => Some(Fault::new("refuse", "close")),
        Ending::Cut => Some(Fault::new("truncate", point(record, bytes))),
        Ending::Silent if bytes == 0 => Some(Fault::new("hang", span_of(record.lasts))),
        Ending::Silent => Some(silent_after(record, bytes)),
        Ending::Abandoned if bytes == 0 && record.lasts >= LONG_WAIT => {
            Some(Fault::new("hang", "forever"))
        }
        Ending::Abandoned => None,
    }
}

fn status(record: &Record) -> Fault {
    let code = i64::from(record.status.min(599));
    match record.retry_after {
        None => Fault::new("status", code),
        Some(seconds) => {
            let seconds = i64::try_from(seconds.min(86_400)).unwrap_or(86_400);
            let both = [("code", code), ("retry-after", seconds)];
            let both = both.map(|(key, value)| (key.to_owned(), Value::from(value)));
            Fault::new("status", Table::from_iter(both))
        }
    }
}

fn silent_after(record: &Record, bytes: u64) -> Fault {
    let silent = record.lasts.saturating_sub(record.wait).max(Duration::from_secs(1));
    let both = [("at", point(record, bytes)), ("for", span_of(silent))];
    let both = both.map(|(key, value)| (key.to_owned(), Value::from(value)));
    Fault::new("hang", Table::from_iter(both))
}

/// Where a body ended: as a share, which fits any stream, if its length is known.
fn point(record: &Record, bytes: u64) -> String {
    match record.declared.filter(|declared| *declared > bytes) {
        Some(declared) => {
            format!("{} %", (bytes as f64 / declared as f64 * 1000.0).round() / 10.0)
        }
        None => ByteSize::from_bytes(bytes).to_string(),
    }
}

fn span_of(time: Duration) -> String {
    span::print(rounded(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::{record::Body, toml_text::inline};

    fn then(record: &Record) -> Option<String> {
        seen(record).map(|fault| inline(&fault.then.into()))
    }

    fn ended(ending: Ending, bytes: u64) -> Record {
        let body = (bytes > 0).then(|| Body { bytes, ..Body::default() });
        let lasts = Duration::from_millis(5_004);
        Record { ending, body, status: 200, declared: Some(1000), lasts, ..Record::default() }
    }

    #[test]
    fn an_end_becomes_an_effect() {
        let status = Record { status: 503, ..Record::default() };
        assert_eq!(then(&status).unwrap(), "{ status = 503 }");
        let later = Record { retry_after: Some(7), ..status };
        assert_eq!(then(&later).unwrap(), "{ status = { code = 503, retry-after = 7 } }");
        assert_eq!(then(&ended(Ending::Complete, 9)), None);
        assert_eq!(then(&ended(Ending::Abandoned, 9)), None);
        let of = |ending, bytes| then(&ended(ending, bytes)).unwrap();
        assert_eq!(of(Ending::Abandoned, 0), r#"{ hang = "forever" }"#);
        assert_eq!(of(Ending::Reset, 0), r#"{ refuse = "reset" }"#);
        assert_eq!(of(Ending::Reset, 500), r#"{ reset = "50 %" }"#);
        assert_eq!(of(Ending::Cut, 125), r#"{ truncate = "12.5 %" }"#);
        assert_eq!(of(Ending::Silent, 0), r#"{ hang = "5 s" }"#);
        assert_eq!(of(Ending::Silent, 10), r#"{ hang = { at = "1 %", for = "5 s" } }"#);
        let unknown = Record { declared: None, ..ended(Ending::Cut, 125) };
        assert_eq!(then(&unknown).unwrap(), r#"{ truncate = "125 B" }"#);
    }
}
