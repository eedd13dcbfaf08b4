//! Reads CMCD reports that a player posts, while their request body is forwarded to the collector.

use super::{exchange::Exchange, headers};
use crate::proxy::manifest::content_codings::Codings;
use crate::{
    event::{Bus, Event, RequestTag},
    media::{Cmcd, CmcdBody},
    sessions::{Origin, Registry, Session, names_session},
};
use http::{Method, header, request};
use std::{borrow::Cow, sync::Arc};

/// Larger bodies are forwarded without being read.
const LIMIT: usize = 64 * 1024;
/// The limit after decoding. Some hundred reports fit into it.
const DECODED: usize = 4 * LIMIT;

/// Collects a request body that may contain reports. The forwarded body is neither changed nor delayed.
pub(in crate::proxy) struct Listener {
    form: CmcdBody,
    coding: Option<Codings>,
    received: Vec<u8>,
    bus: Arc<Bus>,
    request: Arc<RequestTag>,
    session: Arc<Session>,
    /// Host and path.
    collector: Arc<str>,
    /// Finds the sessions that reports are about, if the request names none.
    registry: Option<Arc<Registry>>,
}

impl Listener {
    /// A listener for the body of the request `head` to `origin`, if the body may contain reports.
    pub(in crate::proxy) fn of(
        registry: &Arc<Registry>,
        head: &request::Parts,
        origin: &Origin,
        exchange: &Exchange,
    ) -> Option<Box<Self>> {
        if head.method != Method::POST {
            return None;
        }
        let coding = Codings::of(&head.headers).ok()?;
        let form = CmcdBody::of(headers::text(&head.headers, header::CONTENT_TYPE)?)?;
        let (bus, request) = (Arc::clone(exchange.bus()), Arc::clone(&exchange.request));
        let path = request.path.split('?').next().unwrap_or_default();
        let collector = [origin.authority.as_str(), path].concat().into();
        let (received, session) = (Vec::new(), Arc::clone(&exchange.session));
        let registry = (!names_session(head.uri.path())).then(|| Arc::clone(registry));
        Some(Box::new(Self { form, coding, received, bus, request, session, collector, registry }))
    }

    /// Adds the next data. Returns false if the body is too large.
    pub(in crate::proxy) fn feed(&mut self, data: &[u8]) -> bool {
        if self.received.len() + data.len() > LIMIT {
            return false;
        }
        self.received.extend_from_slice(data);
        true
    }

    /// Called at the end of the body: emits its reports as events.
    pub(in crate::proxy) fn finish(&self) {
        let decoded = match &self.coding {
            None => Cow::Borrowed(&*self.received),
            Some(coding) => match coding.decode(&self.received, DECODED) {
                Ok(decoded) => Cow::Owned(decoded),
                // The collector reports the error to the player.
                Err(_) => return,
            },
        };
        let posted = self.form.read(&decoded);
        let others: Vec<_> =
            posted.reports.iter().map(|report| self.other_session(report)).collect();
        let first = others.first().and_then(Option::as_ref).unwrap_or(&self.session);
        // A player repeats a report when the collector fails. A report without a time stamp may be a new one.
        let dated = memchr::memmem::find(&decoded, b"ts").is_some();
        if dated && !first.is_new_report(&self.collector, &decoded) {
            return;
        }
        for (report, other) in posted.reports.into_iter().zip(others) {
            let request = self.request_in(other.as_deref());
            let collector = Some(Arc::clone(&self.collector));
            self.bus.emit(&Event::PlayerReported { request, report, collector });
        }
        for _ in 0..posted.unknown {
            let request = Arc::clone(&self.request);
            self.bus.emit(&Event::PlayerReportIgnored { request, reason: "version" });
        }
    }

    /// The session that `report` is about, by its `sid`; `None` = that of the request.
    fn other_session(&self, report: &Cmcd) -> Option<Arc<Session>> {
        let (registry, id) = self.registry.as_ref().zip(report.session.as_ref())?;
        // The usual case needs no search.
        if self.session.has_cmcd_id(id) {
            return None;
        }
        registry.with_cmcd_id(id, &self.session)
    }

    /// The request that carried the report, in the session `other`.
    fn request_in(&self, other: Option<&Session>) -> Arc<RequestTag> {
        let Some(other) = other else { return Arc::clone(&self.request) };
        let mut request = RequestTag::clone(&self.request);
        request.session = Arc::clone(&other.tag);
        request.profile = Arc::clone(&other.arming().profile_name);
        request.details.session_time = other.now();
        Arc::new(request)
    }
}
