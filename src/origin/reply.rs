//! Builds a response from a resource and a request's method, conditions and range.

use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    LAST_MODIFIED, LOCATION,
};
use http::response::Builder;
use http::{Method, Request, Response, StatusCode};

use super::body::OriginBody;
use super::conditions::{Precondition, evaluate, range_counts};
use super::content::Content;
use super::date::{http_date, iso8601};
use super::range::{Wanted, wanted};
use super::resource::Resource;
use crate::units::UnixTime;

/// Responds to `request` with `resource`, or the requested part of it.
pub(super) fn reply<B>(request: &Request<B>, resource: Resource) -> Response<OriginBody> {
    match evaluate(request.headers(), &resource.validators) {
        Precondition::Proceed => {}
        Precondition::NotModified => {
            return finish(described(StatusCode::NOT_MODIFIED, &resource), Content::none(Some(0)));
        }
        Precondition::Failed => return refuse(request, StatusCode::PRECONDITION_FAILED),
    }
    // Content without a known length has no ranges.
    let Some(length) = resource.content.length else {
        return send(request, described(StatusCode::OK, &resource), resource.content);
    };
    // RFC 9110 defines ranges for GET alone: a HEAD describes the whole.
    let wanted = if request.method() == Method::GET
        && range_counts(request.headers(), &resource.validators)
    {
        wanted(request.headers(), length)
    } else {
        Wanted::Whole
    };
    match wanted {
        Wanted::Whole => send(request, described(StatusCode::OK, &resource), resource.content),
        Wanted::Part(range) => {
            let extent = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let head = described(StatusCode::PARTIAL_CONTENT, &resource);
            send(request, head.header(CONTENT_RANGE, extent), resource.content.slice(&range))
        }
        Wanted::Unsatisfiable => {
            let head = plain(StatusCode::RANGE_NOT_SATISFIABLE);
            let head = head.header(CONTENT_RANGE, format!("bytes */{length}"));
            send(request, head, line(StatusCode::RANGE_NOT_SATISFIABLE))
        }
    }
}

/// Responds with only a status and its name. Caches may not store it, because a live segment that does not
/// exist yet will.
pub(super) fn refuse<B>(request: &Request<B>, status: StatusCode) -> Response<OriginBody> {
    let head = match status {
        StatusCode::METHOD_NOT_ALLOWED => plain(status).header(ALLOW, "GET, HEAD"),
        _ => plain(status),
    };
    send(request, head, line(status))
}

/// Responds to a request for a live segment before it exists: the body says since when it will, so that a client whose
/// clock is ahead can be told from one that asks for a wrong number.
pub(super) fn too_early<B>(
    request: &Request<B>,
    exists_from: UnixTime,
    now: UnixTime,
) -> Response<OriginBody> {
    let text = format!(
        "{}: the segment exists from {} on; it is {} now\n",
        StatusCode::NOT_FOUND,
        iso8601(exists_from),
        iso8601(now)
    );
    send(request, plain(StatusCode::NOT_FOUND), text.into())
}

/// Redirects the client to a relative address.
pub(super) fn redirect<B>(request: &Request<B>, to: &'static str) -> Response<OriginBody> {
    let status = StatusCode::TEMPORARY_REDIRECT;
    send(request, plain(status).header(LOCATION, to), line(status))
}

fn described(status: StatusCode, resource: &Resource) -> Builder {
    let mut head = Response::builder()
        .status(status)
        .header(ETAG, &resource.validators.etag)
        .header(CACHE_CONTROL, resource.caching.header());
    if let Some(date) = resource.validators.last_modified {
        head = head.header(LAST_MODIFIED, http_date(date));
    }
    // RFC 9110, 15.4.5: a 304 contains only headers that may update the client's copy.
    if status == StatusCode::NOT_MODIFIED {
        return head;
    }
    let head = head.header(CONTENT_TYPE, resource.content_type);
    if resource.content.length.is_some() { head.header(ACCEPT_RANGES, "bytes") } else { head }
}

fn plain(status: StatusCode) -> Builder {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .header(CACHE_CONTROL, "no-store")
}

fn line(status: StatusCode) -> Content {
    format!("{status}\n").into()
}

/// Sends content with its length if it has one, or for HEAD the length alone.
fn send<B>(request: &Request<B>, mut head: Builder, content: Content) -> Response<OriginBody> {
    if let Some(length) = content.length {
        head = head.header(CONTENT_LENGTH, length);
    }
    let none = Content::none(content.length.map(|_| 0));
    finish(head, if request.method() == Method::HEAD { none } else { content })
}

fn finish(head: Builder, content: Content) -> Response<OriginBody> {
    // Every header above is a valid one, so the builder cannot fail.
    head.body(content.into()).unwrap_or_default()
}
