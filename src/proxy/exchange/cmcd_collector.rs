//! The collector of CMCD reports on the data port: `/-/cmcd`, also inside a session.
//!
//! It answers like a collector of CTA-5004-B: 204 to reports that it has read. Rules apply to it as to any request.

use super::{headers, outbound::Outbound, reply};
use crate::{media::CmcdBody, proxy::body::source::Source, sessions::is_collector};
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::BodyExt as _;

/// What it accepts, for error messages and `Allow`.
const METHODS: HeaderValue = HeaderValue::from_static("POST, OPTIONS");

/// The response of the collector; `None` = the request is not for it.
pub(in crate::proxy) async fn collect(outbound: &mut Outbound) -> Option<Response<Source>> {
    if !is_collector(&outbound.url.path) {
        return None;
    }
    let head = &outbound.head;
    if head.method == Method::OPTIONS {
        return Some(empty(StatusCode::NO_CONTENT));
    }
    if head.method != Method::POST {
        let hint = "the collector of CMCD reports accepts POST";
        let mut response = reply::refused(StatusCode::METHOD_NOT_ALLOWED, hint);
        response.headers_mut().insert(header::ALLOW, METHODS);
        return Some(response);
    }
    let form = headers::text(&head.headers, header::CONTENT_TYPE).and_then(CmcdBody::of);
    if form.is_none() {
        let hint = "send Content-Type: application/cmcd";
        return Some(reply::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, hint));
    }
    // The listener of the body reads the reports. They count before the answer arrives.
    while let Some(frame) = outbound.body.frame().await {
        if frame.is_err() {
            return Some(reply::refused(StatusCode::BAD_REQUEST, "the body ended early"));
        }
    }
    Some(empty(StatusCode::NO_CONTENT))
}

fn empty(status: StatusCode) -> Response<Source> {
    let mut response = Response::new(Source::default());
    *response.status_mut() = status;
    response
}
