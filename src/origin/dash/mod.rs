//! DASH manifests (ISO 23009-1), in each way to say where the segments are.

mod addressing;
mod document;
mod form;

pub(super) use document::manifest;
pub(super) use form::{CONTENT_TYPE, DashForm};
