//! What a request is, told from the manifests that passed: protocol, kind, rendition, rung, segment.
//!
//! [`sniff`] tells a manifest from other bodies; [`Ladder`] learns it and names every later request of
//! the session; [`rewrite`] leads its absolute URIs back through the proxy and keeps every other byte.
//! One folder a format; what formats share stands beside them.

mod asset_list;
mod base;
mod budget;
mod charset;
mod cmcd;
mod codecs;
mod dash;
mod directive;
mod ebml;
pub mod edit;
mod entities;
mod error;
mod files;
mod format;
mod guess;
mod hls;
mod isobmff;
mod json;
mod ladder;
mod place;
mod probe;
mod redirects;
mod rendition;
mod repeat;
mod resource;
mod rewrite;
mod segments;
mod smooth;
mod spelling;
mod steering;
mod ts;
mod uri;
mod xml;
mod xml_edits;

pub use cmcd::{CMCD_HEADERS, Cmcd, CmcdBody, ObjectType, Posted, UnknownVersion};
pub(crate) use directive::without as without_directives;
pub use directive::{is_blocking_reload, is_held, without_cmcd};
pub use error::{At, MANIFEST_LIMIT, ManifestError, ManifestFault};
pub use format::{ManifestFormat, looks_like_manifest, says_nothing, sniff};
pub use ladder::Ladder;
pub use probe::{Head, Probe};
pub use rendition::{Rendition, Rungs};
pub use resource::{Kind, MediaType, Protocol, Resource};
pub use rewrite::{rewrite, rewrite_uri};
pub use steering::HOST_PARAMETER;
pub use uri::UriMap;
