//! The origin without I/O: a request and a time in, a response out.

use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};

use super::absence::Absence;
use super::address::Address;
use super::body::OriginBody;
use super::catalogue::find;
use super::date;
use super::error::OriginError;
use super::library::Library;
use super::reply::{redirect, refuse, reply, too_early};
use crate::units::UnixTime;

/// The built-in test origin. Immutable, and cheap to clone.
#[derive(Debug, Clone)]
pub struct Origin {
    library: Arc<Library>,
}

/// The result of a request.
#[derive(Debug)]
pub enum Answer {
    /// A response.
    Now(Response<OriginBody>),
    /// Nothing yet: the content will exist at this time. Call again then.
    At(UnixTime),
}

impl Origin {
    /// Splits the embedded media into segments.
    pub fn new() -> Result<Self, OriginError> {
        Ok(Self { library: Arc::new(Library::open()?) })
    }

    /// Its media.
    pub(super) const fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// Answers a request at `now`.
    pub fn answer<B>(&self, request: &Request<B>, now: UnixTime) -> Answer {
        let now = now.min(date::END);
        let Some(address) = Address::parse(request.uri().path()) else {
            return Answer::Now(refuse(request, StatusCode::NOT_FOUND));
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Answer::Now(refuse(request, StatusCode::METHOD_NOT_ALLOWED));
        }
        let query = request.uri().query().unwrap_or_default();
        Answer::Now(match find(&self.library, &address, query, now) {
            Ok(resource) => reply(request, resource),
            Err(Absence::Until(moment)) => return Answer::At(moment),
            Err(Absence::Elsewhere(to)) => redirect(request, to),
            Err(Absence::Never) => refuse(request, StatusCode::NOT_FOUND),
            // As CDNs do; 425 is for TLS early data (RFC 8470).
            Err(Absence::NotYet(moment)) => too_early(request, moment, now),
            Err(Absence::NoMore) => refuse(request, StatusCode::GONE),
            Err(Absence::Senseless) => refuse(request, StatusCode::BAD_REQUEST),
        })
    }
}
