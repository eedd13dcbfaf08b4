//! The built-in test origin: real, playable media without further software or a network.
//!
//! One encoded loop of 24 s is embedded in the binary; all media are cut from it.
//!
//! ```text
//! request ─▶ address ─▶ catalogue ─▶ hls · dash · smooth · page …   manifests, from ladder and
//!                           │                                        timeline
//!                           └─▶ library ─▶ segment · chunk · ts …    the loop, cut and padded
//!                                  └─▶ reply ─▶ body                 conditions, ranges; each
//!                                                                    piece when it exists
//! ```
//!
//! `/demo/` lists all addresses: HLS (fragmented MP4, low latency, MPEG-TS, AES-128, byte ranges, subtitles,
//! steering), DASH (`$Number$`, `$Time$`, periods, lists, bases, low latency), Smooth, and streams without
//! segments. Live streams have no end; the others last ten minutes.
//!
//! There is no state between requests. Live content is sent as it becomes available, and a request for content
//! that will exist soon is held: [`Origin::answer`] returns until when, and only `serve` waits.
//!
//! URIs inside manifests are relative, so they work under any prefix of a proxy. There are no CORS headers
//! here: an origin without them is the harder and more common case.

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
mod file_layout;
mod hls;
mod ladder;
mod library;
mod live_feed;
mod manifests;
mod movie_fragment;
mod on_demand;
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
pub use ladder::{audio_bits_per_second, ladder_bits_per_second};
pub use on_demand::{SetupObject, StreamSetup, audio_segment_path, segment_path};
pub use server::serve;
pub use service::{Answer, Origin};
pub use weight::{SEGMENT, segment_bytes};
