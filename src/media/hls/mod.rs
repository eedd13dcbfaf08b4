//! HLS playlists (RFC 8216bis): read, tracked across versions, rewritten.

mod clean;
mod define;
mod line;
mod listing;
mod memory;
mod multivariant;
mod parts;
mod playlist;
mod presentations;
mod read;
mod rewrite;
mod track;
mod version;

pub(super) use listing::list;
pub(super) use memory::Memory;
pub(super) use rewrite::rewrite;

#[cfg(test)]
mod tests;
