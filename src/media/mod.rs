//! What a request is, told from the manifests that passed: protocol, kind, rendition, rung, segment.
//!
//! [`sniff`] tells a manifest from other bodies; [`Ladder`] learns it and names every later request of
//! the session; [`rewrite`] leads its absolute URIs back through the proxy and keeps every other byte.
//! One folder a format; what formats share stands beside them.

mod base;
mod codecs;
mod dash;
mod directive;
pub mod edit;
mod error;
mod format;
mod guess;
mod hls;
mod ladder;
mod place;
mod rendition;
mod resource;
mod rewrite;
mod uri;

pub(crate) use directive::without as without_directives;
pub use error::{At, MANIFEST_LIMIT, ManifestError, ManifestFault};
pub use format::{ManifestFormat, looks_like_manifest, sniff};
pub use ladder::Ladder;
pub use rendition::Rendition;
pub use resource::{Kind, MediaType, Protocol, Resource};
pub use rewrite::{rewrite, rewrite_uri};
pub use uri::UriMap;
