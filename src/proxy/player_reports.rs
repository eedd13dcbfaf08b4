//! What a player posts about itself (CMCD), overheard on its way to whoever collects it.

use super::{coding::Coding, headers, ticket::Ticket};
use crate::{
    event::{Bus, Event, RequestTag},
    media::CmcdBody,
};
use http::{Method, header, request};
use std::{borrow::Cow, sync::Arc};

/// Larger bodies pass unheard.
const LIMIT: usize = 64 * 1024;
/// So are bodies that are larger than this when decoded: some hundred reports are smaller.
const DECODED: usize = 4 * LIMIT;

/// An ear on a request body that may hold reports. What passes is never changed or held for it.
pub(super) struct Listener {
    form: CmcdBody,
    coding: Option<Coding>,
    heard: Vec<u8>,
    bus: Arc<Bus>,
    request: Arc<RequestTag>,
}

impl Listener {
    /// One for the body that follows `head`, if it may hold reports.
    pub(super) fn of(head: &request::Parts, ticket: &Ticket) -> Option<Box<Self>> {
        if head.method != Method::POST {
            return None;
        }
        let coding = Coding::of(&head.headers).ok()?;
        let form = CmcdBody::of(headers::text(&head.headers, header::CONTENT_TYPE)?)?;
        let (bus, request) = (Arc::clone(ticket.bus()), Arc::clone(&ticket.request));
        Some(Box::new(Self { form, coding, heard: Vec::new(), bus, request }))
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
        let decoded = match self.coding {
            None => Cow::Borrowed(&*self.heard),
            Some(coding) => match coding.decode(&self.heard, DECODED) {
                Ok(decoded) => Cow::Owned(decoded),
                // The collector will say so.
                Err(_) => return,
            },
        };
        for report in self.form.read(&decoded) {
            let request = Arc::clone(&self.request);
            self.bus.emit(&Event::PlayerReported { request, report, posted: true });
        }
    }
}
