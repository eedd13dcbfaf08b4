//! The reader and rewriter of one format, on any bytes.

#![no_main]

mod manifest;

use libfuzzer_sys::fuzz_target;
use vsps::media::ManifestFormat;

fuzz_target!(|body: &[u8]| manifest::exercise(ManifestFormat::Smooth, body));
