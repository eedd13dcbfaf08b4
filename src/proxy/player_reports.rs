//! What a player posts about itself (CMCD), overheard on its way to whoever collects it.

use super::{headers, ticket::Ticket};
use crate::{
    event::{Bus, Event, RequestTag},
    media::CmcdBody,
};
use http::{Method, header, request};
use std::sync::Arc;

/// Larger bodies pass unheard.
const LIMIT: usize = 64 * 1024;

/// An ear on a request body that may hold reports. What passes is never changed or held for it.
pub(super) struct Listener {
    form: CmcdBody,
    heard: Vec<u8>,
    bus: Arc<Bus>,
    request: Arc<RequestTag>,
}

impl Listener {
    /// One for the body that follows `head`, if it may hold reports.
    pub(super) fn of(head: &request::Parts, ticket: &Ticket) -> Option<Box<Self>> {
        if head.method != Method::POST || head.headers.contains_key(header::CONTENT_ENCODING) {
            return None;
        }
        let form = CmcdBody::of(headers::text(&head.headers, header::CONTENT_TYPE)?)?;
        let (bus, request) = (Arc::clone(ticket.bus()), Arc::clone(&ticket.request));
        Some(Box::new(Self { form, heard: Vec::new(), bus, request }))
    }

    /// Hears more of it; whether it is still worth listening.
    pub(super) fn hear(&mut self, data: &[u8]) -> bool {
        if self.heard.len() + data.len() > LIMIT {
            return false;
        }
        self.heard.extend_from_slice(data);
        true
    }

    /// The body is over: tells the bus what was in it.
    pub(super) fn tell(&self) {
        for report in self.form.read(&self.heard) {
            let request = Arc::clone(&self.request);
            self.bus.emit(&Event::PlayerReported { request, report });
        }
    }
}
