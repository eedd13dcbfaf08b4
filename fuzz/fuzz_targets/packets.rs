//! Packets of an endless transport stream. The first byte says how long the pieces are.

#![no_main]

mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| body::exercise(body, None));
