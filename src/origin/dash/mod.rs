//! DASH manifests (ISO 23009-1), with each form of segment addressing.

mod addressing;
mod document;
mod form;

pub(super) use document::manifest;
pub(super) use form::{CONTENT_TYPE, DashForm};
