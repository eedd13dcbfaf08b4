//! Boxes of ISO base media files, `sidx` above all. The first byte says how long the pieces are.

#![no_main]

mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| body::exercise(body, Some(body.len() as u64)));
