//! MPEG-TS (ISO 13818-1) from the loop's frames: one program of one rung and the audio.
//!
//! ```text
//! frame ─▶ access_unit ─▶ packet ─▶ program     slices of half a second, padded to their size
//!             Annex B, ADTS   PES      │
//!                            tables ───┘         PAT and PMT, in each slice
//! ```

mod access_unit;
mod packet;
mod program;
mod tables;

pub(super) use packet::NullPackets;
pub(super) use program::{Program, Track};

/// Media type of transport streams.
pub(super) use program::CONTENT_TYPE;
