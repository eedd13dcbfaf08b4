//! HLS playlists (RFC 8216 and its successor): each form of the stream has one multivariant
//! playlist, and a media playlist a rendition.

mod delivery;
mod form;
mod low_latency;
mod media_playlist;
mod multivariant;

pub(super) use delivery::{Delivery, Unmet};
pub(super) use form::{CONTENT_TYPE, HlsForm};
pub(super) use low_latency::low_latency;
pub(super) use media_playlist::{live, on_demand, ranges, subtitles};
pub(super) use multivariant::multivariant;
