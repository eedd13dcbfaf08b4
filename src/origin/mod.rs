//! The built-in test origin: real, playable media with nothing installed and no network.
//!
//! One encoded loop of 24 s is embedded in the binary; every address below is cut from it.
//!
//! ```text
//!  request ─▶ address ─▶ origin ─▶ hls · dash · page     manifests, from ladder and timeline
//!                          └─────▶ segment               loop fragment, times patched, padded
//!                                    └─▶ reply ─▶ response   conditions, ranges, HEAD
//! ```
//!
//! - `/demo/` lists all addresses.
//! - `/demo/hls/master.m3u8`, `/demo/dash/manifest.mpd`: ten minutes on demand.
//! - `/demo/live/hls/master.m3u8`, `/demo/live/dash/manifest.mpd`: live, for ever.
//!
//! URIs inside manifests are relative, so they stay under whatever prefix a proxy puts them.
//! There are no CORS headers here: an origin without them is the harder, and the commoner, case.

mod address;
mod body;
mod boxes;
mod conditions;
mod content;
mod dash;
mod date;
mod encoded;
mod error;
mod hls;
mod ladder;
mod padding;
mod page;
mod range;
mod reply;
mod resource;
mod segment;
mod server;
mod service;
mod timeline;
mod weight;

pub use body::OriginBody;
pub use error::{MediaFault, OriginError};
pub use ladder::ladder_bits_per_second;
pub use server::serve;
pub use service::Origin;
