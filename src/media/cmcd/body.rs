//! The bodies that players post their reports in (event mode of version 2): several to a body, as
//! dictionaries or as JSON.

use super::report::{Cmcd, UnknownVersion};
use serde_json::{Deserializer, Value};

/// More reports are not read from one body.
const REPORTS: usize = 256;

/// How a posted body may tell reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CmcdBody {
    /// `application/cmcd`, or `text/cmcd` as CTA-5004-A named it: a dictionary or a JSON object a line.
    Reports,
    /// `application/json`: reports, or anything else. An object with a session and something of that
    /// session's state is a report.
    Json,
}

impl CmcdBody {
    /// By the Content-Type.
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

    /// What `body` tells, in its order; nothing if it can't be read, or is about something else.
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

/// What a body tells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Posted {
    /// The reports in it.
    pub reports: Vec<Cmcd>,
    /// Reports of a version that is not known, which are ignored.
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

/// Objects one after another, or in one array; `None` when some of it is no object, or tells something that
/// is not `wanted`.
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
            let told = Cmcd::of_object(&object).ok().flatten().unwrap_or_default();
            if told != Cmcd::default() && !wanted(&told) {
                return None;
            }
            if told != Cmcd::default() {
                posted.take(report);
            }
        }
    }
    Some(posted)
}

/// Whether it is of a player, and not some other JSON with a key or two of the same name.
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

    /// The buffers that a body tells of, in milliseconds.
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

    /// Each record has a version of its own.
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
