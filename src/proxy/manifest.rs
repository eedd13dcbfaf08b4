//! A manifest on its way: read whole, learnt from, and rewritten only where a URI would leave the
//! session.

use super::{config::Limits, error::chain, fault::edit, source::Source, ticket::Ticket};
use crate::{
    event::Event,
    media::{ManifestFormat, rewrite, sniff, without_directives},
    sessions::Origin,
};
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use std::sync::Arc;
use url::Url;

/// The format of the manifest that `response` brings, if it brings one that can be read: whole and
/// unencoded.
pub(super) fn format(path: &str, response: &Response<Incoming>) -> Option<ManifestFormat> {
    if response.status() != StatusCode::OK {
        return None;
    }
    let content_type = super::headers::text(response.headers(), header::CONTENT_TYPE);
    sniff(content_type, path.split('?').next().unwrap_or_default(), &[])
}

/// Reads the manifest in `response`, and makes its URIs stay in the session. What can't be read
/// passes through untouched, with one warning.
pub(super) async fn pass(
    format: ManifestFormat,
    response: Response<Incoming>,
    origin: &Origin,
    path: &str,
    ticket: &Ticket,
    limits: &Limits,
) -> Response<Source> {
    let (mut head, body) = response.into_parts();
    let encoding = super::headers::text(&head.headers, header::CONTENT_ENCODING);
    if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
        unread(ticket, format!("it is encoded with {encoding}"));
        return Response::from_parts(head, Source::from(body));
    }
    let bytes = match collect(body, limits.manifest.as_usize()).await {
        Collected::Whole(bytes) => bytes,
        Collected::TooLarge(source) => {
            unread(ticket, format!("it is larger than {}", limits.manifest));
            return Response::from_parts(head, source);
        }
        Collected::Broken(source, problem) => {
            unread(ticket, problem);
            return Response::from_parts(head, source);
        }
    };
    let url = Url::parse(&origin.url(path));
    let learnt = match &url {
        Ok(url) => {
            ticket.session.ladder.lock().learn(url, format, &bytes).map_err(|e| e.to_string())
        }
        Err(problem) => Err(problem.to_string()),
    };
    if let Err(problem) = learnt {
        unread(ticket, problem);
        return Response::from_parts(head, Source::from(bytes));
    }
    let session = &ticket.session;
    if session.ladder_learnt() {
        let (profile, rate) = (Arc::clone(&session.arming().profile_name), session.rate());
        ticket.emit(&Event::LinkChanged { session: Arc::clone(&session.tag), profile, rate });
    }
    let edited = edit(&without_directives(&origin.url(path)), format, bytes.clone(), ticket);
    if edited != bytes && head.headers.contains_key(header::CONTENT_LENGTH) {
        head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(edited.len()));
    }
    let bytes = edited;
    let bytes = match rewrite(format, &bytes, &ticket.session.uris(origin)) {
        Ok(Some(rewritten)) => {
            // Its length is another now; all else is the origin's.
            if head.headers.contains_key(header::CONTENT_LENGTH) {
                head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(rewritten.len()));
            }
            Bytes::from(rewritten)
        }
        Ok(None) => bytes,
        Err(problem) => {
            unread(ticket, problem.to_string());
            bytes
        }
    };
    Response::from_parts(head, Source::from(bytes))
}

fn unread(ticket: &Ticket, problem: String) {
    let request = Arc::clone(&ticket.request);
    ticket.emit(&Event::ManifestUnread { request, problem });
}

enum Collected {
    Whole(Bytes),
    TooLarge(Source),
    Broken(Source, String),
}

/// Reads `body` into memory, up to `most` bytes.
async fn collect(mut body: Incoming, most: usize) -> Collected {
    if body.size_hint().lower() > most as u64 {
        return Collected::TooLarge(Source::from(body));
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        match frame {
            // A manifest's trailers, if there are any, are not worth more than its bytes.
            Ok(frame) => {
                if let Ok(data) = frame.into_data() {
                    bytes.extend_from_slice(&data);
                }
            }
            Err(error) => {
                let problem = chain(&error);
                return Collected::Broken(Source::broken(bytes.freeze(), error), problem);
            }
        }
        if bytes.len() > most {
            return Collected::TooLarge(Source::then(bytes.freeze(), body));
        }
    }
    Collected::Whole(bytes.freeze())
}
