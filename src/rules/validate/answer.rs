//! Validates `status` and `redirect`.

use crate::{
    document::{Either, Scope, Text},
    rules::{
        effect::{Goal, Redirect, RetryAfter, Status},
        then_entry::{RedirectTable, StatusTable},
    },
};
use http::HeaderValue;
use std::{sync::Arc, time::Duration};

/// The longest chain of redirects. It is longer than any player follows.
const MOST_HOPS: u64 = 100;

/// Validates `status`; `scope` is the table around it.
pub(super) fn status(written: Option<&Either<StatusTable>>, scope: &Scope<'_>) -> Option<Status> {
    let table = match written? {
        Either::Short(text) => return code("status", Some(text), scope).map(Status::of),
        Either::Table(table) => table,
    };
    let at = scope.at("status");
    let code = code("code", at.need("code", table.code.as_ref(), "code = 503"), &at);
    let content_type = content_type(table.content_type.as_ref(), &at);
    Some(Status {
        code: code?,
        retry_after: retry_after(table.retry_after.as_ref(), &at),
        body: table.body.as_ref().map(|text| Arc::from(text.as_str().as_bytes())),
        content_type,
    })
}

fn code(key: &str, written: Option<&Text>, scope: &Scope<'_>) -> Option<u16> {
    let hint = "write 200 to 599, as in `status = 503`";
    scope.parsed(key, written, "a status from 200 to 599", hint, |text| {
        text.parse().ok().filter(|code| matches!(code, 200..=599))
    })
}

/// `5` and `"5 s"` are seconds; `"in 5 s"` is a date.
fn retry_after(written: Option<&Text>, scope: &Scope<'_>) -> Option<RetryAfter> {
    let hint = "write seconds (`120` or `\"2 m\"`), or `\"in 2 m\"` for a date";
    let span = |text: &str| crate::units::span::parse(text).ok();
    scope.parsed("retry-after", written, "a time to retry after", hint, |text| {
        if let Ok(seconds) = text.parse() {
            return Some(RetryAfter::Seconds(seconds));
        }
        if let Some(later) = text.strip_prefix("in ") {
            return span(later).map(RetryAfter::Date);
        }
        span(text).map(|time: Duration| RetryAfter::Seconds(time.as_secs()))
    })
}

/// Reads a value for `Content-Type`.
pub(super) fn content_type(written: Option<&Text>, scope: &Scope<'_>) -> Option<Arc<str>> {
    let hint = "write one, as in `text/html; charset=utf-8`";
    scope.parsed("content-type", written, "a media type", hint, |text| {
        let sound = text.contains('/') && HeaderValue::from_str(text).is_ok();
        sound.then(|| Arc::from(text))
    })
}

/// Validates `redirect`; `scope` is the table around it.
pub(super) fn redirect(
    written: Option<&Either<RedirectTable>>,
    scope: &Scope<'_>,
) -> Option<Redirect> {
    let table = match written? {
        Either::Short(text) => {
            let to = url("redirect", Some(text), scope)?;
            return Some(Redirect { status: 302, to });
        }
        Either::Table(table) => table,
    };
    let at = scope.at("redirect");
    let status = match &table.status {
        None => Some(302),
        written => at.parsed(
            "status",
            written.as_ref(),
            "a redirect status",
            "write 301, 302, 303, 307 or 308",
            |text| text.parse().ok().filter(|code| matches!(code, 301 | 302 | 303 | 307 | 308)),
        ),
    };
    let goals = [
        table.to.is_some(),
        table.host.is_some(),
        table.chain.is_some(),
        table.endless == Some(true),
    ];
    if goals.iter().filter(|goal| **goal).count() != 1 {
        at.fault("must have exactly one target", "write one of `to`, `host`, `chain`, `loop`");
        return None;
    }
    let to = if table.to.is_some() {
        url("to", table.to.as_ref(), &at)
    } else if table.host.is_some() {
        host("host", table.host.as_ref(), &at).map(Goal::Host)
    } else if table.chain.is_some() {
        let hops = at.whole("chain", table.chain.as_ref(), 1..=MOST_HOPS);
        hops.and_then(|hops| u8::try_from(hops).ok()).map(Goal::Chain)
    } else {
        Some(Goal::Loop)
    };
    Some(Redirect { status: status?, to: to? })
}

fn url(key: &str, written: Option<&Text>, scope: &Scope<'_>) -> Option<Goal> {
    let hint = "write a URL or a path, as in `https://example.com/x.mp4`";
    scope.parsed(key, written, "an address", hint, |text| {
        let sound = !text.is_empty()
            && text.len() <= 2048
            && !text.contains(char::is_whitespace)
            && HeaderValue::from_str(text).is_ok();
        sound.then(|| Goal::Url(Arc::from(text)))
    })
}

/// Reads a host, with an optional port.
pub(super) fn host(key: &str, written: Option<&Text>, scope: &Scope<'_>) -> Option<Arc<str>> {
    let hint = "write a host, as in `cdn.example` or `cdn.example:8443`";
    scope.parsed(key, written, "a host", hint, |text| {
        let sound = text.parse::<http::uri::Authority>().is_ok() && !text.contains('@');
        sound.then(|| Arc::from(text))
    })
}
