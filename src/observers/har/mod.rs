//! The exchanges of a session as an HTTP Archive (HAR 1.2), which browsers and other tools can open.
//!
//! It is made from events only; the byte path stores nothing for it. What events do not contain (headers, the HTTP
//! version) is empty or −1, as HAR specifies. Further data of events (plans, faults, drops) is under `_vsps`.

mod document;

pub(super) use document::{HarLink, document};
