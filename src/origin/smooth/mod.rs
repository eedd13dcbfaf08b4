//! Smooth Streaming ([MS-SSTR]): client manifests and fragments, on demand and live.
//!
//! All times are in ticks of 90 kHz, in which a video frame has 3000 and an audio frame 1920.

mod client_manifest;
mod fragment;

pub(super) use client_manifest::{CONTENT_TYPE, manifest};
pub(super) use fragment::{fragment, fragment_at};
