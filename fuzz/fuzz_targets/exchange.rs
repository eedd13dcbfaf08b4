//! The whole data plane, with both sides scripted.

#![no_main]

mod bounds;
mod data_plane;
mod script;
mod wire;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| data_plane::exercise(input));
