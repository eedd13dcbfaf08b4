//! Edits of manifests, on any bytes. The first byte says which format it is.

#![no_main]

mod bounds;

use libfuzzer_sys::fuzz_target;
use vsps::{
    media::{
        ManifestFormat,
        edit::{Discontinuity, EditMemory, Edition, ManifestEdit, RungSet, apply},
    },
    units::SessionTime,
};

fuzz_target!(|body: &[u8]| {
    let Some((format, body)) = body.split_first() else { return };
    let format = if format % 2 == 0 { ManifestFormat::Hls } else { ManifestFormat::Mpd };
    let edits = [
        ManifestEdit::Lag(2),
        ManifestEdit::Discontinuity(Discontinuity::Insert(2)),
        ManifestEdit::Gap(3),
        ManifestEdit::DropRungs(RungSet { lowest: true, ..RungSet::default() }),
        ManifestEdit::Bandwidth(2.0),
        ManifestEdit::Host("nowhere.invalid".into()),
    ];
    bounds::bounded(body.len(), || {
        let mut memory = EditMemory::default();
        let edition = Edition { url: "https://origin.example/a", format, now: SessionTime::ZERO };
        let asked = edits.iter().map(|edit| ("rule", edit));
        let edited = apply(asked, edition, bytes::Bytes::copy_from_slice(body), &mut memory);
        assert_eq!(edited.applied.len(), edits.len());
    });
});
