//! Boxes of ISO base media files, `sidx` above all, and elements of WebM. The first byte says how long the pieces are.

#![no_main]

mod body;
mod bounds;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    // A file that is a transport stream is read until it is told what it carries, piece by piece.
    if body.get(1) != Some(&0x47) {
        bounds::bounded(body.len(), || body::exercise(body, Some(body.len() as u64)));
    }
});
