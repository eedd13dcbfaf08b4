//! The grammar of the proxy's addresses: what is written is read back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vsps::sessions::Address;

fuzz_target!(|text: &str| {
    let Ok(address) = Address::parse(text) else { return };
    if !address.path.starts_with('/') || address.path.starts_with("/-/") {
        return;
    }
    let written = Address::write(address.session, &address.target, address.path);
    assert_eq!(Address::parse(&written).as_ref(), Ok(&address), "{written}");
});
