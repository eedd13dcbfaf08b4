//! Which form a recording has, by its beginning.

use super::cmcd::is_key;

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// HAR 1.2.
    Har,
    /// A run file of the console or of `GET …/run`.
    RunFile,
    /// Lines of `--events`.
    EventLog,
    /// CMCD, one report a line.
    Cmcd,
}

impl Form {
    /// The form of a text that begins like this; `None` = not known.
    pub(super) fn of(start: &str) -> Option<Self> {
        let start = start.trim_start();
        let Some(object) = start.strip_prefix('{') else {
            return (start.contains('=') && is_text(start)).then_some(Self::Cmcd);
        };
        let line = start.lines().next().unwrap_or_default();
        let first_key = object.trim_start();
        if first_key.starts_with("\"log\"") {
            Some(Self::Har)
        } else if first_key.starts_with("\"format\"") && start.contains("vsps-run") {
            Some(Self::RunFile)
        } else if line.contains("\"event\"") && line.contains("\"session\"") {
            Some(Self::EventLog)
        } else if is_report(line) {
            Some(Self::Cmcd)
        } else {
            // Other keys may precede it.
            start.contains("\"log\"").then_some(Self::Har)
        }
    }
}

/// Whether there are no bytes that only binary files have.
fn is_text(start: &str) -> bool {
    start.chars().all(|c| !c.is_control() || c.is_whitespace())
}

/// Whether a line is an object of JSON with keys of CMCD.
fn is_report(line: &str) -> bool {
    let object = serde_json::from_str::<serde_json::Map<_, _>>(line);
    object.is_ok_and(|object| object.keys().any(|key| is_key(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_told_from_its_beginning() {
        for (start, form) in [
            ("{\n  \"log\": {", Some(Form::Har)),
            (r#"{"comment":"x","log":{"#, Some(Form::Har)),
            (r#"{"format":"vsps-run","version":1"#, Some(Form::RunFile)),
            (r#"{"event":"session_started","session":"a"}"#, Some(Form::EventLog)),
            (r#"{"mtp":3200,"bl":2000}"#, Some(Form::Cmcd)),
            ("/seg.mp4?CMCD=mtp%3D3200", Some(Form::Cmcd)),
            ("", None),
            ("PK\u{3}\u{4}", None),
            ("{]", None),
            ("{}", None),
            (r#"{"a":1}"#, None),
            (r#"{"comment":1,"log":{"entries":[]}}"#, Some(Form::Har)),
            ("\u{1}x=\u{7f}3", None),
        ] {
            assert_eq!(Form::of(start), form, "{start}");
        }
    }
}
