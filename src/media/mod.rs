//! What a request is, told from the manifests that passed: protocol, kind, rendition, rung, segment.

mod resource;

pub use resource::{Kind, MediaType, Protocol, Resource};
