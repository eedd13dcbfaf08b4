//! The bodies in which players post reports (event mode of version 2): several reports in a body, as
//! dictionaries or as JSON.

use super::report::{Cmcd, UnknownVersion};
use serde_json::{Deserializer, Value};

/// The most reports read from one body.
const REPORTS: usize = 256;

/// The format of a posted body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CmcdBody {
    /// `application/cmcd`, or `text/cmcd` as in CTA-5004-A: one dictionary or JSON object per line.
    Reports,
    /// `application/json`: reports, or anything else. An object with a session id and a value of that session's
    /// state is a report.
    Json,
}

impl CmcdBody {
    /// The format for a Content-Type.
    #[must_use]
    pub fn of(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        if is("application/cmcd") || is("text/cmcd") {
            Some(Self::Reports)
        } else {
            is("application/json").then_some(Self::Json)
        }
    }

    /// The reports in `body`, in order; none if it cannot be read, or is something else.
    #[must_use]
    pub fn read(self, body: &[u8]) -> Posted {
        let Ok(text) = std::str::from_utf8(body) else { return Posted::default() };
        let json = text.trim_start().starts_with(['{', '[']);
        match self {
            Self::Reports if !json => dictionaries(text),
            Self::Reports => objects(text, |_| true).unwrap_or_default(),
            Self::Json => objects(text, is_report).unwrap_or_default(),
        }
    }
}

/// The contents of a body.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Posted {
    /// The reports in it.
    pub reports: Vec<Cmcd>,
    /// The number of reports of an unknown version, which are ignored.
    pub unknown: usize,
}

impl Posted {
    fn take(&mut self, report: Result<Option<Cmcd>, UnknownVersion>) {
        if self.reports.len() + self.unknown >= REPORTS {
            return;
        }
        match report {
            Ok(report) => self.reports.extend(report.filter(|report| *report != Cmcd::default())),
            Err(UnknownVersion) => self.unknown += 1,
        }
    }
}

fn dictionaries(text: &str) -> Posted {
    let mut posted = Posted::default();
    text.lines().for_each(|line| posted.take(Cmcd::of_dictionaries([line])));
    posted
}

/// Objects one after another, or in one array; `None` when an item is not an object, or not `wanted`.
fn objects(text: &str, wanted: fn(&Cmcd) -> bool) -> Option<Posted> {
    let mut posted = Posted::default();
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        let list = match value.ok()? {
            Value::Array(list) => list,
            one => vec![one],
        };
        for one in list {
            let Value::Object(mut object) = one else { return None };
            let report = Cmcd::of_object(&object);
            object.remove("v");
            let parsed = Cmcd::of_object(&object).ok().flatten().unwrap_or_default();
            if parsed != Cmcd::default() && !wanted(&parsed) {
                return None;
            }
            if parsed != Cmcd::default() {
                posted.take(report);
            }
        }
    }
    Some(posted)
}

/// Whether it is a player's report, and not other JSON with some keys of the same name.
const fn is_report(report: &Cmcd) -> bool {
    let state = report.buffer.is_some()
        || report.starved
        || report.measured_throughput.is_some()
        || report.requested_throughput.is_some();
    report.session.is_some() && state
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The buffer lengths in a body, in milliseconds.
    fn buffers(body: CmcdBody, text: &str) -> Vec<u128> {
        let reports = body.read(text.as_bytes()).reports;
        reports
            .iter()
            .filter_map(|report| report.buffer.as_ref().map(Duration::as_millis))
            .collect()
    }

    #[test]
    fn the_media_type_decides() {
        assert_eq!(CmcdBody::of("Application/CMCD; charset=utf-8"), Some(CmcdBody::Reports));
        assert_eq!(CmcdBody::of("text/cmcd"), Some(CmcdBody::Reports));
        assert_eq!(CmcdBody::of("text/cmcd-not"), None);
        assert_eq!(CmcdBody::of("application/json"), Some(CmcdBody::Json));
        assert_eq!(CmcdBody::of("application/octet-stream"), None);
    }

    #[test]
    fn every_form_of_several_reports() {
        let lines = "e=ps,sid=\"a\",ts=1,bl=(4000;v 1200;a)\r\n\ne=t,sid=\"a\",ts=2,bl=(800)\n";
        assert_eq!(buffers(CmcdBody::Reports, lines), [1200, 800]);
        let one = r#"{"sid":"a","bl":1200,"ts":1}"#;
        let two = r#"{"sid":"a","bl":[4000,800],"ts":2}"#;
        for text in [format!("{one}\n{two}\n"), format!(" [{one},\n{two}]")] {
            assert_eq!(buffers(CmcdBody::Reports, &text), [1200, 800], "{text}");
            assert_eq!(buffers(CmcdBody::Json, &text), [1200, 800], "{text}");
        }
    }

    #[test]
    fn what_is_something_else_tells_nothing() {
        for text in [
            "",
            "{",
            "[1]",
            "null",
            "bl=3",
            "{\"bl\":3}",
            "{\"sid\":\"a\"}",
            "{\"sid\":\"a\",\"bl\":3}x",
        ] {
            assert_eq!(CmcdBody::Json.read(text.as_bytes()), Posted::default(), "{text}");
        }
        assert_eq!(CmcdBody::Reports.read(b"e=ps,ts=1\n\xff"), Posted::default());
        assert_eq!(CmcdBody::Reports.read(b"e=ps,ts=1"), Posted::default());
        assert_eq!(CmcdBody::Reports.read("bl=1\n".repeat(1000).as_bytes()).reports.len(), REPORTS);
    }

    /// Each report has its own version.
    #[test]
    fn reports_of_an_unknown_version_are_counted() {
        let lines = "v=2,bl=1\nv=3,bl=2\nv=9\nbl=3";
        let posted = CmcdBody::Reports.read(lines.as_bytes());
        assert_eq!((posted.reports.len(), posted.unknown), (2, 2));
        let json = r#"[{"sid":"a","bl":1,"v":7},{"sid":"a","bl":2}]"#;
        let posted = CmcdBody::Json.read(json.as_bytes());
        assert_eq!((posted.reports.len(), posted.unknown), (1, 1));
        let other = r#"{"v":7,"licence":[1,2]}"#;
        assert_eq!(
            CmcdBody::Json.read(other.as_bytes()),
            Posted::default(),
            "about something else"
        );
    }
}
