//! The reader and rewriter of one format, on any bytes.

#![no_main]

mod bounds;
mod manifest;

use libfuzzer_sys::fuzz_target;
use vsps::media::ManifestFormat;

fuzz_target!(|body: &[u8]| {
    bounds::bounded(body.len(), || manifest::exercise(ManifestFormat::Hls, body));
});
