//! Common Media Client Data in all its forms, on any text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vsps::media::{Cmcd, CmcdBody, Resource, without_cmcd};

fuzz_target!(|text: &str| {
    let _ = Cmcd::of_json(text.as_bytes());
    for body in [CmcdBody::Reports, CmcdBody::Json] {
        let posted = body.read(text.as_bytes());
        assert!(posted.reports.len() + posted.unknown <= 256);
    }
    let bare = without_cmcd(text);
    assert_eq!(without_cmcd(&bare), bare, "stripping twice is stripping once");
    let told = [Cmcd::of_query(text), Cmcd::of_dictionaries([text])];
    for told in told.into_iter().filter_map(Result::ok).flatten() {
        let mut resource = Resource::unknown();
        told.complete(&mut resource);
        let once = resource.clone();
        told.complete(&mut resource);
        assert_eq!(resource, once);
    }
});
