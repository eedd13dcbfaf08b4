//! What a player posts about itself (CMCD), overheard on its way to whoever collects it.

use super::{headers, ticket::Ticket};
use crate::proxy::manifest::content_coding::Coding;
use crate::{
    event::{Bus, Event, RequestTag},
    media::CmcdBody,
    sessions::{Origin, Session},
};
use http::{Method, header, request};
use std::{borrow::Cow, sync::Arc};

/// Larger bodies pass unheard.
const LIMIT: usize = 64 * 1024;
/// So are bodies that are larger than this when decoded: some hundred reports are smaller.
const DECODED: usize = 4 * LIMIT;

/// An ear on a request body that may hold reports. What passes is never changed or held for it.
pub(in crate::proxy) struct Listener {
    form: CmcdBody,
    coding: Option<Coding>,
    heard: Vec<u8>,
    bus: Arc<Bus>,
    request: Arc<RequestTag>,
    session: Arc<Session>,
    /// Host and path.
    collector: Arc<str>,
}

impl Listener {
    /// One for the body that follows `head` on its way to `origin`, if it may hold reports.
    pub(in crate::proxy) fn of(
        head: &request::Parts,
        origin: &Origin,
        ticket: &Ticket,
    ) -> Option<Box<Self>> {
        if head.method != Method::POST {
            return None;
        }
        let coding = Coding::of(&head.headers).ok()?;
        let form = CmcdBody::of(headers::text(&head.headers, header::CONTENT_TYPE)?)?;
        let (bus, request) = (Arc::clone(ticket.bus()), Arc::clone(&ticket.request));
        let path = request.path.split('?').next().unwrap_or_default();
        let collector = [origin.authority.as_str(), path].concat().into();
        let (heard, session) = (Vec::new(), Arc::clone(&ticket.session));
        Some(Box::new(Self { form, coding, heard, bus, request, session, collector }))
    }

    /// Hears more of it; whether it is still worth listening.
    pub(in crate::proxy) fn hear(&mut self, data: &[u8]) -> bool {
        if self.heard.len() + data.len() > LIMIT {
            return false;
        }
        self.heard.extend_from_slice(data);
        true
    }

    /// The body is over: tells the bus what was in it.
    pub(in crate::proxy) fn tell(&self) {
        let decoded = match self.coding {
            None => Cow::Borrowed(&*self.heard),
            Some(coding) => match coding.decode(&self.heard, DECODED) {
                Ok(decoded) => Cow::Owned(decoded),
                // The collector will say so.
                Err(_) => return,
            },
        };
        // A collector that fails is asked again, with the same words. Without a time they may be new.
        let dated = memchr::memmem::find(&decoded, b"ts").is_some();
        if dated && !self.session.posted.lock().is_news(&self.collector, &decoded) {
            return;
        }
        let posted = self.form.read(&decoded);
        for report in posted.reports {
            let request = Arc::clone(&self.request);
            let collector = Some(Arc::clone(&self.collector));
            self.bus.emit(&Event::PlayerReported { request, report, collector });
        }
        for _ in 0..posted.unknown {
            let request = Arc::clone(&self.request);
            self.bus.emit(&Event::PlayerReportIgnored { request, reason: "version" });
        }
    }
}
