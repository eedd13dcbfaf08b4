//! The built-in test origin: real, playable media with nothing installed and no network.
//!
//! One encoded loop of 24 s is embedded in the binary; every address below is cut from it.
//!
//! ```text
//!  request ─▶ address ─▶ catalogue ─▶ hls · dash · smooth · page …   manifests, from ladder and
//!                           │                                        timeline
//!                           └─▶ library ─▶ segment · chunk · ts …    the loop, cut and padded
//!                                  └─▶ reply ─▶ body                 conditions, ranges; each
//!                                                                    piece when it exists
//! ```
//!
//! `/demo/` lists all addresses: HLS (fragmented MP4, low latency, MPEG-TS, AES-128, byte ranges,
//! subtitles, steering), DASH (`$Number$`, `$Time$`, periods, lists, bases, low latency), Smooth,
//! and streams without segments. Live ones go on for ever; the others have ten minutes.
//!
//! Nothing is kept between requests. What is being made is sent as the clock allows, and a request
//! for what will soon exist is held: [`Origin::answer`] says until when, and only `serve` waits.
//!
//! URIs inside manifests are relative, so they stay under whatever prefix a proxy puts them.
//! There are no CORS headers here: an origin without them is the harder, and the commoner, case.

mod absence;
mod address;
mod body;
mod boxes;
mod catalogue;
mod chunk;
mod cipher;
mod conditions;
mod content;
mod dash;
mod date;
mod encoded;
mod error;
mod feed;
mod hls;
mod ladder;
mod library;
mod live_feed;
mod manifests;
mod movie_fragment;
mod pace;
mod padding;
mod page;
mod progressive;
mod range;
mod reply;
mod resource;
mod segment;
mod server;
mod service;
mod single_file;
mod smooth;
mod steering;
mod subtitles;
mod timeline;
mod ts;
mod weight;

pub use body::OriginBody;
pub use error::{MediaFault, OriginError};
pub use ladder::ladder_bits_per_second;
pub use server::serve;
pub use service::{Answer, Origin};
pub use weight::{SEGMENT, segment_bytes};
