//! Manifests: what a request is (protocol, kind, rendition, rung, segment) is derived from the manifests of its
//! session.
//!
//! [`sniff`] distinguishes manifests from other bodies; [`Ladder`] reads a manifest and classifies every later
//! request of the session; [`rewrite`] changes its absolute URIs so that they go through the proxy, and keeps
//! every other byte. Each format has a folder; what formats share is next to them.

mod asset_list;
mod base;
mod budget;
mod charset;
mod cmcd;
mod codecs;
mod dash;
mod directive;
mod dot_segments;
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
mod listed_segment;
mod listing;
mod listing_reader;
mod place;
mod probe;
mod redirects;
mod rendition;
mod repeat;
mod resource;
mod resource_class;
mod rewrite;
mod rungs;
mod segment_index;
mod segments;
mod smooth;
mod spelling;
mod steering;
mod ts;
mod uri;
mod xml;
mod xml_edits;
mod xml_uris;

pub use cmcd::{
    CMCD_HEADERS, Cmcd, CmcdBody, CmcdVersion, CmcdWriter, ObjectType, Posted, UnknownVersion,
};
pub(crate) use directive::without as without_directives;
pub use directive::{is_blocking_reload, is_held, without_cmcd};
pub use error::{At, MANIFEST_LIMIT, ManifestError, ManifestFault};
pub use format::{ManifestFormat, looks_like_manifest, says_nothing, sniff};
pub use ladder::Ladder;
pub use listed_segment::{ListedSegment, Location};
pub use listing::{ListedTrack, Listing, NextReload, SegmentList, TrackSource};
pub use probe::{Head, Probe};
pub use rendition::Rendition;
pub use resource::Resource;
pub use resource_class::{Kind, MediaType, Protocol};
pub use rewrite::rewrite;
pub use rungs::Rungs;
pub use segment_index::SegmentIndex;
pub use steering::HOST_PARAMETER;
pub use uri::{UriMap, rewrite_uri};
