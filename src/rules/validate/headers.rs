//! Validates `headers` and `date-skew`.

use crate::{
    document::{Scope, Several, Text},
    rules::{
        effect::{HeaderEdit, Skew},
        then_entry::HeadersTable,
    },
    units::span,
};
use http::{HeaderName, HeaderValue, header};

/// The most headers that one rule sets or removes.
const MOST_HEADERS: usize = 32;

/// Headers of the connection. To edit them would break the framing of the proxy's messages.
const FRAMING: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TRAILER,
    header::TE,
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("keep-alive"),
];

/// Validates `headers`; `scope` is the table around it.
pub(super) fn header_edit(table: Option<&HeadersTable>, scope: &Scope<'_>) -> Option<HeaderEdit> {
    let (table, at) = (table?, scope.at("headers"));
    let (set_at, remove_at) = (at.at("set"), at.at("remove"));
    let pairs = table.set.iter().flat_map(|words| &words.0);
    let set: Vec<_> = pairs
        .filter_map(|(key, text)| {
            let name = name(key, &set_at.at(key))?;
            let value = HeaderValue::from_str(text.as_str());
            if value.is_err() {
                set_at.at(key).fault("is not a valid header value", "write ASCII on one line");
            }
            Some((name, value.ok()?))
        })
        .collect();
    let names = table.remove.as_ref().map_or(&[][..], Several::as_slice);
    let remove: Vec<_> = names.iter().filter_map(|text| name(text.as_str(), &remove_at)).collect();
    let count = table.set.as_ref().map_or(0, |words| words.0.len()) + names.len();
    if count == 0 || count > MOST_HEADERS {
        let hint = format!("write 1 to {MOST_HEADERS} headers under `set` and `remove`");
        at.fault("has no header, or too many", hint);
    }
    Some(HeaderEdit { set: set.into(), remove: remove.into() })
}

fn name(written: &str, at: &Scope<'_>) -> Option<HeaderName> {
    let Ok(name) = HeaderName::from_bytes(written.as_bytes()) else {
        at.fault(format!("`{written}` is not a header name"), "write one, as in `etag`");
        return None;
    };
    if FRAMING.contains(&name) {
        let hint = "use other effects for the connection: `cut` has a `length`, `close` closes, and \
                    `range = \"unsized\"` sends chunks";
        at.fault(format!("`{name}` can't be edited"), hint);
        return None;
    }
    Some(name)
}

/// Reads a time shift with a sign: `-30 s`, `+5 m`.
pub(super) fn skew(key: &str, written: Option<&Text>, scope: &Scope<'_>) -> Option<Skew> {
    let hint = "write a duration with a sign, as in `\"-30 s\"` or `\"+5 m\"`";
    scope.parsed(key, written, "a time shift", hint, |text| {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let milliseconds = i64::try_from(span::parse(rest).ok()?.as_millis()).ok()?;
        Some(Skew { milliseconds: sign * milliseconds })
    })
}
