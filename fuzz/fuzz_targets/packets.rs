//! Packets of an endless transport stream. The first byte says how long the pieces are.

#![no_main]

mod body;
mod bounds;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| bounds::bounded(body.len(), || body::exercise(body, None)));
